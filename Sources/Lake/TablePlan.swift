import Records

/// One output table that a dataset's rows go to: the dataset itself, or a dataset made of it by `split_by` or
/// `arrays: explode`.
public struct TablePlan: Codable, Hashable, Sendable {
    /// Which of the dataset's rows are the table's.
    public enum Share: Codable, Hashable, Sendable {
        /// All.
        case all
        /// Those with this value in the column that the dataset is split by; nil: with NULL.
        case value(String?)
        /// Those that no other table takes.
        case others
    }

    /// Where the rows of a table come from that holds an array's elements.
    public struct Items: Codable, Hashable, Sendable {
        /// The table that the arrays are taken out of.
        public var parent: String
        /// The field that holds the documents.
        public var field: String
        /// The keys from that table's document, or element, to the array.
        public var path: [String]
        /// How many arrays are around an element: 1, or more for arrays within elements.
        public var level: Int
        /// The pointer at the elements, places left out: `/payload/items`.
        public var pointer: String

        /// Describes an array.
        public init(parent: String, field: String, path: [String], level: Int, pointer: String) {
            self.parent = parent
            self.field = field
            self.path = path
            self.level = level
            self.pointer = pointer
        }
    }

    /// The name: the folder in the lake.
    public var name: String
    /// The columns.
    public var schema: DatasetSchema
    /// The columns that the pipeline asks for no more: they stay in the files, empty.
    public var retired: [String]
    /// Which rows it takes.
    public var share: Share
    /// Of what array it holds the elements; nil for a table of rows.
    public var items: Items?
    /// What is changed with this version of the columns; none where the lake has the version already.
    public var changes: [SchemaChange]

    /// Makes a table.
    public init(
        name: String, schema: DatasetSchema, retired: [String] = [], share: Share = .all, items: Items? = nil,
        changes: [SchemaChange] = []
    ) {
        self.name = name
        self.schema = schema
        self.retired = retired
        self.share = share
        self.items = items
        self.changes = changes
    }
}

/// What the log says of an output table.
public struct TableState: Codable, Sendable {
    /// The columns at present.
    public var schema: DatasetSchema
    /// Which of the dataset's rows it takes.
    public var share: TablePlan.Share
    /// Of what array it holds the elements; nil for a table of rows.
    public var items: TablePlan.Items?
    /// The versions of the columns, oldest first.
    public var history: [SchemaVersion]
    /// What went to `_extra` so far and might get a column of its own, at most ``straysKept`` paths.
    public var strays: [StrayCount] = []

    /// So many paths are remembered.
    public static let straysKept = 2_000

    /// Begins a table.
    public init(
        schema: DatasetSchema, share: TablePlan.Share, items: TablePlan.Items?, history: [SchemaVersion]
    ) {
        self.schema = schema
        self.share = share
        self.items = items
        self.history = history
    }

    /// Takes a version of the columns up.
    mutating func take(_ table: TablePlan, _ output: OutputPlan, entry: Int) {
        // A version is what it was when it came.
        guard table.schema.version > history.last?.version ?? 0 else { return }
        schema = table.schema
        history.append(
            SchemaVersion(
                version: table.schema.version, entry: entry, columns: table.schema.columns.count, output: output,
                changes: table.changes))
        // What has a column now, or a wider one, is counted anew.
        let settled = Set(
            table.changes.compactMap { change in
                schema.columns.first { $0.name == change.column }.map { column in
                    column.pointer(below: items?.pointer ?? "/" + JSONText.pointerStep(column.field ?? ""))
                }
            })
        strays.removeAll { settled.contains($0.pointer) }
    }

    /// Adds what a run met.
    mutating func add(_ more: [StrayCount]) {
        guard !more.isEmpty else { return }
        strays = StrayCount.sum(strays + more)
        guard strays.count > Self.straysKept else { return }
        strays.sort { ($1.unplanned + $1.misfits, $0.pointer) < ($0.unplanned + $0.misfits, $1.pointer) }
        strays.removeLast(strays.count - Self.straysKept)
        strays.sort { $0.pointer < $1.pointer }
    }
}
