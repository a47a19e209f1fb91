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
