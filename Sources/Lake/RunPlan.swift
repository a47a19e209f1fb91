import Foundation

/// What a run will do: written down before any data is read, and all that a unit needs besides the credentials.
public struct RunPlan: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// The program's version; another version does not go on with the plan.
    public var program: String
    /// The run's identity, by which a writer knows its own entries.
    public var uuid: String
    /// The kind of run.
    public var kind: RunKind
    /// The pipeline's name.
    public var pipeline: String
    /// The checksum of the settings that shape the output; other settings do not go on with the plan.
    public var settings: String
    /// The database that is read.
    public var source: SourceIdentity
    /// The window's end and what was seen when it was taken.
    public var window: WindowPlan
    /// What is exported together.
    public var datasets: [DatasetPlan]
    /// The pieces of work, in order.
    public var units: [UnitPlan]

    /// Makes a plan.
    public init(
        program: String, uuid: String, kind: RunKind, pipeline: String, settings: String, source: SourceIdentity,
        window: WindowPlan, datasets: [DatasetPlan], units: [UnitPlan]
    ) {
        self.program = program
        self.uuid = uuid
        self.kind = kind
        self.pipeline = pipeline
        self.settings = settings
        self.source = source
        self.window = window
        self.datasets = datasets
        self.units = units
    }
}

/// What a run is for.
public enum RunKind: String, Codable, Sendable {
    case export, backfill, repair, replay
}

/// The end of a run's windows: every transaction below it has ended.
public struct WindowPlan: Codable, Hashable, Sendable {
    /// The first transaction id (widened to 64 bits) that is not in the windows: `pg_snapshot_xmin`.
    public var high: Int64
    /// The first id that was not yet given when the window was taken: `pg_snapshot_xmax`.
    public var next: Int64
    /// The server's clock then.
    public var takenAt: Date

    /// Makes a window.
    public init(high: Int64, next: Int64, takenAt: Date) {
        self.high = high
        self.next = next
        self.takenAt = takenAt
    }
}

/// A dataset as a run exports it.
public struct DatasetPlan: Codable, Sendable {
    /// The dataset's name.
    public var name: String
    /// The table it is read from, quoted as SQL wants it.
    public var table: String
    /// The columns of the output.
    public var schema: DatasetSchema
    /// What is read: one expression a field, in COPY order.
    public var fields: [FieldPlan]
    /// The columns that the pipeline asks for no more: they stay in the files, empty.
    public var retired: [String]
    /// The JSON fields that are flattened, and how deep.
    public var flatten: [FlattenPlan]
    /// The parts of the partition path, in order.
    public var partitions: [PartitionPlan]
    /// The user's own condition.
    public var filter: String?
    /// How files are written.
    public var output: OutputPlan
    /// The leaves, each with its window's beginning.
    public var leaves: [LeafPlan]

    /// Makes a dataset's plan.
    public init(
        name: String, table: String, schema: DatasetSchema, fields: [FieldPlan], retired: [String],
        flatten: [FlattenPlan], partitions: [PartitionPlan], filter: String?, output: OutputPlan, leaves: [LeafPlan]
    ) {
        self.name = name
        self.table = table
        self.schema = schema
        self.fields = fields
        self.retired = retired
        self.flatten = flatten
        self.partitions = partitions
        self.filter = filter
        self.output = output
        self.leaves = leaves
    }
}

/// A field of the COPY.
public struct FieldPlan: Codable, Hashable, Sendable {
    /// The table's column.
    public var name: String
    /// The SQL expression that reads it.
    public var expression: String
    /// The wire type, as `Export` names PostgreSQL's types.
    public var type: String

    /// Makes a field.
    public init(name: String, expression: String, type: String) {
        self.name = name
        self.expression = expression
        self.type = type
    }
}

/// A JSON field whose keys become columns.
public struct FlattenPlan: Codable, Hashable, Sendable {
    /// The field's name.
    public var field: String
    /// How many levels of objects are taken apart.
    public var depth: Int

    /// Makes a flattening.
    public init(field: String, depth: Int) {
        self.field = field
        self.depth = depth
    }
}

/// One part of the partition path.
public struct PartitionPlan: Codable, Hashable, Sendable {
    /// What a part is made of.
    public enum Unit: String, Codable, Sendable {
        case value, hour, day, month, year
    }
    /// The field the part is made from.
    public var field: String
    /// How it is cut.
    public var by: Unit
    /// The name in the path.
    public var name: String

    /// Makes a part.
    public init(field: String, by: Unit, name: String) {
        self.field = field
        self.by = by
        self.name = name
    }
}

/// How a dataset's files are written.
public struct OutputPlan: Codable, Hashable, Sendable {
    /// `ndjson` or `csv`.
    public var format: String
    /// For CSV: whether each file begins with the column names.
    public var header: Bool
    /// For CSV: the byte between fields.
    public var delimiter: String
    /// For CSV: how NULL is written.
    public var null: String
    /// `zstd` or `none`.
    public var codec: String
    /// The codec's level.
    public var level: Int
    /// The compressed size in bytes at which a chunk is closed.
    public var chunkBytes: Int
    /// The row count at which a chunk is closed; nil for none.
    public var chunkRows: Int?

    /// Makes an output description.
    public init(
        format: String, header: Bool, delimiter: String, null: String, codec: String, level: Int, chunkBytes: Int,
        chunkRows: Int?
    ) {
        self.format = format
        self.header = header
        self.delimiter = delimiter
        self.null = null
        self.codec = codec
        self.level = level
        self.chunkBytes = chunkBytes
        self.chunkRows = chunkRows
    }
}

/// A leaf as it was when the run was planned; every unit checks that it still is.
public struct LeafPlan: Codable, Hashable, Sendable {
    /// The table's oid.
    public var oid: UInt32
    /// The schema's name.
    public var schema: String
    /// The table's name.
    public var name: String
    /// The file the table lies in; a rewrite changes it.
    public var fileNode: UInt32
    /// The window's beginning: the leaf's watermark; nil when it is read from its beginning.
    public var low: Int64?
    /// How many pages of 8 KiB it had.
    public var pages: Int64
    /// How many rows the statistics guess.
    public var rows: Int64

    /// Makes a leaf.
    public init(
        oid: UInt32, schema: String, name: String, fileNode: UInt32, low: Int64?, pages: Int64, rows: Int64
    ) {
        self.oid = oid
        self.schema = schema
        self.name = name
        self.fileNode = fileNode
        self.low = low
        self.pages = pages
        self.rows = rows
    }

    /// The name as messages have it.
    public var qualifiedName: String { "\(schema).\(name)" }
}

/// A piece of one leaf, read by one worker over one connection, independent of all others.
public struct UnitPlan: Codable, Hashable, Sendable {
    /// The number within the run, from 1.
    public var number: Int
    /// The dataset's name.
    public var dataset: String
    /// The leaf's oid.
    public var leaf: UInt32
    /// The first page.
    public var firstPage: Int64
    /// The page behind the last; nil for a leaf's last unit, which is open-ended.
    public var endPage: Int64?
    /// How many bytes of the table it covers.
    public var bytes: Int64
    /// How many rows it is expected to cover.
    public var rows: Int64

    /// Makes a unit.
    public init(
        number: Int, dataset: String, leaf: UInt32, firstPage: Int64, endPage: Int64?, bytes: Int64, rows: Int64
    ) {
        self.number = number
        self.dataset = dataset
        self.leaf = leaf
        self.firstPage = firstPage
        self.endPage = endPage
        self.bytes = bytes
        self.rows = rows
    }
}
