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
    /// The lake's version that it was planned at.
    public var version: Int
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
    /// The files that the commit removes, because the run writes their rows anew.
    public var replaces: ReplacePlan?
    /// For a backfill: what it rewrites.
    public var backfill: BackfillPlan?
    /// The datasets whose former watermarks the commit forgets.
    public var resets: [String]
    /// Whether more of a large first load follows when this is committed.
    public var isStep: Bool

    /// Makes a plan.
    public init(
        program: String, uuid: String, kind: RunKind, version: Int = 0, pipeline: String, settings: String,
        source: SourceIdentity, window: WindowPlan, datasets: [DatasetPlan], units: [UnitPlan],
        replaces: ReplacePlan? = nil,
        backfill: BackfillPlan? = nil, resets: [String] = [], isStep: Bool = false
    ) {
        self.program = program
        self.uuid = uuid
        self.kind = kind
        self.version = version
        self.pipeline = pipeline
        self.settings = settings
        self.source = source
        self.window = window
        self.datasets = datasets
        self.units = units
        self.replaces = replaces
        self.backfill = backfill
        self.resets = resets
        self.isStep = isStep
    }
}

/// What a run is for.
public enum RunKind: String, Codable, Sendable, CaseIterable {
    case export, backfill, repair, replay
}

/// The files whose rows a run writes anew.
public struct ReplacePlan: Codable, Hashable, Sendable {
    /// Their keys.
    public var keys: [String]
    /// How many rows they hold.
    public var rows: Int64
    /// Whether the run may commit fewer rows than that.
    public var allowFewer: Bool

    /// Makes a list of files.
    public init(keys: [String], rows: Int64, allowFewer: Bool) {
        self.keys = keys
        self.rows = rows
        self.allowFewer = allowFewer
    }
}

/// A range of a dataset's time that one run rewrites, as a part of what the operator asked for.
public struct BackfillPlan: Codable, Hashable, Sendable {
    /// The dataset's name.
    public var dataset: String
    /// The time column that output partitions are cut by.
    public var column: String
    /// The first moment, in microseconds since 2000-01-01 UTC.
    public var from: Int64
    /// The moment behind the last, likewise.
    public var to: Int64
    /// The whole range that was asked for: its first moment.
    public var requestFrom: Int64
    /// The moment behind its last.
    public var requestTo: Int64
    /// Which rows are written.
    public var written: TimeBound

    /// Makes a range.
    public init(
        dataset: String, column: String, from: Int64, to: Int64, requestFrom: Int64, requestTo: Int64,
        written: TimeBound
    ) {
        self.dataset = dataset
        self.column = column
        self.from = from
        self.to = to
        self.requestFrom = requestFrom
        self.requestTo = requestTo
        self.written = written
    }
}

/// The end of a run's windows: every transaction below it has ended.
public struct WindowPlan: Codable, Hashable, Sendable {
    /// The first transaction id (widened to 64 bits) that is not in the windows: `pg_snapshot_xmin`.
    public var high: Int64
    /// The first id that was not yet given when the window was taken: `pg_snapshot_xmax`.
    public var next: Int64
    /// The server's clock then.
    public var takenAt: Date
    /// When the oldest transaction began that was open before the snapshot was taken, in microseconds since 2000-01-01
    /// UTC; nil where that cannot be known for sure. A later window gets its floor from it.
    public var oldest: Int64?

    /// Makes a window.
    public init(high: Int64, next: Int64, takenAt: Date, oldest: Int64? = nil) {
        self.high = high
        self.next = next
        self.takenAt = takenAt
        self.oldest = oldest
    }
}

/// A dataset as a run exports it.
public struct DatasetPlan: Codable, Sendable {
    /// How rows are found.
    public enum Mode: String, Codable, Sendable {
        /// Leaf by leaf, by the transaction that wrote a row.
        case transactions
        /// By a time column of a relation whose rows carry no transaction.
        case column
        /// All of a relation, each time anew.
        case snapshot
    }

    /// The dataset's name.
    public var name: String
    /// The table it is read from, for people.
    public var table: String
    /// How rows are found.
    public var mode: Mode
    /// For all but ``Mode/transactions``: what stands behind FROM, a quoted name or a query in parentheses.
    public var relation: String?
    /// For ``Mode/column``: the column and its type, without a range.
    public var cursor: TimeBound?
    /// The columns that identify a row, each with its SQL type.
    public var key: [KeyPlan]
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
    /// The leaves, each with its window.
    public var leaves: [LeafPlan]
    /// What people should know of how it is read.
    public var notes: [String]

    /// Makes a dataset's plan.
    public init(
        name: String, table: String, mode: Mode = .transactions, relation: String? = nil, cursor: TimeBound? = nil,
        key: [KeyPlan] = [], schema: DatasetSchema, fields: [FieldPlan], retired: [String], flatten: [FlattenPlan],
        partitions: [PartitionPlan], filter: String?, output: OutputPlan, leaves: [LeafPlan], notes: [String] = []
    ) {
        self.name = name
        self.table = table
        self.mode = mode
        self.relation = relation
        self.cursor = cursor
        self.key = key
        self.schema = schema
        self.fields = fields
        self.retired = retired
        self.flatten = flatten
        self.partitions = partitions
        self.filter = filter
        self.output = output
        self.leaves = leaves
        self.notes = notes
    }
}

/// A column of a dataset's key.
public struct KeyPlan: Codable, Hashable, Sendable {
    /// The table's column.
    public var column: String
    /// Its type as SQL writes it.
    public var type: String

    /// Makes a key column.
    public init(column: String, type: String) {
        self.column = column
        self.type = type
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
    /// The table's oid; 0 for a query.
    public var oid: UInt32
    /// The schema's name.
    public var schema: String
    /// The table's name.
    public var name: String
    /// The file the table lies in, which a rewrite changes; 0 for what has none.
    public var fileNode: UInt32
    /// The window's beginning: the leaf's watermark; nil when it is read from its beginning.
    public var low: Int64?
    /// The window's end.
    public var high: Int64
    /// What else a row must satisfy: a floor, a backfill's range, the first load's beginning.
    public var bounds: [TimeBound]
    /// What a first load leaves out; nil for nothing.
    public var begin: Beginning?
    /// Whether rows of the window outside of ``bounds`` are to be counted: they only look new.
    public var countsRefused = false
    /// How many pages of 8 KiB it had.
    public var pages: Int64
    /// How many rows the statistics guess.
    public var rows: Int64
    /// What the statistics say was updated and deleted.
    public var changes: LeafChanges
    /// Why no unit reads it, for people; nil where one does.
    public var pruned: String?

    /// Makes a leaf.
    public init(
        oid: UInt32, schema: String, name: String, fileNode: UInt32, low: Int64?, high: Int64, bounds: [TimeBound] = [],
        begin: Beginning? = nil, pages: Int64, rows: Int64, changes: LeafChanges = LeafChanges(), pruned: String? = nil
    ) {
        self.oid = oid
        self.schema = schema
        self.name = name
        self.fileNode = fileNode
        self.low = low
        self.high = high
        self.bounds = bounds
        self.begin = begin
        self.pages = pages
        self.rows = rows
        self.changes = changes
        self.pruned = pruned
    }

    /// The name as messages have it.
    public var qualifiedName: String { schema.isEmpty ? name : "\(schema).\(name)" }
}

/// A piece of one leaf, read by one worker over one connection, independent of all others.
public struct UnitPlan: Codable, Hashable, Sendable {
    /// The number within the run, from 1.
    public var number: Int
    /// The dataset's name.
    public var dataset: String
    /// The leaf's oid.
    public var leaf: UInt32
    /// How it is cut out of the leaf.
    public var piece: Piece
    /// How many bytes of the table it covers.
    public var bytes: Int64
    /// How many rows it is expected to cover.
    public var rows: Int64

    /// A piece of a leaf.
    public enum Piece: Codable, Hashable, Sendable {
        /// All of it, as the relation gives it.
        case whole
        /// Pages from one to the one before the other; the last piece of a leaf is open-ended.
        case pages(from: Int64, to: Int64?)
        /// A range of an indexed time column.
        case times(TimeBound)
        /// The rows with these keys: the values of each as text.
        case keys([[String?]])
    }

    /// Makes a unit.
    public init(
        number: Int, dataset: String, leaf: UInt32, piece: Piece, bytes: Int64, rows: Int64
    ) {
        self.number = number
        self.dataset = dataset
        self.leaf = leaf
        self.piece = piece
        self.bytes = bytes
        self.rows = rows
    }
}
