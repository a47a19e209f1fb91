import Yams

/// Reads one mapping of a pipeline file.
///
/// Each `value`, `mapping`, `texts` or `entries` makes its key a known setting; `finish` reports the others. Whatever
/// is wrong is reported to the document, and reading goes on.
final class Mapping {
    /// A key with its value.
    struct Entry {
        let name: String
        let place: Place?
        let node: Node
    }

    /// The document it is in.
    let document: Document
    /// Where it is, as `SettingReference` names settings: `datasets.NAME.flatten[]`; empty for the top level.
    let path: String
    /// What messages call it: `the dataset 'events'`.
    let title: String
    /// Where it begins: at its key when it has one.
    let place: Place?
    /// Its keys in file order, each once.
    private(set) var entries: [Entry] = []
    private let isRead: Bool
    private var known: [String] = []

    /// Reads a node's keys.
    ///
    /// - Parameters:
    ///   - node: the mapping; nil when there is none, or when it is nothing usable and that was reported: then nothing
    ///     is required of it.
    ///   - short: the key that a plain text stands for: `payload` for `{column: payload}`.
    init(_ node: Node?, path: String, title: String, place: Place?, short: String? = nil, in document: Document) {
        self.document = document
        self.path = path
        self.title = title
        self.place = place
        if case .mapping(let mapping)? = node {
            isRead = true
            read(mapping)
        } else if case .scalar(let scalar)? = node, let short {
            isRead = true
            entries = [Entry(name: short, place: scalar.place, node: .scalar(scalar))]
        } else {
            isRead = node?.isNothing == true
        }
    }

    private func read(_ mapping: Node.Mapping) {
        var first: [String: Place?] = [:]
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key else {
                document.report("a key must be text, here it is \(key.kind)", at: key.place ?? place)
                continue
            }
            let name = document.tree.name(of: scalar)
            if name == "<<", scalar.style == .plain {
                document.report(
                    "merge keys ('<<') are not supported", at: scalar.place,
                    hint: "write the settings out, or put what datasets share under 'defaults'")
            } else if let before = first[name] {
                let line = before.map { " the first time in line \($0.line)" } ?? ""
                document.report("'\(name)' is set twice,\(line)", at: scalar.place, hint: "remove one of them")
            } else {
                first[name] = .some(scalar.place)
                entries.append(Entry(name: name, place: scalar.place, node: node))
            }
        }
    }

    /// Whether it could be read and holds no key.
    var isEmpty: Bool { isRead && entries.isEmpty }

    /// Whether a key is there.
    func has(_ key: String) -> Bool { entries.contains { $0.name == key } }

    /// Where a key's value stands; without a value where the key stands.
    func place(of key: String) -> Place? {
        guard let entry = entries.first(where: { $0.name == key }) else { return place }
        return Self.place(of: entry)
    }

    /// Where an entry's value stands; without a value where its key stands.
    static func place(of entry: Entry) -> Place? {
        entry.node.isNothing ? entry.place : entry.node.place ?? entry.place
    }

    /// The name of a setting as `SettingReference` has it.
    func setting(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Makes a key known and gives its entry.
    func take(_ key: String) -> Entry? {
        known.append(key)
        document.accept(setting(key))
        return entries.first { $0.name == key }
    }

    /// Reports a key that must be there and is not.
    func require(_ key: String, hint: String) {
        guard isRead, !has(key) else { return }
        document.report("\(title) has no '\(key)'", at: place, hint: hint)
    }

    /// Reports the keys that nobody asked for.
    func finish() {
        for entry in entries where !known.contains(entry.name) {
            let near = Suggestion.nearest(to: entry.name, among: known)
            let guess = near.map { "did you mean '\($0)'?" } ?? SettingReference.home(of: entry.name)
            let allowed = "\(title) takes: \(known.joined(separator: ", "))"
            document.report(
                "unknown setting '\(entry.name)' in \(title)", at: entry.place,
                hint: guess.map { "\($0) \(allowed.prefix(1).uppercased())\(allowed.dropFirst())" } ?? allowed)
        }
    }
}
