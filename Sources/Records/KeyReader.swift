#if canImport(Glibc)
    import Glibc
#endif

/// Reads rows that a ``RowEncoder`` wrote, and gives the key of each: the values of a few of its columns.
///
/// It takes a file in pieces, cut anywhere, and holds no more than the row that a cut goes through. Values come as the text
/// that they stand for, without escapes and quotes, so the same row gives the same key from NDJSON and from CSV.
@safe public struct KeyReader: ~Copyable {
    /// The rows read so far.
    public private(set) var rows: Int64 = 0

    let format: RowFormat
    let columns: [Column]
    let keys: [Key]
    /// The place of each key column's value in the present row.
    var places: [Place]
    /// The greatest index of a key column.
    let lastColumn: Int
    private var ends: RowEnds
    private var carry = ByteBuffer()
    private var key = ByteBuffer()
    private var awaitsHeader: Bool

    /// So much is kept for the next row that a cut goes through.
    private static let carryKept = 1 << 20

    /// A key column.
    struct Key {
        let column: Int
        let kind: ColumnKind
        /// What stands before its value in NDJSON: `"name":`.
        let name: [UInt8]
    }

    /// Where a value lies in its row.
    struct Place {
        var offset = 0
        /// In bytes; -1 for NULL or missing.
        var length = -1
        /// Whether escapes, or in CSV doubled quotes, are to be undone.
        var isEscaped = false
    }

    /// Prepares for a file.
    ///
    /// - Parameters:
    ///   - format: how it was written.
    ///   - columns: its columns, in order.
    ///   - key: the indexes of the key's columns, in the key's order.
    public init(format: RowFormat, columns: [Column], key: [Int]) {
        self.format = format
        self.columns = columns
        ends = RowEnds(format)
        keys = key.map { index in
            var name = ByteBuffer()
            var text = columns[index].name
            text.withUTF8 { unsafe JSONText.appendString($0.baseAddress, $0.count, to: &name) }
            name.append(UInt8(ascii: ":"))
            return Key(
                column: index, kind: ColumnKind(columns[index].type),
                name: unsafe Array(UnsafeBufferPointer(start: name.base, count: name.count)))
        }
        places = Array(repeating: Place(), count: key.count)
        lastColumn = key.max() ?? -1
        if case .csv(let options) = format { awaitsHeader = options.header } else { awaitsHeader = false }
    }

    /// Reads the next piece of the file.
    ///
    /// - Parameters:
    ///   - bytes: the piece.
    ///   - sink: called with each row's key, see ``KeyBytes``; it is valid during the call only.
    /// - Throws: ``RowFileError`` when the rows are not as a ``RowEncoder`` writes them; what `sink` throws.
    public mutating func read(_ bytes: Span<UInt8>, to sink: (RawSpan) throws -> Void) throws {
        try unsafe bytes.withUnsafeBufferPointer { buffer in
            guard var next = buffer.baseAddress else { return }
            let end = unsafe next + buffer.count
            while let rowEnd = unsafe ends.next(next, end) {
                if carry.count == 0 {
                    try unsafe take(next, rowEnd - next, sink)
                } else {
                    unsafe carry.append(start: UnsafeRawPointer(next), count: rowEnd - next)
                    let row = exchange(&carry, with: ByteBuffer())
                    try unsafe take(UnsafePointer(row.base), row.count, sink)
                    carry = row
                    carry.removeAll(keepingAtMost: Self.carryKept)
                }
                unsafe next = rowEnd + 1
            }
            unsafe carry.append(start: UnsafeRawPointer(next), count: end - next)
        }
    }

    /// Ends the file.
    ///
    /// - Throws: ``RowFileError`` when it ends within a row, or before its header.
    public mutating func finish() throws {
        guard carry.count == 0, !ends.isInQuotes else {
            throw RowFileError(row: rows + 1, reason: "the file ends within it")
        }
        guard !awaitsHeader else { throw RowFileError(row: 0, reason: "the file has no header") }
    }

    /// Takes one row, without its line end.
    private mutating func take(
        _ row: UnsafePointer<UInt8>, _ count: Int, _ sink: (RawSpan) throws -> Void
    ) throws {
        if awaitsHeader {
            try unsafe checkHeader(row, count)
            awaitsHeader = false
            return
        }
        rows += 1
        for index in places.indices { places[index].length = -1 }
        key.removeAll(keepingAtMost: Self.carryKept)
        if case .csv(let options) = format {
            var count = count
            if options.endsInCRLF {
                guard unsafe count > 0 && row[count - 1] == UInt8(ascii: "\r") else {
                    throw flaw("it does not end in CR LF")
                }
                count -= 1
            }
            try unsafe findFields(row, count, delimiter: options.delimiter, null: options.null)
            for index in places.indices { unsafe Self.appendField(places[index], row, to: &key) }
        } else {
            try unsafe findMembers(row, count)
            for index in keys.indices { unsafe Self.appendMember(places[index], keys[index].kind, row, to: &key) }
        }
        try sink(key.bytes)
    }

    /// What is wrong with the present row.
    func flaw(_ reason: String) -> RowFileError { RowFileError(row: rows, reason: reason) }
}

/// Why a file's rows could not be read.
public struct RowFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The row's number, from 1; 0 is the header.
    public let row: Int64
    /// What is wrong with it.
    public let reason: String

    /// A sentence for the operator.
    public var description: String {
        row == 0 ? "Cannot read its rows: \(reason)." : "Cannot read row \(row): \(reason)."
    }
}
