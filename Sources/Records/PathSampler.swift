/// A path that a sample of documents shows.
public struct SampledPath: Sendable, Hashable {
    /// The keys that lead to the value, decoded; none for a document that is no object.
    public var path: [String]
    /// In how many documents it was seen; a key that an object repeats counts each time.
    public var count: Int64
    /// The kinds of value seen; an object that is taken apart is none, an empty one is.
    public var kinds: JSONKinds
    /// Whether there are paths below it.
    public var isBranch: Bool

    /// Makes a path.
    public init(path: [String], count: Int64, kinds: JSONKinds, isBranch: Bool = false) {
        self.path = path
        self.count = count
        self.kinds = kinds
        self.isBranch = isBranch
    }

    /// The type that takes all values seen as they are; nil when a column would hold next to nothing.
    ///
    /// Whole numbers in range are `int64`, with other numbers among them `number`; strings are `string`, truth values
    /// `bool`; arrays, objects that are not taken apart, and mixtures are `json`. Where only `null` was seen, or beside
    /// paths below it only empty objects, it is nil.
    public var suggestedType: ColumnType? {
        var kinds = kinds.subtracting(.null)
        if isBranch { kinds.remove(.object) }
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
/// It takes objects apart as the flattener does, and keeps no call stack either.
public struct PathSampler {
    private struct Branch {
        var count: Int64 = 0
        var kinds: JSONKinds = []
        // Bytes, since equal Strings may differ in their bytes.
        var children: [[UInt8]: Int] = [:]
    }
    private var branches = [Branch()]
    private let depth: Int
    /// So many paths are told apart; a table keyed by user ids must not become a table of a million columns.
    private static let limit = 20_000
    /// A longer key, in bytes, deserves no column.
    private static let longestKey = 1_024

    /// Begins a sample.
    ///
    /// - Parameter depth: objects nested deeper than this are values, from 1; as the flattener's.
    public init(depth: Int) { self.depth = max(1, depth) }

    /// Adds a document.
    ///
    /// - Parameter json: its text.
    /// - Throws: `RecordError` when the text is no JSON; what came before the error is counted.
    public mutating func add(_ json: RawSpan) throws(RecordError) {
        var text = ByteBuffer(capacity: json.byteCount + 1)
        text.append(json)
        text.append(0)
        var scanner = unsafe JSONScanner(start: UnsafePointer(text.base), count: json.byteCount)
        var open: [Int] = []
        var child: Int? = 0
        unsafe scanner.space()
        while true {
            if unsafe scanner.byte == UInt8(ascii: "{"), let object = child, open.count < depth {
                unsafe scanner.place += 1
                unsafe scanner.space()
                if unsafe scanner.byte != UInt8(ascii: "}") {
                    if !open.isEmpty { branches[object].count += 1 }
                    open.append(object)
                    child = unsafe self.child(of: object, try scanner.key())
                    continue
                }
                unsafe scanner.place += 1
                note(child, .object)
            } else {
                unsafe note(child, try Self.value(&scanner))
            }
            while true {
                unsafe scanner.space()
                if open.isEmpty {
                    guard unsafe scanner.place == scanner.end else { throw unsafe scanner.fail("the document's end") }
                    return
                }
                if unsafe scanner.byte == UInt8(ascii: ",") { break }
                guard unsafe scanner.byte == UInt8(ascii: "}") else {
                    throw unsafe scanner.fail("a comma or the object's end")
                }
                unsafe scanner.place += 1
                open.removeLast()
            }
            unsafe scanner.place += 1
            unsafe scanner.space()
            child = unsafe self.child(of: open[open.count - 1], try scanner.key())
        }
    }

    /// The paths seen, ordered by their keys.
    public var paths: [SampledPath] {
        var found: [SampledPath] = []
        var open: [(branch: Int, path: [String])] = [(0, [])]
        while let (index, path) = open.popLast() {
            let branch = branches[index]
            if !branch.kinds.isEmpty {
                found.append(
                    SampledPath(
                        path: path, count: branch.count, kinds: branch.kinds, isBranch: !branch.children.isEmpty))
            }
            let children = branch.children.sorted { $1.key.lexicographicallyPrecedes($0.key) }
            for (key, child) in children { open.append((child, path + [String(decoding: key, as: UTF8.self)])) }
        }
        return found
    }

    private mutating func note(_ branch: Int?, _ kind: JSONKinds) {
        guard let branch else { return }
        branches[branch].count += 1
        branches[branch].kinds.formUnion(kind)
    }

    /// Steps over a value and says of which kind it is.
    private static func value(_ scanner: inout JSONScanner) throws(RecordError) -> JSONKinds {
        switch unsafe scanner.byte {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return unsafe try scanner.number().int64 == nil ? .number : .int
        case let first:
            unsafe try scanner.value()
            switch first {
            case UInt8(ascii: "\""): return .string
            case UInt8(ascii: "{"): return .object
            case UInt8(ascii: "["): return .array
            case UInt8(ascii: "n"): return .null
            default: return .bool
            }
        }
    }

    /// The branch of a key; nil beyond the limit, and for a key that no text can hold.
    private mutating func child(of branch: Int, _ key: JSONScanner.StringSlice) -> Int? {
        guard unsafe key.count <= Self.longestKey else { return nil }
        var text = ByteBuffer(capacity: unsafe key.count)
        guard let end = unsafe JSONText.decode(key.start, key.count, to: text.base, keepsAll: false) else { return nil }
        unsafe text.advance(to: end)
        let name = unsafe Array(UnsafeBufferPointer(start: text.base, count: text.count))
        if let child = branches[branch].children[name] { return child }
        guard branches.count <= Self.limit else { return nil }
        branches.append(Branch())
        branches[branch].children[name] = branches.count - 1
        return branches.count - 1
    }
}
