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
    /// What tells the key of hashed values from another one; nil where nothing is hashed.
    public var hashKey: String?
    /// Whether more of a large first load follows when this is committed.
    public var isStep: Bool

    /// Makes a plan.
    public init(
        program: String, uuid: String, kind: RunKind, version: Int = 0, pipeline: String, settings: String,
        source: SourceIdentity, window: WindowPlan, datasets: [DatasetPlan], units: [UnitPlan],
        replaces: ReplacePlan? = nil,
        backfill: BackfillPlan? = nil, resets: [String] = [], hashKey: String? = nil,
        isStep: Bool = false
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
        self.hashKey = hashKey
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
