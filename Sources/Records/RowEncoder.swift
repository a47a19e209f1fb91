#if canImport(Glibc)
    import Glibc
#endif

/// Writes a batch's rows as text.
///
/// NDJSON: the keys in column order; a missing cell's key is absent and NULL is `null`. CSV: both are the NULL marker, an
/// empty string is `""`, and a value that holds what ends a field, or that reads as the marker or as PostgreSQL's `\.`, is
/// quoted. In either form numbers are their digits, timestamps `2026-01-01T00:00:00.123456Z`, dates `2026-01-01`, bytes
/// `\x` with hexadecimal digits, and special values the text that they are: in NDJSON a string.
///
/// NULL in the only column of CSV is an empty line when the marker is empty. PostgreSQL and DuckDB read it as NULL, others
/// skip it; quoted it would be an empty string. Datasets have `_extra` beside such a column.
public struct RowEncoder {
    let layout: Layout

    /// What encoding needs to know, where it is found without counting references.
    @safe final class Layout {
        /// What stands before a column's value: in NDJSON `,"name":`.
        @unsafe struct Key {
            let start: UnsafePointer<UInt8>
            let count: Int
        }

        let format: RowFormat
        let columns: [Column]
        let kinds: UnsafeMutablePointer<ColumnKind>
        let keys: UnsafeMutablePointer<Key>
        let null: Key
        let delimiter: UInt8
        /// Whether every field but NULL is quoted.
        let quotesAll: Bool
        /// Whether lines end in CR LF.
        let endsInCRLF: Bool
        /// Whether numbers, dates and the like must be looked at once more: they could hold the delimiter or read as the
        /// marker, or everything is quoted.
        let checksAll: Bool
        /// The greatest state of a cell that NDJSON leaves out.
        let omitted: UInt8
        private let bytes: UnsafeMutablePointer<UInt8>

        init(format: RowFormat, columns: [Column]) {
            self.format = format
            self.columns = columns
            unsafe kinds = .allocate(capacity: max(1, columns.count))
            unsafe keys = .allocate(capacity: max(1, columns.count))
            var text = ByteBuffer()
            var ends: [Int] = []
            var json = JSONOptions()
            if case .json(let options) = format { json = options }
            omitted = (json.omitsNulls ? RowBatch.CellState.null : .missing).rawValue
            for (index, column) in columns.enumerated() {
                var kind = ColumnKind(column.type)
                if json.quotesNumbers {
                    if kind == .int64 { kind = .quotedInt64 }
                    // Digits in quotes, as a UUID's are.
                    if kind == .number || kind == .decimal { kind = .uuid }
                }
                unsafe (kinds + index).initialize(to: kind)
                text.append(UInt8(ascii: ","))
                var name = column.name
                name.withUTF8 { unsafe JSONText.appendString($0.baseAddress, $0.count, to: &text) }
                text.append(UInt8(ascii: ":"))
                ends.append(text.count)
            }
            var marker: [UInt8] = []
            var csv = CSVOptions()
            if case .csv(let options) = format {
                csv = options
                marker = Array(options.null.utf8)
            }
            delimiter = csv.delimiter
            quotesAll = csv.quotesAll
            endsInCRLF = csv.endsInCRLF
            let plain = Array("0123456789+-.:\\abcdefghijklmnopqrstuvwxyzNITZE".utf8)
            checksAll =
                csv.quotesAll || plain.contains(csv.delimiter) || !marker.isEmpty && marker.allSatisfy(plain.contains)
            text.append(marker)
            unsafe bytes = .allocate(capacity: text.count + ByteBuffer.margin)
            unsafe memset(bytes, 0, text.count + ByteBuffer.margin)
            unsafe memcpy(bytes, text.base, text.count)
            var start = 0
            for (index, end) in ends.enumerated() {
                unsafe (keys + index).initialize(to: Key(start: UnsafePointer(bytes + start), count: end - start))
                start = end
            }
            unsafe null = Key(start: UnsafePointer(bytes + start), count: marker.count)
        }

        deinit {
            unsafe kinds.deallocate()
            unsafe keys.deallocate()
            unsafe bytes.deallocate()
        }
    }

    /// Prepares for batches of these columns.
    ///
    /// - Parameters:
    ///   - format: how the rows are written. CSV's delimiter must be neither a quote nor a line end, and the marker of NULL
    ///     hold neither of those nor the delimiter.
    ///   - columns: the columns, with the names that files have.
    public init(format: RowFormat, columns: [Column]) { layout = Layout(format: format, columns: columns) }

    /// Appends what a file begins with: CSV's column names, or nothing.
    public func encodeHeader(into text: inout ByteBuffer) {
        guard case .csv(let options) = layout.format, options.header else { return }
        for (index, column) in layout.columns.enumerated() {
            if index > 0 { text.append(layout.delimiter) }
            var name = ByteBuffer()
            name.append(Array(column.name.utf8))
            var end = unsafe text.end
            let fields = unsafe FieldWriter(layout)
            unsafe fields.text(UnsafePointer(name.base), name.count, &end, &text)
            unsafe text.advance(to: end)
        }
        text.append(options.endsInCRLF ? "\r\n" : "\n")
    }

    /// Appends rows.
    ///
    /// - Parameters:
    ///   - batch: the batch, of the encoder's columns.
    ///   - rows: the rows' indexes, in the order in which they are written.
    ///   - text: what they are appended to.
    public func encode(_ batch: borrowing RowBatch, rows: Span<Int32>, into text: inout ByteBuffer) {
        precondition(batch.columns.count == layout.columns.count)
        let count = batch.rowCount
        for index in rows.indices { precondition(rows[index] >= 0 && Int(rows[index]) < count) }
        switch layout.format {
        case .json: encodeJSON(batch, rows, &text)
        case .csv: encodeCSV(batch, rows, &text)
        }
    }
}

/// Moments as text; the day's text is kept, since rows that follow each other mostly share it.
struct MomentWriter {
    private var day = Int64.min
    private var text0: UInt64 = 0
    private var text1: UInt32 = 0

    /// Writes a timestamp, 27 bytes, or a date, 10; up to 2 bytes behind them are touched.
    @inline(__always)
    mutating func write(_ slot: UInt64, _ kind: ColumnKind, _ out: inout UnsafeMutablePointer<UInt8>) {
        let value = Int64(bitPattern: slot)
        let (day, rest) = kind == .date ? (value, 0) : TimeText.split(value)
        if day != self.day {
            self.day = day
            unsafe TimeText.writeDate(day, out)
            text0 = unsafe Wide.load(UnsafePointer(out))
            text1 = unsafe Wide.load4(UnsafePointer(out + 8))
        } else {
            unsafe Wide.store(text0, out)
            unsafe Wide.store4(text1, out + 8)
        }
        unsafe out += 10
        if kind == .date { return }
        unsafe TimeText.writeTime(rest, out)
        unsafe out += 17
    }
}
