/// Learns from a sample of documents which paths deserve columns. It takes its time: a sample is small.
///
/// It takes objects apart as the flattener does, arrays too when it is asked to, and keeps no call stack either.
public struct PathSampler {
    private struct Branch {
        var count: Int64 = 0
        var kinds: JSONKinds = []
        // Bytes, since equal Strings may differ in their bytes.
        var children: [[UInt8]: Int] = [:]
        /// The branch of the elements of arrays here.
        var element: Int?
        var elements: Int64 = 0
        var examples: [String] = []
    }

    /// An object or array that is open.
    private struct Open {
        /// The object's branch, or that of the array's elements.
        let branch: Int
        /// The array's own branch; nil for an object.
        let array: Int?
        /// Where it begins.
        let start: Int
        /// How many objects are open since the document or the element began.
        let level: Int
        /// How many arrays are open.
        let arrays: Int
    }

    /// How many documents were added.
    public private(set) var documents: Int64 = 0
    private var branches = [Branch()]
    private let depth: Int
    private let explodes: Bool
    /// So many paths are told apart; a table keyed by user ids must not become a table of a million columns.
    private static let limit = 20_000
    /// A longer key, in bytes, deserves no column.
    private static let longestKey = 1_024
    /// Arrays within so many others are values.
    private static let arrayDepth = 64
    private static let exampleLimit = 3

    /// Begins a sample.
    ///
    /// - Parameters:
    ///   - depth: objects nested deeper than this, in a document or in an element of an array that is taken apart, are
    ///     values, from 1; as the flattener's.
    ///   - explodes: whether arrays are taken apart; see ``SampledPath/items``.
    public init(depth: Int, explodes: Bool = false) {
        self.depth = max(1, depth)
        self.explodes = explodes
    }

    /// Adds a document.
    ///
    /// - Parameter json: its text.
    /// - Throws: `RecordError` when the text is no JSON; what came before the error is counted.
    public mutating func add(_ json: RawSpan) throws(RecordError) {
        documents += 1
        var text = ByteBuffer(capacity: json.byteCount + 1)
        text.append(json)
        text.append(0)
        var scanner = unsafe JSONScanner(start: UnsafePointer(text.base), count: json.byteCount)
        var open: [Open] = []
        var child: Int? = 0
        unsafe scanner.space()
        while true {
            let start = unsafe scanner.place - scanner.start
            if let inner = self.open(unsafe scanner.byte, child, in: open.last, at: start) {
                unsafe scanner.place += 1
                unsafe scanner.space()
                if unsafe scanner.byte != (inner.array == nil ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    // An object is counted where it is a member, beside other kinds of value there.
                    if inner.array == nil, let last = open.last, last.array == nil { branches[inner.branch].count += 1 }
                    open.append(inner)
                    child = unsafe try next(in: inner, &scanner)
                    continue
                }
                unsafe scanner.place += 1
                unsafe note(child, inner.array == nil ? .object : .array, scanner, from: start)
            } else {
                let kind = unsafe try Self.value(&scanner)
                unsafe note(child, kind, scanner, from: start)
            }
            while true {
                unsafe scanner.space()
                guard let last = open.last else {
                    guard unsafe scanner.place == scanner.end else { throw unsafe scanner.fail("the document's end") }
                    return
                }
                if unsafe scanner.byte == UInt8(ascii: ",") { break }
                guard unsafe scanner.byte == (last.array == nil ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw unsafe scanner.fail(
                        last.array == nil ? "a comma or the object's end" : "a comma or the array's end")
                }
                unsafe scanner.place += 1
                open.removeLast()
                if last.array != nil { unsafe note(last.array, .array, scanner, from: last.start) }
            }
            unsafe scanner.place += 1
            unsafe scanner.space()
            child = unsafe try next(in: open[open.count - 1], &scanner)
        }
    }

    /// The paths seen, ordered by their keys.
    public var paths: [SampledPath] { paths(from: 0) }

    /// The paths seen from a branch on.
    private func paths(from root: Int) -> [SampledPath] {
        var found: [SampledPath] = []
        var open: [(branch: Int, path: [String])] = [(root, [])]
        while let (index, path) = open.popLast() {
            let branch = branches[index]
            if !branch.kinds.isEmpty {
                found.append(
                    SampledPath(
                        path: path, count: branch.count, kinds: branch.kinds, isBranch: !branch.children.isEmpty,
                        items: branch.element.map { paths(from: $0) }, elements: branch.elements,
                        examples: branch.examples))
            }
            let children = branch.children.sorted { $1.key.lexicographicallyPrecedes($0.key) }
            for (key, child) in children { open.append((child, path + [String(decoding: key, as: UTF8.self)])) }
        }
        return found
    }

    /// What is open behind a bracket; nil where a value begins that is not taken apart.
    private mutating func open(_ byte: UInt8, _ child: Int?, in outer: Open?, at start: Int) -> Open? {
        guard let child else { return nil }
        let level = outer?.level ?? 0
        let arrays = outer?.arrays ?? 0
        if byte == UInt8(ascii: "{"), level < depth {
            return Open(branch: child, array: nil, start: start, level: level + 1, arrays: arrays)
        }
        guard byte == UInt8(ascii: "["), explodes, arrays < Self.arrayDepth, let element = element(of: child) else {
            return nil
        }
        return Open(branch: element, array: child, start: start, level: 0, arrays: arrays + 1)
    }

    /// The branch of the next value, the place at a member's key or at an element.
    private mutating func next(in open: Open, _ scanner: inout JSONScanner) throws(RecordError) -> Int? {
        guard let array = open.array else { return unsafe child(of: open.branch, try scanner.key()) }
        branches[array].elements += 1
        return open.branch
    }

    private mutating func note(_ branch: Int?, _ kind: JSONKinds, _ scanner: JSONScanner, from start: Int) {
        guard let branch else { return }
        branches[branch].count += 1
        branches[branch].kinds.formUnion(kind)
        let value = unsafe UnsafeBufferPointer(
            start: scanner.start + start, count: scanner.place - scanner.start - start)
        guard kind != .null, kind != .object, branches[branch].examples.count < Self.exampleLimit,
            value.count <= SampledPath.longestExample
        else { return }
        let example = unsafe String(decoding: value, as: UTF8.self)
        if !branches[branch].examples.contains(example) { branches[branch].examples.append(example) }
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

    /// The branch of an array's elements; nil beyond the limit.
    private mutating func element(of branch: Int) -> Int? {
        if let element = branches[branch].element { return element }
        guard branches.count <= Self.limit else { return nil }
        branches.append(Branch())
        branches[branch].element = branches.count - 1
        return branches.count - 1
    }
}
