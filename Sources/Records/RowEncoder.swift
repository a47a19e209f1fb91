#if canImport(Glibc)
    import Glibc
#endif

/// Writes a batch's rows as text.
///
/// NDJSON: the keys in column order; a missing cell's key is absent and NULL is `null`. CSV: both are the NULL marker, and
/// an empty string is `""`. In either form numbers are their digits, timestamps `2026-01-01T00:00:00.123456Z`, dates
/// `2026-01-01`, and bytes `\x` with hexadecimal digits.
public struct RowEncoder {
    private let format: RowFormat
    private let columns: [Column]
    private let kinds: [KeyTree.Kind]
    /// For NDJSON: each column's `,"name":`.
    private let keys: [[UInt8]]
    private let null: [UInt8]
    private let delimiter: UInt8

    /// Prepares for batches of these columns.
    public init(format: RowFormat, columns: [Column]) {
        self.format = format
        self.columns = columns
        kinds = columns.map { KeyTree.Kind($0.type) }
        keys = columns.map { column in
            var key = ByteBuffer()
            key.append(UInt8(ascii: ","))
            JSONText.appendString(Array(column.name.utf8), to: &key)
            key.append(UInt8(ascii: ":"))
            return unsafe key.bytes.withUnsafeBytes { unsafe Array($0) }
        }
        if case .csv(let options) = format {
            null = Array(options.null.utf8)
            delimiter = options.delimiter
        } else {
            null = []
            delimiter = UInt8(ascii: ",")
        }
    }

    /// Appends what a file begins with: CSV's column names, or nothing.
    public func encodeHeader(into text: inout ByteBuffer) {
        guard case .csv(let options) = format, options.header else { return }
        for (index, column) in columns.enumerated() {
            if index > 0 { text.append(delimiter) }
            let name = Array(column.name.utf8)
            unsafe name.withUnsafeBufferPointer { unsafe appendQuotedIfNeeded($0, to: &text) }
        }
        text.append(UInt8(ascii: "\n"))
    }

    /// Appends rows.
    ///
    /// - Parameters:
    ///   - batch: the batch, of the encoder's columns.
    ///   - rows: the rows' indexes, in the order in which they are written.
    ///   - text: what they are appended to.
    public func encode(_ batch: borrowing RowBatch, rows: Span<Int32>, into text: inout ByteBuffer) {
        precondition(batch.columns.count == columns.count)
        for index in rows.indices {
            let row = Int(rows[index])
            precondition(row >= 0 && row < batch.rowCount)
            if case .ndjson = format {
                encodeJSON(batch, row, &text)
            } else {
                encodeCSV(batch, row, &text)
            }
        }
    }

    /// A value of variable length.
    @inline(__always)
    private func bytes(_ batch: borrowing RowBatch, _ cell: Int) -> UnsafeBufferPointer<UInt8> {
        let slot = unsafe batch.slots[cell]
        return unsafe UnsafeBufferPointer(
            start: batch.arena.base + Int(slot >> 32), count: Int(truncatingIfNeeded: slot & 0xFFFF_FFFF))
    }

    // MARK: - NDJSON

    private func encodeJSON(_ batch: borrowing RowBatch, _ row: Int, _ text: inout ByteBuffer) {
        let start = text.count
        unsafe kinds.withUnsafeBufferPointer { kinds in
            for column in 0..<kinds.count {
                let cell = column &* batch.rowCapacity &+ row
                let state = unsafe batch.states[cell]
                if state == RowBatch.CellState.missing.rawValue { continue }
                unsafe keys[column].withUnsafeBufferPointer { key in
                    unsafe text.append(start: key.baseAddress, count: key.count)
                }
                if state == RowBatch.CellState.null.rawValue {
                    text.append("null")
                } else {
                    unsafe appendJSON(batch, cell, state, kinds[column], &text)
                }
            }
        }
        if text.count == start {
            text.append("{}\n")
        } else {
            // The first key's comma becomes the brace.
            unsafe text.base[start] = UInt8(ascii: "{")
            text.append("}\n")
        }
    }

    @inline(__always)
    private func appendJSON(
        _ batch: borrowing RowBatch, _ cell: Int, _ state: UInt8, _ kind: KeyTree.Kind, _ text: inout ByteBuffer
    ) {
        switch kind {
        case .string:
            let value = unsafe bytes(batch, cell)
            if state == RowBatch.CellState.plainText.rawValue {
                text.append(UInt8(ascii: "\""))
                unsafe text.append(start: value.baseAddress, count: value.count)
                text.append(UInt8(ascii: "\""))
            } else {
                unsafe JSONText.appendString(value, to: &text)
            }
        case .number, .decimal, .json:
            let value = unsafe bytes(batch, cell)
            unsafe text.append(start: value.baseAddress, count: value.count)
        case .uuid:
            let value = unsafe bytes(batch, cell)
            text.append(UInt8(ascii: "\""))
            unsafe text.append(start: value.baseAddress, count: value.count)
            text.append(UInt8(ascii: "\""))
        case .timestamp, .date:
            text.append(UInt8(ascii: "\""))
            unsafe appendTime(batch.slots[cell], kind, &text)
            text.append(UInt8(ascii: "\""))
        case .bytes:
            text.append("\"\\")
            unsafe JSONText.appendHexadecimal(bytes(batch, cell).span.bytes, to: &text)
            text.append(UInt8(ascii: "\""))
        case .int64, .double, .bool, .none: unsafe appendPlain(batch.slots[cell], kind, &text)
        }
    }

    // MARK: - CSV

    private func encodeCSV(_ batch: borrowing RowBatch, _ row: Int, _ text: inout ByteBuffer) {
        unsafe kinds.withUnsafeBufferPointer { kinds in
            for column in 0..<kinds.count {
                if column > 0 { text.append(delimiter) }
                let cell = column &* batch.rowCapacity &+ row
                let state = unsafe batch.states[cell]
                if state <= RowBatch.CellState.null.rawValue {
                    if !null.isEmpty { text.append(null) }
                } else {
                    unsafe appendCSV(batch, cell, kinds[column], &text)
                }
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

    @inline(__always)
    private func appendCSV(
        _ batch: borrowing RowBatch, _ cell: Int, _ kind: KeyTree.Kind, _ text: inout ByteBuffer
    ) {
        switch kind {
        case .string, .json, .number, .decimal, .uuid:
            unsafe appendQuotedIfNeeded(bytes(batch, cell), to: &text)
        case .timestamp, .date: unsafe appendTime(batch.slots[cell], kind, &text)
        case .bytes: unsafe JSONText.appendHexadecimal(bytes(batch, cell).span.bytes, to: &text)
        case .int64, .double, .bool, .none: unsafe appendPlain(batch.slots[cell], kind, &text)
        }
    }

    /// A field, in quotes when it holds what ends a field, when it is empty, or when it could be taken for NULL or for the
    /// end of PostgreSQL's data.
    @inline(__always)
    private func appendQuotedIfNeeded(_ value: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) {
        if unsafe needsQuotes(value) {
            unsafe appendQuoted(value, to: &text)
        } else {
            unsafe text.append(start: value.baseAddress, count: value.count)
        }
    }

    @inline(__always)
    private func needsQuotes(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        guard var next = value.baseAddress, value.count > 0 else { return true }
        if value.count == null.count, unsafe null.withUnsafeBufferPointer({ unsafe memcmp($0.baseAddress!, next, value.count) == 0 }) {
            return true
        }
        if value.count == 2, unsafe next[0] == UInt8(ascii: "\\"), unsafe next[1] == UInt8(ascii: ".") { return true }
        let end = unsafe next + value.count
        while unsafe end - next >= 8 {
            let word = unsafe UnsafeRawPointer(next).loadUnaligned(as: UInt64.self)
            let found =
                Wide.equal(word, UInt8(ascii: "\"")) | Wide.equal(word, delimiter) | Wide.equal(word, 0x0A)
                | Wide.equal(word, 0x0D)
            if found != 0 { return true }
            unsafe next += 8
        }
        while unsafe next < end {
            let byte = unsafe next.pointee
            if byte == UInt8(ascii: "\"") || byte == delimiter || byte == 0x0A || byte == 0x0D { return true }
            unsafe next += 1
        }
        return false
    }

    private func appendQuoted(_ value: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) {
        text.reserve(value.count + 2)
        text.append(UInt8(ascii: "\""))
        var rest = unsafe value[...]
        while let quote = unsafe rest.firstIndex(of: UInt8(ascii: "\"")) {
            let part = unsafe UnsafeBufferPointer(rebasing: rest[...quote])
            unsafe text.append(start: part.baseAddress, count: part.count)
            text.append(UInt8(ascii: "\""))
            unsafe rest = rest[(quote + 1)...]
        }
        let part = unsafe UnsafeBufferPointer(rebasing: rest)
        unsafe text.append(start: part.baseAddress, count: part.count)
        text.append(UInt8(ascii: "\""))
    }

    // MARK: - Both

    @inline(__always)
    private func appendTime(_ slot: Int64, _ kind: KeyTree.Kind, _ text: inout ByteBuffer) {
        text.append(addingCapacity: 27) { output in
            if kind == .date { TimeText.date(slot, to: &output) } else { TimeText.timestamp(slot, to: &output) }
        }
    }

    @inline(__always)
    private func appendPlain(_ slot: Int64, _ kind: KeyTree.Kind, _ text: inout ByteBuffer) {
        switch kind {
        case .int64: NumberText.append(slot, to: &text)
        case .bool: text.append(slot == 0 ? "false" : "true")
        case .double: NumberText.append(Double(bitPattern: UInt64(bitPattern: slot)), to: &text)
        default: break
        }
    }
}
