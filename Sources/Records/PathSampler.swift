/// A path that a sample of documents shows.
public struct SampledPath: Sendable, Hashable {
    /// The keys that lead to the value.
    public var path: [String]
    /// How often it was seen.
    public var count: Int64
    /// The kinds of value seen.
    public var kinds: JSONKinds

    /// The type that takes all values seen as they are; nil when only `null` was seen.
    ///
    /// Whole numbers in range are `int64`, with other numbers among them `number`; strings are `string`, truth values
    /// `bool`; arrays, objects that are not taken apart, and mixtures are `json`.
    public var suggestedType: ColumnType? {
        let kinds = kinds.subtracting(.null)
        if kinds.isEmpty { return nil }
        if kinds == .int { return .int64 }
        if kinds.isSubset(of: [.int, .number]) { return .number }
        if kinds == .string { return .string }
        if kinds == .bool { return .bool }
        return .json
    }
}

/// Learns from a sample of documents which paths deserve columns. It takes its time: a sample is small.
///
/// Keys that Unicode holds for the same text, such as two spellings of é, share a path: that of the first one seen.
public struct PathSampler: ~Copyable {
    private final class Branch {
        var count: Int64 = 0
        var kinds: JSONKinds = []
        var children: [String: Branch] = [:]
    }
    private let root = Branch()
    private let depth: Int
    /// So many paths are told apart; a table keyed by user ids must not become a table of a million columns.
    private static let limit = 20_000
    private var known = 0

    /// Begins a sample.
    ///
    /// - Parameter depth: objects nested deeper than this are values, from 1 to 128; as the flattener's.
    public init(depth: Int) { self.depth = min(max(depth, 1), Flattener.deepest) }

    /// Adds a document.
    ///
    /// - Parameter json: its text; one that is no object adds nothing.
    /// - Throws: `RecordError` when the text is no JSON.
    public mutating func add(_ json: RawSpan) throws(RecordError) {
        unsafe try json.withUnsafeBytes { (bytes) throws(RecordError) in
            guard var cursor = unsafe JSONCursor(bytes) else { throw RecordError(offset: 0, expected: "a value") }
            if unsafe cursor.peek() == UInt8(ascii: "{") {
                unsafe try members(&cursor, of: root, level: 1)
            } else {
                _ = unsafe try cursor.value()
            }
            unsafe try cursor.finish()
        }
    }

    /// The paths seen, ordered by their keys.
    public var paths: [SampledPath] {
        var found: [SampledPath] = []
        func visit(_ branch: Branch, _ path: [String]) {
            if !branch.kinds.isEmpty {
                found.append(SampledPath(path: path, count: branch.count, kinds: branch.kinds))
            }
            for key in branch.children.keys.sorted() {
                if let child = branch.children[key] { visit(child, path + [key]) }
            }
        }
        visit(root, [])
        return found
    }

    private mutating func members(_ cursor: inout JSONCursor, of branch: Branch, level: Int) throws(RecordError) {
        if unsafe cursor.skipEmptyObject() {
            if level > 1 { branch.kinds.insert(.object) }
            return
        }
        repeat {
            let key = unsafe try cursor.key()
            guard let child = unsafe child(of: branch, key) else {
                _ = unsafe try cursor.value()
                continue
            }
            child.count += 1
            if unsafe cursor.peek() == UInt8(ascii: "{"), level < depth {
                unsafe try members(&cursor, of: child, level: level + 1)
            } else {
                child.kinds.formUnion(unsafe JSONKinds.of(try cursor.value()))
            }
        } while unsafe try cursor.nextMember()
    }

    /// The branch of a key; nil beyond the limit, and for a key that no text can hold.
    private mutating func child(of branch: Branch, _ key: JSONCursor.StringSlice) -> Branch? {
        var text = ByteBuffer()
        guard unsafe JSONText.appendDecoded(key.content, to: &text) else { return nil }
        let name = unsafe text.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        if let child = branch.children[name] { return child }
        guard known < Self.limit else { return nil }
        known += 1
        let child = Branch()
        branch.children[name] = child
        return child
    }
}
