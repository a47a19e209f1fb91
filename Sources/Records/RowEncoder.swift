/// Writes a batch's rows as text.
///
/// NDJSON: the keys in column order; a missing cell's key is absent and NULL is `null`. CSV: both are the NULL marker, and
/// an empty string is `""`. In either form numbers are their digits, timestamps `2026-01-01T00:00:00.123456Z`, dates
/// `2026-01-01`, and bytes `\x` with hexadecimal digits.
public struct RowEncoder {
    private let format: RowFormat
    private let columns: [Column]
    let kinds: [KeyTree.Kind]
    /// For NDJSON: each column's `,"name":`, and where each ends.
    private let keys: [UInt8]
    private let keyEnds: [Int]
    let csv: CSVQuoting

    /// Prepares for batches of these columns.
    public init(format: RowFormat, columns: [Column]) {
        self.format = format
        self.columns = columns
        kinds = columns.map { KeyTree.Kind($0.type) }
        var text = ByteBuffer()
        var ends: [Int] = []
        for column in columns {
            text.append(UInt8(ascii: ","))
            JSONText.appendString(Array(column.name.utf8), to: &text)
            text.append(UInt8(ascii: ":"))
            ends.append(text.count)
        }
        keys = unsafe text.bytes.withUnsafeBytes { unsafe Array($0) }
        keyEnds = ends
        if case .csv(let options) = format { csv = CSVQuoting(options) } else { csv = CSVQuoting(CSVOptions()) }
    }

    /// Appends what a file begins with: CSV's column names, or nothing.
    public func encodeHeader(into text: inout ByteBuffer) {
        guard case .csv(let options) = format, options.header else { return }
        for (index, column) in columns.enumerated() {
            if index > 0 { text.append(csv.delimiter) }
            let name = Array(column.name.utf8)
            unsafe name.withUnsafeBufferPointer { unsafe csv.append($0, to: &text) }
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
        let kinds = kinds.span
        for index in rows.indices {
            let row = Int(rows[index])
            precondition(row >= 0 && row < batch.rowCount)
            if case .ndjson = format {
                encodeJSON(batch, row, kinds, &text)
            } else {
                encodeCSV(batch, row, kinds, &text)
            }
        }
    }

    // MARK: - NDJSON

    @inline(__always)
    private func encodeJSON(
        _ batch: borrowing RowBatch, _ row: Int, _ kinds: Span<KeyTree.Kind>, _ text: inout ByteBuffer
    ) {
        let start = text.count
        let keys = unsafe keys.span.bytes
        let keyEnds = keyEnds.span
        var keyStart = 0
        for column in kinds.indices {
            let keyEnd = keyEnds[column]
            let cell = column &* batch.rowCapacity &+ row
            let state = unsafe batch.states[cell]
            if state != RowBatch.CellState.missing.rawValue {
                unsafe text.append(keys.extracting(unchecked: keyStart..<keyEnd))
                if state == RowBatch.CellState.null.rawValue {
                    text.append("null")
                } else {
                    appendJSON(batch, cell, state, kinds[column], &text)
                }
            }
            keyStart = keyEnd
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
            if state == RowBatch.CellState.plainText.rawValue {
                unsafe text.appendInQuotes(batch.bytes(cell))
            } else {
                unsafe JSONText.appendString(batch.bytes(cell), to: &text)
            }
        case .number, .decimal, .json:
            let value = unsafe batch.bytes(cell)
            unsafe text.append(start: value.baseAddress, count: value.count)
        case .uuid: unsafe text.appendInQuotes(batch.bytes(cell))
        case .timestamp, .date:
            text.append(UInt8(ascii: "\""))
            unsafe Self.appendPlain(batch.slots[cell], kind, &text)
            text.append(UInt8(ascii: "\""))
        case .bytes:
            text.append("\"\\")
            unsafe JSONText.appendHexadecimal(batch.bytes(cell).span.bytes, to: &text)
            text.append(UInt8(ascii: "\""))
        case .int64, .double, .bool, .none: unsafe Self.appendPlain(batch.slots[cell], kind, &text)
        }
    }

    // MARK: - CSV

    @inline(__always)
    private func encodeCSV(
        _ batch: borrowing RowBatch, _ row: Int, _ kinds: Span<KeyTree.Kind>, _ text: inout ByteBuffer
    ) {
        for column in kinds.indices {
            if column > 0 { text.append(csv.delimiter) }
            let cell = column &* batch.rowCapacity &+ row
            if unsafe batch.states[cell] <= RowBatch.CellState.null.rawValue {
                csv.appendNull(to: &text)
            } else {
                appendCSV(batch, cell, kinds[column], &text)
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

    @inline(__always)
    private func appendCSV(
        _ batch: borrowing RowBatch, _ cell: Int, _ kind: KeyTree.Kind, _ text: inout ByteBuffer
    ) {
        let start = text.count
        switch kind {
        case .string, .json, .number, .decimal, .uuid: return unsafe csv.append(batch.bytes(cell), to: &text)
        case .bytes: unsafe JSONText.appendHexadecimal(batch.bytes(cell).span.bytes, to: &text)
        case .timestamp, .date, .int64, .double, .bool, .none:
            unsafe Self.appendPlain(batch.slots[cell], kind, &text)
        }
        if csv.checksAll { csv.quoteIfNeeded(from: start, in: &text) }
    }

    // MARK: - Both

    @inline(__always)
    private static func appendPlain(_ slot: Int64, _ kind: KeyTree.Kind, _ text: inout ByteBuffer) {
        switch kind {
        case .int64: NumberText.append(slot, to: &text)
        case .bool: text.append(slot == 0 ? "false" : "true")
        case .double: NumberText.append(Double(bitPattern: UInt64(bitPattern: slot)), to: &text)
        case .timestamp:
            text.reserve(TimeText.timestampLength)
            unsafe TimeText.write(timestamp: slot, to: text.end)
            text.advance(TimeText.timestampLength)
        case .date:
            text.reserve(TimeText.dateLength)
            unsafe TimeText.write(day: slot, to: text.end)
            text.advance(TimeText.dateLength)
        default: break
        }
    }
}
