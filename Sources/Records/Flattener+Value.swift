extension Flattener {
    /// A value of a document, as the scanner saw it.
    @unsafe struct Value {
        let start: UnsafePointer<UInt8>
        var count = 0
        var kind = Kind.null
        /// Whether a string holds an escape.
        var hasEscape = false
        /// Whether line ends stand between its tokens.
        var squeezes = false
        var number = JSONScanner.Number()

        enum Kind {
            case null, bool, number, string, array, object
        }

        @inline(__always)
        init(start: UnsafePointer<UInt8>) { unsafe self.start = start }

        /// The kind as counts have it.
        var counted: JSONKinds {
            switch unsafe kind {
            case .null: .null
            case .bool: .bool
            case .number: unsafe number.int64 == nil ? .number : .int
            case .string: .string
            case .array: .array
            case .object: .object
            }
        }
    }

    /// Puts a value into its node's column; false when there is none or the value does not fit it.
    @inline(__always)
    func put(
        _ value: Value, _ node: UnsafeMutablePointer<KeyTrie.Node>, _ row: Row, _ arena: inout ByteBuffer
    ) -> Bool {
        let column = unsafe node.pointee.column
        let kind = unsafe node.pointee.kind
        switch unsafe value.kind {
        case .string where kind == .string:
            if unsafe value.hasEscape { return unsafe putDecoded(value, column, row, &arena) }
            unsafe row.set(column, .plainText, value.start + 1, value.count &- 2)
        case .number where kind == .int64:
            guard let number = unsafe value.number.int64 else { return false }
            unsafe row.set(column, .value, UInt64(bitPattern: number))
        case .number where kind == .number:
            unsafe row.set(column, .value, value.start, value.count)
        case .bool where kind == .bool:
            unsafe row.set(column, .value, value.start.pointee == UInt8(ascii: "t") ? 1 : 0)
        case .null:
            if column < 0 { return false }
            unsafe row.set(column, .null, 0)
        default: return unsafe column >= 0 && putRare(value, node, row, &arena)
        }
        return true
    }

    @inline(never)
    private func putRare(
        _ value: Value, _ node: UnsafeMutablePointer<KeyTrie.Node>, _ row: Row, _ arena: inout ByteBuffer
    ) -> Bool {
        let column = unsafe node.pointee.column
        switch (unsafe node.pointee.kind, unsafe value.kind) {
        case (.json, _):
            if unsafe value.squeezes {
                let offset = arena.count
                unsafe JSONText.appendSqueezed(UnsafeBufferPointer(start: value.start, count: value.count), to: &arena)
                unsafe row.set(column, .value, row.arena + offset, arena.count - offset)
            } else {
                unsafe row.set(column, .value, value.start, value.count)
            }
        case (.decimal, .number):
            let fits = unsafe NumberText.fits(
                value.number, end: value.start + value.count, precision: Int(node.pointee.precision),
                scale: Int(node.pointee.scale))
            guard fits else { return false }
            unsafe row.set(column, .value, value.start, value.count)
        case (.double, .number):
            guard let number = unsafe NumberText.double(value.start, value.count, value.number) else { return false }
            unsafe row.set(column, .value, number.bitPattern)
        case (.string, .number), (.string, .bool):
            // False all the same: `_extra` keeps what it was.
            if unsafe node.pointee.takesScalars { unsafe row.set(column, .plainText, value.start, value.count) }
            return false
        case (.timestamp, .string), (.date, .string), (.uuid, .string):
            return unsafe !value.hasEscape && putPlain(value, node, row)
        default: return false
        }
        return true
    }

    /// Puts a string that stands for something else into its column.
    private func putPlain(_ value: Value, _ node: UnsafeMutablePointer<KeyTrie.Node>, _ row: Row) -> Bool {
        let text = unsafe UnsafeBufferPointer(start: value.start + 1, count: value.count - 2)
        let column = unsafe node.pointee.column
        switch unsafe node.pointee.kind {
        case .timestamp:
            guard let moment = unsafe TimeText.parseTimestamp(text) else { return false }
            unsafe row.set(column, .value, UInt64(bitPattern: moment))
        case .date:
            guard let day = unsafe TimeText.parseDate(text) else { return false }
            unsafe row.set(column, .value, UInt64(bitPattern: day))
        default:
            guard unsafe Self.isUUID(text) else { return false }
            unsafe row.set(column, .value, value.start + 1, text.count)
        }
        return true
    }

    /// Puts a string with escapes into its column.
    @inline(never)
    private func putDecoded(_ value: Value, _ column: Int32, _ row: Row, _ arena: inout ByteBuffer) -> Bool {
        // There is room: see `flatten`.
        let start = unsafe arena.end
        guard
            let end = unsafe JSONText.decode(value.start + 1, value.count - 2, to: start, keepsAll: false)
        else { return false }
        unsafe row.set(column, .value, UnsafePointer(start), end - start)
        unsafe arena.advance(to: end)
        return true
    }

    /// Whether a text is a UUID as PostgreSQL prints it.
    private static func isUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        for index in 0..<36 {
            let byte = unsafe text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if byte != UInt8(ascii: "-") { return false }
            } else if byte &- 48 > 9, byte &- 97 > 5 {
                return false
            }
        }
        return true
    }

    /// Puts a value into the other columns of its path.
    @inline(never)
    mutating func putTwins(
        _ value: Value, _ index: Int, _ row: Row, _ arena: inout ByteBuffer, _ extra: inout ExtraObject
    ) {
        let main = unsafe trie.nodes + index
        var twin = unsafe Int(main.pointee.twin)
        while twin != 0 {
            let node = unsafe trie.nodes + twin
            // An array's elements that become rows are nobody's misfit.
            if unsafe !put(value, node, row, &arena), unsafe !(value.kind == .array && main.pointee.items >= 0) {
                if unsafe main.pointee.entryDocument == document {
                    unsafe countMisfit(value, node)
                } else {
                    // The entry is the path's, so the node of the path knows of it.
                    unsafe stray(value, twin, &extra)
                    unsafe main.pointee.entry = node.pointee.entry
                    unsafe main.pointee.entryDocument = document
                    unsafe node.pointee.entryDocument = 0
                }
            }
            twin = unsafe Int(node.pointee.twin)
        }
    }

    /// Puts a value that no column took into `_extra` and counts it.
    @inline(never)
    mutating func stray(_ value: Value, _ index: Int, _ extra: inout ExtraObject) {
        if index == KeyTrie.skipped { return }
        let node = unsafe trie.nodes + index
        // Elements that become rows are kept there; what else stands in their place is for the path's own columns first.
        if unsafe node.pointee.items >= 0, unsafe value.kind == .array || node.pointee.twin != 0 { return }
        if unsafe node.pointee.column >= 0 {
            unsafe countMisfit(value, node)
        } else if keepsUnplanned {
            unsafe node.pointee.unplanned += 1
            unsafe node.pointee.kinds |= value.counted.rawValue
        } else {
            return
        }
        if index == KeyTrie.overflow {
            let length = overflow.pointer.count
            overflow.pointer.append("\":")
            overflow.note(
                unsafe extra.add(
                    prefix: overflow.pointer.base, overflow.pointer.count, raw: value.start, value.count,
                    squeezes: value.squeezes))
            overflow.pointer.truncate(to: length)
        } else {
            let prefix = unsafe trie.prefix(index)
            unsafe node.pointee.entry = extra.add(
                prefix: prefix.start, prefix.count, raw: value.start, value.count, squeezes: value.squeezes)
            unsafe node.pointee.entryDocument = document
        }
    }

    /// Counts a value that a column did not take, or took as its text only.
    private func countMisfit(_ value: Value, _ node: UnsafeMutablePointer<KeyTrie.Node>) {
        let isScalar = unsafe value.kind == .number || value.kind == .bool
        if isScalar, unsafe node.pointee.takesScalars {
            unsafe node.pointee.widened += 1
        } else {
            unsafe node.pointee.misfits += 1
        }
        unsafe node.pointee.kinds |= value.counted.rawValue
    }

    /// Undoes what an earlier appearance of a key did, at its path and below.
    @inline(never)
    mutating func forget(_ index: Int, _ row: Row, _ extra: inout ExtraObject) {
        let nodes = unsafe trie.nodes
        var next = index
        while true {
            // What the path itself has, then the places in its array.
            var path = next
            repeat {
                var one = path
                repeat {
                    if unsafe nodes[one].column >= 0 { unsafe row.set(nodes[one].column, .missing, 0) }
                    one = unsafe Int(nodes[one].twin)
                } while one != 0
                if unsafe nodes[path].entryDocument == document {
                    unsafe extra.remove(nodes[path].entry)
                    unsafe nodes[path].entryDocument = 0
                }
                path = unsafe Int(nodes[path].place)
            } while path != 0
            if unsafe nodes[next].items >= 0 { itemArrays.forget(next) }
            unsafe nodes[next].document = 0
            if unsafe nodes[next].firstChild != 0 {
                next = unsafe Int(nodes[next].firstChild)
                continue
            }
            while next != index, unsafe nodes[next].nextSibling == 0 { next = unsafe Int(nodes[next].parent) }
            if next == index { break }
            next = unsafe Int(nodes[next].nextSibling)
        }
        let prefix = unsafe trie.prefix(index)
        unsafe overflow.forget(below: prefix.start, prefix.count - 2, &extra)
    }
}
