import Records

/// What of a dataset must not be seen, or is called otherwise.
public struct PrivacySpec: Hashable, Sendable {
    /// What is left out: columns of the table, and places in its documents.
    public var exclude: [FieldPath] = []
    /// What becomes its HMAC-SHA-256.
    public var hash: [FieldPath] = []
    /// What becomes `*` but for its last characters.
    public var mask: [MaskSpec] = []

    /// Nothing.
    public init() {}

    /// What becomes of a column of the table itself; nil for nothing.
    public func action(on column: String) -> RedactionRule.Action? {
        rules.first { $0.path == FieldPath(column: column) }?.action
    }

    /// All of it, in one list.
    public var rules: [(path: FieldPath, action: RedactionRule.Action)] {
        exclude.map { ($0, .exclude) } + hash.map { ($0, .hash) } + mask.map { ($0.path, .mask(keep: $0.keep)) }
    }
}

/// A value that is made unreadable but for its end.
public struct MaskSpec: Hashable, Sendable {
    /// The column or place.
    public var path: FieldPath
    /// How many characters stay, 0 to 64.
    public var keep: Int

    /// Makes a mask.
    public init(path: FieldPath, keep: Int = 4) {
        self.path = path
        self.keep = keep
    }
}

extension PrivacySpec {
    /// Reads `exclude`, `hash` and `mask`.
    init(reading map: Mapping) {
        self.init()
        let exclude = map.paths("exclude")
        let hash = map.paths("hash")
        let masks = map.entries("mask", short: "path") ?? []
        self.exclude = exclude.map(\.path)
        self.hash = hash.map(\.path)
        var seen: [FieldPath: String] = [:]
        for (key, found) in [("exclude", exclude), ("hash", hash)] {
            for (text, path) in found { Self.check(path, text, key, &seen, map) }
        }
        for mask in masks {
            mask.require("path", hint: "name the column or place, as in {path: payload.card, keep: 4}")
            let text = mask.text("path")
            let path = mask.value("path") { text throws(InvalidValue) in try FieldPath(parsing: text) }
            let keep = mask.value("keep", Parse.int(0...64))
            mask.finish()
            guard let path, let text else { continue }
            Self.check(path, text, "mask", &seen, map)
            self.mask.append(MaskSpec(path: path, keep: keep ?? 4))
        }
    }

    /// One place is left out, hashed or masked; not two of them.
    private static func check(
        _ path: FieldPath, _ text: Text, _ key: String, _ seen: inout [FieldPath: String], _ map: Mapping
    ) {
        guard let other = seen.updateValue(key, forKey: path) else { return }
        map.document.report(
            other == key
                ? "'\(text.shown)' is listed twice in '\(key)'" : "'\(text.shown)' is in '\(other)' and in '\(key)'",
            at: text.place, hint: "remove it from one of the lists")
    }
}

extension Mapping {
    /// A list of paths under a key, or one path.
    func paths(_ key: String) -> [(text: Text, path: FieldPath)] {
        let texts = texts(key) { text throws(InvalidValue) in
            _ = try FieldPath(parsing: text)
            return text
        }
        var seen: Set<FieldPath> = []
        return (texts ?? []).compactMap { text in
            // What is listed twice was reported.
            guard let path = try? FieldPath(parsing: text.value), seen.insert(path).inserted else { return nil }
            return (text, path)
        }
    }
}
