/// How rows are written.
public enum RowFormat: Sendable, Hashable {
    /// One JSON object a line.
    case json(JSONOptions)
    /// Comma-separated values (RFC 4180).
    case csv(CSVOptions)

    /// One JSON object a line, with the default settings.
    public static let ndjson = RowFormat.json(JSONOptions())
}

/// Settings of NDJSON.
public struct JSONOptions: Sendable, Hashable {
    /// Whether NULL is left out, as a missing key is, instead of written as `null`.
    public var omitsNulls = false
    /// Whether whole numbers, numbers and decimals are written as strings, for readers that round them.
    public var quotesNumbers = false

    /// The defaults: `null` for NULL, numbers as numbers.
    public init() {}
}

/// Settings of CSV.
public struct CSVOptions: Sendable, Hashable {
    /// Whether a file begins with the column names.
    public var header = true
    /// The byte between fields; no quote, no line end.
    public var delimiter = UInt8(ascii: ",")
    /// How NULL is written, unquoted; a value of the same text is quoted.
    public var null = ""
    /// Whether every value but NULL is quoted, and not only those that must be.
    public var quotesAll = false
    /// Whether lines end in CR LF and not in LF.
    public var endsInCRLF = false

    /// The defaults: a header, commas, NULL as an empty field, quotes where they must be, LF.
    public init() {}
}
