extension Flattener {
    /// Copies what stands at an array's planned places into their columns. The array is scanned once more for each.
    ///
    /// - Parameters:
    ///   - array: the array, which was scanned and is valid.
    ///   - index: its node.
    @inline(never)
    mutating func putPlaces(
        _ array: Value, _ index: Int, _ row: Row, _ arena: inout ByteBuffer, _ extra: inout ExtraObject
    ) {
        var next = unsafe Int(trie.nodes[index].place)
        while next != 0 {
            let node = unsafe trie.nodes + next
            if let value = unsafe find(trie.places[node.pointee.key].steps, in: array) {
                if unsafe !put(value, node, row, &arena) { unsafe stray(value, next, &extra) }
                if unsafe node.pointee.twin != 0 { unsafe putTwins(value, next, row, &arena, &extra) }
            }
            next = unsafe Int(node.pointee.place)
        }
    }

    /// The value that steps lead to; nil when there is none. Of a key that an object repeats the last value counts.
    private mutating func find(_ steps: [KeyTrie.Place.Step], in array: Value) -> Value? {
        var scanner = unsafe JSONScanner(start: array.start, count: array.count)
        for step in steps {
            // The text is valid, so nothing is thrown.
            let isFound =
                switch step {
                case .index(let index): unsafe (try? Self.enter(&scanner, index)) ?? false
                case .key(let key): unsafe (try? enter(&scanner, key)) ?? false
                }
            guard isFound else { return nil }
        }
        return unsafe try? Value(at: &scanner)
    }

    /// Steps to an element of the array at the place; false when there is none.
    private static func enter(_ scanner: inout JSONScanner, _ index: Int) throws(RecordError) -> Bool {
        guard unsafe scanner.byte == UInt8(ascii: "[") else { return false }
        unsafe scanner.place += 1
        unsafe scanner.space()
        guard unsafe scanner.byte != UInt8(ascii: "]") else { return false }
        for _ in 0..<index {
            unsafe try scanner.value()
            unsafe scanner.space()
            guard unsafe scanner.byte == UInt8(ascii: ",") else { return false }
            unsafe scanner.place += 1
            unsafe scanner.space()
        }
        return true
    }

    /// Steps to a member of the object at the place; false when there is none.
    private mutating func enter(_ scanner: inout JSONScanner, _ key: [UInt8]) throws(RecordError) -> Bool {
        guard unsafe scanner.byte == UInt8(ascii: "{") else { return false }
        unsafe scanner.place += 1
        unsafe scanner.space()
        var found: UnsafePointer<UInt8>?
        while unsafe scanner.byte == UInt8(ascii: "\"") {
            let slice = unsafe try scanner.key()
            if unsafe isKey(slice, key) { unsafe found = scanner.place }
            unsafe try scanner.value()
            unsafe scanner.space()
            guard unsafe scanner.byte == UInt8(ascii: ",") else { break }
            unsafe scanner.place += 1
            unsafe scanner.space()
        }
        guard let found = unsafe found else { return false }
        unsafe scanner.place = found
        return true
    }

    /// Whether a key is, once decoded, these bytes.
    private mutating func isKey(_ slice: JSONScanner.StringSlice, _ key: [UInt8]) -> Bool {
        guard unsafe slice.hasEscape else {
            return unsafe key.elementsEqual(UnsafeBufferPointer(start: slice.start, count: slice.count))
        }
        decodedKey.removeAll()
        unsafe decodedKey.appendDecoded(slice)
        return unsafe key.elementsEqual(UnsafeBufferPointer(start: decodedKey.base, count: decodedKey.count))
    }
}

extension Flattener.Value {
    /// Scans the value at a place.
    init(at scanner: inout JSONScanner) throws(RecordError) {
        unsafe self.init(start: scanner.place)
        switch unsafe scanner.byte {
        case UInt8(ascii: "\""):
            unsafe kind = .string
            unsafe hasEscape = try scanner.string().hasEscape
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            unsafe kind = .number
            unsafe number = try scanner.number()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            unsafe kind = scanner.byte == UInt8(ascii: "{") ? .object : .array
            unsafe scanner.metLineEnd = false
            unsafe try scanner.container()
            unsafe squeezes = scanner.metLineEnd
        default:
            unsafe kind = scanner.byte == UInt8(ascii: "n") ? .null : .bool
            unsafe try scanner.word()
        }
        unsafe count = scanner.place - start
    }
}
