extension Flattener {
    /// Puts a value into its node's column, or into `_extra`.
    mutating func settle(
        _ value: UnsafeBufferPointer<UInt8>, at node: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) {
        let column = unsafe Int(tree.nodes[node].column)
        if column >= 0 {
            if unsafe put(value, node, column, &batch) { return }
        } else if !keepsUnplanned {
            return
        }
        unsafe stray(value, at: node, isUnplanned: column < 0, &extra)
    }

    /// Puts a value into `_extra` and counts it.
    mutating func stray(
        _ value: UnsafeBufferPointer<UInt8>, at place: Int, isUnplanned: Bool = true, _ extra: inout ExtraObject
    ) {
        unsafe strayTable.count(place, unplanned: isUnplanned, JSONKinds.of(value))
        unsafe extra.add(quoted: strayTable.pointer(place), raw: value)
    }

    /// Takes back what an earlier appearance of a key left at a planned node and below it.
    func forget(_ node: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject) {
        unsafe extra.remove(at: strayTable.pointer(node))
        clear(node, &batch)
    }

    private func clear(_ node: Int, _ batch: inout RowBatch) {
        if unsafe tree.nodes[node].column >= 0 { batch.clear(unsafe Int(tree.nodes[node].column)) }
        let first = unsafe tree.nodes[node].firstChild
        let end = unsafe first + tree.nodes[node].childCount
        for child in first..<end { clear(Int(child), &batch) }
    }

    /// Puts a value into a column if it fits there.
    private func put(
        _ value: UnsafeBufferPointer<UInt8>, _ node: Int, _ column: Int, _ batch: inout RowBatch
    ) -> Bool {
        guard let first = unsafe value.first else { return false }
        if first == UInt8(ascii: "n") {
            batch.setNull(column)
            return true
        }
        switch unsafe tree.nodes[node].kind {
        case .int64:
            guard let number = unsafe NumberText.int64(value) else { return false }
            batch.set(column, int64: number)
        case .number:
            guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9 else { return false }
            unsafe batch.set(column, .value, start: value.baseAddress, count: value.count)
        case .decimal:
            let precision = unsafe Int(tree.nodes[node].precision)
            let scale = unsafe Int(tree.nodes[node].scale)
            guard unsafe NumberText.fits(value, precision: precision, scale: scale) else { return false }
            unsafe batch.set(column, .value, start: value.baseAddress, count: value.count)
        case .double:
            guard let number = unsafe NumberText.double(value) else { return false }
            batch.set(column, double: number)
        case .bool:
            guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else { return false }
            batch.set(column, bool: first == UInt8(ascii: "t"))
        case .json:
            let offset = batch.arena.count
            unsafe JSONText.appendOneLine(value, to: &batch.arena)
            batch.set(column, arenaFrom: offset)
        case .string:
            guard first == UInt8(ascii: "\"") else { return false }
            let offset = batch.arena.count
            let content = unsafe UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
            guard unsafe JSONText.appendDecoded(content, to: &batch.arena) else {
                batch.arena.truncate(to: offset)
                return false
            }
            batch.set(column, arenaFrom: offset)
        case .timestamp, .date, .uuid:
            guard first == UInt8(ascii: "\"") else { return false }
            let content = unsafe UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
            return unsafe put(plain: content, node, column, &batch)
        case .none, .bytes: return false
        }
        return true
    }

    /// Puts a string that stands for something else into its column.
    private func put(
        plain text: UnsafeBufferPointer<UInt8>, _ node: Int, _ column: Int, _ batch: inout RowBatch
    ) -> Bool {
        switch unsafe tree.nodes[node].kind {
        case .timestamp:
            guard let moment = unsafe TimeText.parseTimestamp(text) else { return false }
            batch.set(column, int64: moment)
        case .date:
            guard let day = unsafe TimeText.parseDate(text) else { return false }
            batch.set(column, int64: day)
        default:
            guard unsafe Self.isUUID(text) else { return false }
            unsafe batch.set(column, .value, start: text.baseAddress, count: text.count)
        }
        return true
    }

    /// Whether a text is a UUID as PostgreSQL prints it.
    private static func isUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        for index in 0..<36 {
            let byte = unsafe text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if byte != UInt8(ascii: "-") { return false }
            } else if !(48...57).contains(byte), !(97...102).contains(byte) {
                return false
            }
        }
        return true
    }
}
