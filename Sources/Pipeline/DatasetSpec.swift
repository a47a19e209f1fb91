/// One output table: a source table, its columns, its files.
public struct DatasetSpec: Hashable, Sendable {
    /// What is exported.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// What was committed since the last run.
        case incremental
        /// All rows, anew whenever one has changed: for small tables.
        case snapshot
    }

    /// The name: 1 to 63 letters, digits, `_` and `-`; unique in its pipeline whatever its case.
    public var name: String
    /// The table or view that is read; empty when ``query`` is.
    public var table: TableName
    /// A query in the table's place, `:low` and `:high` standing for the window's ends.
    public var query: String?
    /// The columns of the table that identify a row; at least one.
    public var key: [String]
    /// What is exported.
    public var mode: Mode
    /// How an incremental dataset tells what is new.
    public var cursor: CursorSpec
    /// A time column by which old data need not be read.
    public var prune: PruneSpec?
    /// What the first load takes.
    public var initial: InitialSpec
    /// The declared columns, at least one; nil for all of the table's.
    public var columns: [ColumnSpec]?
    /// The JSON columns whose keys become columns.
    public var flatten: [FlattenSpec]
    /// What is left out, or made unreadable.
    public var privacy: PrivacySpec
    /// The names that columns get, by where their values come from.
    public var rename: [FieldPath: String]
    /// Whether the columns may change by what the documents hold.
    public var schema: SchemaSpec
    /// The column whose values each make a dataset of their own.
    public var split: SplitSpec?
    /// How many rows are looked at to find a JSON column's keys, 0 to 10,000,000.
    public var sample: Int
    /// The parts of the partition path, in order.
    public var partitionBy: [PartitionSpec]
    /// How rows are written.
    public var format: FormatSpec
    /// What becomes of values that no file's type holds.
    public var specialValues: SpecialValues
    /// How files are compressed.
    public var compression: CompressionSpec
    /// When a file is closed.
    public var chunk: ChunkSpec
    /// The zone that a `timestamp` without time zone is read in, as PostgreSQL names it; `UTC` is always spelled so.
    public var timestampZone: String
    /// An SQL condition on the table's columns (`where` in the file); nil for all rows.
    public var filter: String?

    /// Makes a dataset.
    public init(
        name: String, table: TableName, query: String? = nil, key: [String], mode: Mode = .incremental,
        cursor: CursorSpec = CursorSpec(), prune: PruneSpec? = nil, initial: InitialSpec = .all,
        columns: [ColumnSpec]? = nil,
        flatten: [FlattenSpec] = [], privacy: PrivacySpec = PrivacySpec(), rename: [FieldPath: String] = [:],
        schema: SchemaSpec = SchemaSpec(), split: SplitSpec? = nil, sample: Int = 10_000,
        partitionBy: [PartitionSpec] = [], format: FormatSpec = .ndjson, specialValues: SpecialValues = .null,
        compression: CompressionSpec = CompressionSpec(), chunk: ChunkSpec = ChunkSpec(),
        timestampZone: String = "UTC", filter: String? = nil
    ) {
        self.name = name
        self.table = table
        self.query = query
        self.key = key
        self.mode = mode
        self.cursor = cursor
        self.prune = prune
        self.initial = initial
        self.columns = columns
        self.flatten = flatten
        self.privacy = privacy
        self.rename = rename
        self.schema = schema
        self.split = split
        self.sample = sample
        self.partitionBy = partitionBy
        self.format = format
        self.specialValues = specialValues
        self.compression = compression
        self.chunk = chunk
        self.timestampZone = timestampZone
        self.filter = filter
    }

    /// The table's columns that are left out whole.
    public var excluded: [String] { privacy.exclude.filter(\.steps.isEmpty).map(\.column) }
}
