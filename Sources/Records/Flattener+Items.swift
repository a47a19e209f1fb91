extension Flattener {
    /// The arrays of the present document whose elements become rows elsewhere.
    struct ItemArrays: ~Copyable {
        struct Array {
            let node: Int
            let items: Int
            /// Where its text lies.
            let start: Int
            /// How many bytes it has.
            let length: Int
            /// How many elements it has.
            let count: Int
        }

        private(set) var arrays: [Array] = []
        /// The arrays' texts, a byte 0 behind each.
        private(set) var text = ByteBuffer()

        mutating func add(_ start: UnsafePointer<UInt8>, _ length: Int, node: Int, items: Int, count: Int) {
            arrays.append(Array(node: node, items: items, start: text.count, length: length, count: count))
            unsafe text.append(start: start, count: length)
            text.append(0)
        }

        mutating func forget(_ node: Int) { arrays.removeAll { $0.node == node } }

        mutating func removeAll() {
            guard !arrays.isEmpty else { return }
            arrays.removeAll(keepingCapacity: true)
            text.removeAll(keepingAtMost: 1 << 20)
        }
    }

    /// Gives the elements of the last document's arrays that are ``ItemsTarget``s, in the document's order, each array's
    /// elements in theirs.
    ///
    /// - Parameters:
    ///   - body: takes one element; with another flattener and another batch it may flatten it, and then go through what
    ///     that flattener found in turn.
    ///   - items: the target's own number.
    ///   - index: the element's place in its array, from 0.
    ///   - element: the element's JSON text.
    /// - Throws: what the body throws; no more elements are given then.
    public func forEachElement<Failure: Error>(
        _ body: (_ items: Int, _ index: Int, _ element: RawSpan) throws(Failure) -> Void
    ) throws(Failure) {
        for array in itemArrays.arrays {
            var scanner = unsafe JSONScanner(start: itemArrays.text.base + array.start, count: array.length)
            for index in 0..<array.count {
                // The text was scanned before, so it is valid: here stands a bracket or a comma.
                unsafe scanner.place += 1
                unsafe scanner.space()
                let start = unsafe scanner.place
                guard unsafe (try? scanner.value()) != nil else { return }
                try body(
                    array.items, index,
                    unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: scanner.place - start))
                unsafe scanner.space()
            }
        }
    }

    /// Steps over an array whose elements become rows elsewhere, the place at its bracket.
    @inline(never)
    mutating func takeItems(_ scanner: inout JSONScanner, _ index: Int, _ row: Row) throws(RecordError) {
        let start = unsafe scanner.place
        var count = 0
        unsafe scanner.place += 1
        unsafe scanner.space()
        if unsafe scanner.byte != UInt8(ascii: "]") {
            while true {
                unsafe try scanner.value()
                unsafe scanner.space()
                count += 1
                if unsafe scanner.byte == UInt8(ascii: "]") { break }
                guard unsafe scanner.byte == UInt8(ascii: ",") else {
                    throw unsafe scanner.fail("a comma or the array's end")
                }
                unsafe scanner.place += 1
                unsafe scanner.space()
            }
        }
        unsafe scanner.place += 1
        let node = unsafe trie.nodes[index]
        unsafe row.set(node.column, .value, UInt64(count))
        unsafe itemArrays.add(start, scanner.place - start, node: index, items: Int(node.items), count: count)
    }
}
