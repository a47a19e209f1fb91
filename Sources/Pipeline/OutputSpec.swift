/// How a dataset's rows are written.
public enum FormatSpec: Hashable, Sendable {
    /// One JSON object a line.
    case json(JSONSpec)
    /// RFC 4180.
    case csv(CSVSpec)

    /// One JSON object a line, with the default settings.
    public static let ndjson = FormatSpec.json(JSONSpec())
}

/// How NDJSON is written.
public struct JSONSpec: Hashable, Sendable {
    /// What becomes of NULL.
    public enum Nulls: String, Hashable, Sendable, CaseIterable {
        /// It is `null`; only the keys that a document does not have are absent.
        case keep
        /// It is absent like a missing key.
        case omit
    }

    /// What becomes of NULL.
    public var nulls: Nulls
    /// Whether whole numbers, numbers and decimals are strings.
    public var bigintAsString: Bool

    /// Makes NDJSON settings.
    public init(nulls: Nulls = .keep, bigintAsString: Bool = false) {
        self.nulls = nulls
        self.bigintAsString = bigintAsString
    }
}

/// What becomes of a value of the table's own columns that no file's type holds: NaN, the infinities, moments before the
/// year 1 or after 9999.
public enum SpecialValues: String, Hashable, Sendable, CaseIterable {
    /// The cell is empty, the text is in `_extra` and counted.
    case null
    /// The cell holds the text that PostgreSQL prints.
    case string
    /// The run fails.
    case fail
}

/// How CSV is written.
public struct CSVSpec: Hashable, Sendable {
    /// Who is to read it.
    public enum Preset: String, Hashable, Sendable, CaseIterable {
        case postgres, snowflake, redshift, bigquery, duckdb
    }
    /// What is put in quotes.
    public enum Quote: String, Hashable, Sendable, CaseIterable {
        /// What must be.
        case minimal
        /// All but NULL.
        case all
    }
    /// What a line ends in.
    public enum LineEnd: String, Hashable, Sendable, CaseIterable {
        case lf, crlf
    }

    /// Whether each file begins with the column names.
    public var header: Bool
    /// What stands between fields: one ASCII character that is no letter, digit, quote or line end.
    public var delimiter: String
    /// How NULL is written.
    public var null: String
    /// What is put in quotes.
    public var quote: Quote
    /// What a line ends in.
    public var lineEnd: LineEnd

    /// Makes CSV settings.
    public init(
        header: Bool = true, delimiter: String = ",", null: String = "", quote: Quote = .minimal,
        lineEnd: LineEnd = .lf
    ) {
        self.header = header
        self.delimiter = delimiter
        self.null = null
        self.quote = quote
        self.lineEnd = lineEnd
    }

    /// Makes the settings that a reader understands best.
    public init(_ preset: Preset) {
        switch preset {
        case .postgres, .duckdb: self.init()
        // Its default for fields without quotes takes a backslash for an escape.
        case .snowflake: self.init(quote: .all)
        // Both tell NULL by a marker; an empty field is an empty string.
        case .redshift, .bigquery: self.init(null: "\\N")
        }
    }
}

/// How files are compressed.
public struct CompressionSpec: Hashable, Sendable {
    /// How.
    public enum Codec: String, Hashable, Sendable, CaseIterable {
        case zstd, gzip, none

        /// The levels that it has.
        public var levels: ClosedRange<Int> { self == .gzip ? 1...9 : 1...19 }
        /// The level that it has when none is given.
        public var defaultLevel: Int { self == .gzip ? 6 : 3 }
    }

    /// How.
    public var codec: Codec
    /// From 1 (fast) to 19 (small) for zstd, to 9 for gzip.
    public var level: Int

    /// Makes compression settings; without a level the codec's default.
    public init(codec: Codec = .zstd, level: Int? = nil) {
        self.codec = codec
        self.level = level ?? codec.defaultLevel
    }
}

/// When a file is closed and the next one begun.
public struct ChunkSpec: Hashable, Sendable {
    /// The compressed size in bytes, 1 MiB to 5 GiB.
    public var targetSize: Int
    /// The most rows, at least 1; nil for any number.
    public var rows: Int?

    /// Makes chunk settings.
    public init(targetSize: Int = 128 << 20, rows: Int? = nil) {
        self.targetSize = targetSize
        self.rows = rows
    }
}
