/// How a dataset's rows are written.
public enum FormatSpec: Hashable, Sendable {
    /// One JSON object a line.
    case ndjson
    /// RFC 4180 with `\n` as line end.
    case csv(CSVSpec)
}

/// How CSV is written.
public struct CSVSpec: Hashable, Sendable {
    /// Whether each file begins with the column names.
    public var header: Bool
    /// What stands between fields: one ASCII character that is no letter, digit, quote or line end.
    public var delimiter: String
    /// How NULL is written.
    public var null: String

    /// Makes CSV settings.
    public init(header: Bool = true, delimiter: String = ",", null: String = "") {
        self.header = header
        self.delimiter = delimiter
        self.null = null
    }
}

/// How files are compressed.
public struct CompressionSpec: Hashable, Sendable {
    /// How.
    public enum Codec: String, Hashable, Sendable, CaseIterable {
        case zstd, none
    }

    /// How.
    public var codec: Codec
    /// For zstd: 1 (fast) to 19 (small).
    public var level: Int

    /// Makes compression settings.
    public init(codec: Codec = .zstd, level: Int = 3) {
        self.codec = codec
        self.level = level
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
