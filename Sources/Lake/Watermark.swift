/// How far a leaf has been exported.
public struct Watermark: Codable, Hashable, Sendable {
    /// The leaf's oid, by which it is known; 0 for a query.
    public var leaf: UInt32
    /// Its name at that time, for people.
    public var name: String
    /// The file it lay in; 0 for what has none.
    public var fileNode: UInt32
    /// The end of its last committed window: a transaction id, or a moment in microseconds since 2000-01-01 UTC.
    public var high: Int64
    /// The column that ``high`` is a moment of; nil where rows go by their transaction.
    public var column: String?
    /// What the first load left out on purpose; nil for nothing.
    public var begin: Beginning?
    /// What was changed in the leaf in place of being added, as its statistics said.
    public var changes: LeafChanges
    /// A few of the exported rows, by which a harmless rewrite of the table is told from one that made new versions.
    public var sample: [RowMark]

    /// Makes a watermark.
    public init(
        leaf: UInt32, name: String, fileNode: UInt32, high: Int64, column: String? = nil, begin: Beginning? = nil,
        changes: LeafChanges = LeafChanges(), sample: [RowMark] = []
    ) {
        self.leaf = leaf
        self.name = name
        self.fileNode = fileNode
        self.high = high
        self.column = column
        self.begin = begin
        self.changes = changes
        self.sample = sample
    }
}

/// Where a leaf's export began, if not with its first row.
public struct Beginning: Codable, Hashable, Sendable {
    /// The end of the first window: rows at or above it are exported whatever their time.
    public var high: Int64
    /// Which rows below it are exported as well, by the first load or by a backfill since; none for none of them.
    public var bounds: [TimeBound]

    /// Makes a beginning.
    public init(high: Int64, bounds: [TimeBound]) {
        self.high = high
        self.bounds = bounds
    }

    /// Adds what a backfill has brought.
    mutating func include(_ range: TimeBound) {
        var range = range
        // Day by day, what follows on what is there makes one range of the two.
        bounds.removeAll { known in
            guard known.column == range.column, known.type == range.type, known.zone == range.zone,
                let from = range.from, let to = range.to, known.from ?? .min <= to, known.to ?? .max >= from
            else { return false }
            range.from = known.from.map { min($0, from) }
            range.to = known.to.map { max($0, to) }
            return true
        }
        bounds.append(range)
    }
}

/// How many rows of a leaf were updated and deleted since its statistics began.
public struct LeafChanges: Codable, Hashable, Sendable {
    /// Rows updated.
    public var updated: Int64
    /// Rows deleted.
    public var deleted: Int64

    /// Makes a count.
    public init(updated: Int64 = 0, deleted: Int64 = 0) {
        self.updated = updated
        self.deleted = deleted
    }
}

/// A row and the transaction that wrote it.
public struct RowMark: Codable, Hashable, Sendable {
    /// The values of the dataset's key, as text; nil is NULL.
    public var key: [String?]
    /// The row's `xmin`, 32 bits.
    public var xmin: UInt32

    /// Makes a mark.
    public init(key: [String?], xmin: UInt32) {
        self.key = key
        self.xmin = xmin
    }
}

/// A range of a time column.
public struct TimeBound: Codable, Hashable, Sendable {
    /// The table's column.
    public var column: String
    /// Its type: `timestamptz`, `timestamp` or `date`.
    public var type: String
    /// The zone that a `timestamp` is read in.
    public var zone: String
    /// The first moment, in microseconds since 2000-01-01 UTC; nil for no bound.
    public var from: Int64?
    /// The moment behind the last, likewise.
    public var to: Int64?
    /// Whether rows without a value belong to it.
    public var keepsNull: Bool

    /// Makes a range.
    public init(column: String, type: String, zone: String = "UTC", from: Int64?, to: Int64?, keepsNull: Bool = false) {
        self.column = column
        self.type = type
        self.zone = zone
        self.from = from
        self.to = to
        self.keepsNull = keepsNull
    }
}
