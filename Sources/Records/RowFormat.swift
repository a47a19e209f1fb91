/// How rows are written.
public enum RowFormat: Sendable, Hashable {
    /// One JSON object a line.
    case ndjson
    /// Comma-separated values (RFC 4180, with LF as line end).
    case csv(CSVOptions)
}

/// Settings of CSV.
public struct CSVOptions: Sendable, Hashable {
    /// Whether a file begins with the column names.
    public var header = true
    /// The byte between fields; no quote, no line end.
    public var delimiter = UInt8(ascii: ",")
    /// How NULL is written, unquoted; a value of the same text is quoted.
    public var null = ""

    /// The defaults: a header, commas, NULL as an empty field.
    public init() {}
}
