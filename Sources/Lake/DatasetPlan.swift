import Records

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
    /// The tables that the rows go to; those with an array's elements behind the one that the array is taken out of.
    public var tables: [TablePlan]
    /// The field that tells which table takes a row; nil where there is only one.
    public var split: String?
    /// What is read: one expression a field, in COPY order.
    public var fields: [FieldPlan]
    /// The JSON fields that are flattened, and how deep.
    public var flatten: [FlattenPlan]
    /// What is kept out of the files, or made unreadable before anything is written.
    public var redactions: [RedactionPlan]
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
        key: [KeyPlan] = [], tables: [TablePlan], split: String? = nil, fields: [FieldPlan], flatten: [FlattenPlan],
        redactions: [RedactionPlan] = [], partitions: [PartitionPlan], filter: String?, output: OutputPlan,
        leaves: [LeafPlan], notes: [String] = []
    ) {
        self.name = name
        self.table = table
        self.mode = mode
        self.relation = relation
        self.cursor = cursor
        self.key = key
        self.tables = tables
        self.split = split
        self.fields = fields
        self.flatten = flatten
        self.redactions = redactions
        self.partitions = partitions
        self.filter = filter
        self.output = output
        self.leaves = leaves
        self.notes = notes
    }
}

/// What is kept out of the files, or made unreadable before anything is written.
public struct RedactionPlan: Codable, Hashable, Sendable {
    /// The table's column.
    public var column: String
    /// The steps that lead to the value inside a JSON document; none for the column itself.
    public var path: [PathStep]
    /// What becomes of it.
    public var action: RedactionRule.Action

    /// Makes a redaction.
    public init(column: String, path: [PathStep], action: RedactionRule.Action) {
        self.column = column
        self.path = path
        self.action = action
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
    /// For CSV: `minimal`, or `all`: every value but NULL is quoted.
    public var quote: String
    /// For CSV: `lf` or `crlf`.
    public var lineEnd: String
    /// For NDJSON: `keep`, or `omit`: NULL is absent.
    public var nulls: String
    /// For NDJSON: whether whole numbers, numbers and decimals are strings.
    public var bigintAsString: Bool
    /// What becomes of NaN, infinities and moments out of the calendar: `null`, `string` or `fail`.
    public var specialValues: String
    /// `zstd`, `gzip` or `none`.
    public var codec: String
    /// The codec's level.
    public var level: Int
    /// The compressed size in bytes at which a chunk is closed.
    public var chunkBytes: Int
    /// The row count at which a chunk is closed; nil for none.
    public var chunkRows: Int?

    /// Makes an output description.
    public init(
        format: String, header: Bool = false, delimiter: String = ",", null: String = "", quote: String = "minimal",
        lineEnd: String = "lf", nulls: String = "keep", bigintAsString: Bool = false, specialValues: String = "null",
        codec: String, level: Int, chunkBytes: Int, chunkRows: Int?
    ) {
        self.format = format
        self.header = header
        self.delimiter = delimiter
        self.null = null
        self.quote = quote
        self.lineEnd = lineEnd
        self.nulls = nulls
        self.bigintAsString = bigintAsString
        self.specialValues = specialValues
        self.codec = codec
        self.level = level
        self.chunkBytes = chunkBytes
        self.chunkRows = chunkRows
    }
}
