import Foundation

/// A finished unit: put if absent, so the first result counts.
public struct UnitResult: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// The unit's number.
    public var unit: Int
    /// Which attempt at the run finished it.
    public var attempt: Int
    /// The dataset's name.
    public var dataset: String
    /// The leaf's oid.
    public var leaf: UInt32
    /// The rows read.
    public var rows: Int64
    /// The COPY bytes read.
    public var bytesRead: Int64
    /// The chunks written.
    public var chunks: [ChunkRecord]
    /// What no column took, by path.
    public var strays: [StrayCount]
    /// A few of the leaf's rows, by which a later run recognises a harmless rewrite.
    public var sample: [RowMark]
    /// Of a dataset that goes by a time column: the rows that no window ever holds.
    public var unplaced: Unplaced?
    /// Rows that seemed new but are far too old: their transaction ids have been given again. They were not exported.
    public var refused: Int64
    /// Of a snapshot dataset: what tells whether its rows are others next time.
    public var fingerprint: String?
    /// When the unit was finished.
    public var finished: Date

    /// Makes a result.
    public init(
        unit: Int, attempt: Int, dataset: String, leaf: UInt32, rows: Int64, bytesRead: Int64, chunks: [ChunkRecord],
        strays: [StrayCount], sample: [RowMark] = [], unplaced: Unplaced? = nil, refused: Int64 = 0,
        fingerprint: String? = nil,
        finished: Date
    ) {
        self.unit = unit
        self.attempt = attempt
        self.dataset = dataset
        self.leaf = leaf
        self.rows = rows
        self.bytesRead = bytesRead
        self.chunks = chunks
        self.strays = strays
        self.sample = sample
        self.unplaced = unplaced
        self.refused = refused
        self.fingerprint = fingerprint
        self.finished = finished
    }
}

/// Rows whose time is in no window.
public struct Unplaced: Codable, Hashable, Sendable {
    /// Rows without a value.
    public var nulls: Int64
    /// Rows whose value is infinite.
    public var infinite: Int64

    /// Makes a count.
    public init(nulls: Int64, infinite: Int64) {
        self.nulls = nulls
        self.infinite = infinite
    }
}

/// One output file.
public struct ChunkRecord: Codable, Hashable, Sendable {
    /// The key in the destination.
    public var key: String
    /// The dataset's name.
    public var dataset: String
    /// The table's: the dataset's, or that of one made of it.
    public var table: String
    /// Whether its rows are elements of arrays, and not rows of the source.
    public var hasItems: Bool
    /// The leaf its rows came from.
    public var leaf: UInt32
    /// The version of the table's columns that it has.
    public var schema: Int
    /// The rows.
    public var rows: Int64
    /// The size of the object in bytes.
    public var bytes: Int64
    /// The size before compression in bytes.
    public var rawBytes: Int64
    /// The SHA-256 of the object, in hexadecimal.
    public var sha256: String
    /// The least and greatest moment of each time column that the rows are partitioned by.
    public var ranges: [String: TimeRange]

    /// Makes a record.
    public init(
        key: String, dataset: String, table: String, hasItems: Bool = false, leaf: UInt32, schema: Int, rows: Int64,
        bytes: Int64, rawBytes: Int64, sha256: String, ranges: [String: TimeRange]
    ) {
        self.key = key
        self.dataset = dataset
        self.table = table
        self.hasItems = hasItems
        self.leaf = leaf
        self.schema = schema
        self.rows = rows
        self.bytes = bytes
        self.rawBytes = rawBytes
        self.sha256 = sha256
        self.ranges = ranges
    }
}

/// The moments between which a chunk's rows lie.
public struct TimeRange: Codable, Hashable, Sendable {
    /// The least moment, in microseconds since 2000-01-01 UTC.
    public var least: Int64
    /// The greatest moment, likewise.
    public var greatest: Int64

    /// Makes a range.
    public init(least: Int64, greatest: Int64) {
        self.least = least
        self.greatest = greatest
    }

    /// Widens the range by a moment.
    public mutating func include(_ moment: Int64) {
        least = min(least, moment)
        greatest = max(greatest, moment)
    }
}

/// How often values at a path went to `_extra`.
public struct StrayCount: Codable, Hashable, Sendable {
    /// The table in whose `_extra` they are.
    public var table: String
    /// The JSON Pointer, its first step the source's column.
    public var pointer: String
    /// How many values no column is planned for.
    public var unplanned: Int64
    /// How many values did not fit their column's type.
    public var misfits: Int64
    /// How many values of another kind their column, a string's, holds as text: they are in `_extra` as they were, too.
    public var widened: Int64
    /// The kinds of JSON value seen there.
    public var kinds: [String]

    /// Makes a count.
    public init(table: String, pointer: String, unplanned: Int64, misfits: Int64, widened: Int64 = 0, kinds: [String]) {
        self.table = table
        self.pointer = pointer
        self.unplanned = unplanned
        self.misfits = misfits
        self.widened = widened
        self.kinds = kinds
    }

    /// Adds up counts of the same paths, sorted by table and path.
    public static func sum(_ counts: some Sequence<StrayCount>) -> [StrayCount] {
        var sums: [Place: StrayCount] = [:]
        for count in counts {
            let place = Place(table: count.table, pointer: count.pointer)
            guard var sum = sums[place] else {
                sums[place] = count
                continue
            }
            sum.unplanned += count.unplanned
            sum.misfits += count.misfits
            sum.widened += count.widened
            sum.kinds = Array(Set(sum.kinds + count.kinds)).sorted()
            sums[place] = sum
        }
        return sums.values.sorted { ($0.table, $0.pointer) < ($1.table, $1.pointer) }
    }

    private struct Place: Hashable {
        let table: String
        let pointer: String
    }
}
