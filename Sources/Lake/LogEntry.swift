import Foundation

/// A numbered entry of the log, the one place where anything is decided.
public struct LogEntry: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// When it was written, by the writer's clock.
    public var time: Date
    /// The pipeline that the destination belongs to.
    public var pipeline: String
    /// The source that it was filled from.
    public var source: SourceIdentity
    /// What the entry says.
    public var change: Change

    /// Makes an entry.
    public init(time: Date, pipeline: String, source: SourceIdentity, change: Change) {
        self.time = time
        self.pipeline = pipeline
        self.source = source
        self.change = change
    }

    /// The four kinds of entry.
    public enum Change: Sendable {
        /// A run begins; the entry's number is the run's number.
        case open(Open)
        /// An open run is taken over.
        case take(Take)
        /// A run is finished: its files exist from here on.
        case commit(Commit)
        /// A run is given up: only after this entry are its chunks deleted.
        case abandon(Abandon)
    }

    /// Who runs.
    public struct Holder: Codable, Hashable, Sendable, CustomStringConvertible {
        /// The machine's name.
        public var host: String
        /// The process's id there.
        public var process: Int32
        /// When it began.
        public var started: Date

        /// Names a holder.
        public init(host: String, process: Int32, started: Date) {
            self.host = host
            self.process = process
            self.started = started
        }

        /// The holder as messages have it.
        public var description: String { "process \(process) on \(host), since \(LakeJSON.text(started))" }
    }

    /// A run begins.
    public struct Open: Codable, Hashable, Sendable {
        /// The kind of run.
        public var kind: RunKind
        /// The run's identity.
        public var uuid: String
        /// The SHA-256 of the plan, which is written right after this entry.
        public var plan: String
        /// Who opened it.
        public var holder: Holder

        /// Makes the entry's text.
        public init(kind: RunKind, uuid: String, plan: String, holder: Holder) {
            self.kind = kind
            self.uuid = uuid
            self.plan = plan
            self.holder = holder
        }
    }

    /// An open run is taken over.
    public struct Take: Codable, Hashable, Sendable {
        /// The run's number.
        public var run: Int
        /// Which attempt begins, from 2.
        public var attempt: Int
        /// Who took it.
        public var holder: Holder

        /// Makes the entry's text.
        public init(run: Int, attempt: Int, holder: Holder) {
            self.run = run
            self.attempt = attempt
            self.holder = holder
        }
    }

    /// A run is finished.
    public struct Commit: Codable, Sendable {
        /// The run's number.
        public var run: Int
        /// The run's identity.
        public var uuid: String
        /// Which attempt finished it.
        public var attempt: Int
        /// The end of the windows that were exported.
        public var window: WindowPlan
        /// The files that exist from here on.
        public var added: [ChunkRecord]
        /// The keys of files that readers no longer take from here on.
        public var removed: [String]
        /// The watermarks that an export moved, per dataset.
        public var watermarks: [String: [Watermark]]
        /// The tables that begin here, or get a new version of their columns, per dataset.
        public var tables: [String: [TableVersion]]
        /// What was exported, per dataset.
        public var counts: [String: Counts]
        /// The datasets whose former watermarks mean nothing any more: they were another source's.
        public var resets: [String]
        /// What snapshot datasets held, per dataset: see ``UnitResult/fingerprint``.
        public var fingerprints: [String: String]
        /// What tells the key of hashed values from another one; nil where nothing is hashed.
        public var hashKey: String?
        /// For a backfill: what was rewritten.
        public var backfill: BackfillPlan?

        /// Makes the entry's text.
        public init(
            run: Int, uuid: String, attempt: Int, window: WindowPlan, added: [ChunkRecord], removed: [String] = [],
            watermarks: [String: [Watermark]], tables: [String: [TableVersion]], counts: [String: Counts],
            resets: [String] = [], fingerprints: [String: String] = [:], hashKey: String? = nil,
            backfill: BackfillPlan? = nil
        ) {
            self.run = run
            self.uuid = uuid
            self.attempt = attempt
            self.window = window
            self.added = added
            self.removed = removed
            self.watermarks = watermarks
            self.tables = tables
            self.counts = counts
            self.resets = resets
            self.fingerprints = fingerprints
            self.hashKey = hashKey
            self.backfill = backfill
        }
    }

    /// A version of a table's columns, and how files of it are written.
    public struct TableVersion: Codable, Hashable, Sendable {
        /// The table.
        public var table: TablePlan
        /// How its files are written.
        public var output: OutputPlan

        /// Makes a version.
        public init(table: TablePlan, output: OutputPlan) {
            self.table = table
            self.output = output
        }
    }

    /// A run is given up.
    public struct Abandon: Codable, Hashable, Sendable {
        /// The run's number.
        public var run: Int
        /// Why.
        public var reason: String

        /// Makes the entry's text.
        public init(run: Int, reason: String) {
            self.run = run
            self.reason = reason
        }
    }

    /// What a run exported of one dataset.
    public struct Counts: Codable, Hashable, Sendable {
        /// Rows of the source.
        public var rows: Int64
        /// Files written.
        public var chunks: Int
        /// Bytes of those files.
        public var bytes: Int64
        /// What no column took, by path.
        public var strays: [StrayCount]
        /// What was written to each table, where there are several.
        public var tables: [String: Table]
        /// Of a dataset that goes by a time column: the rows that no window ever holds.
        public var unplaced: Unplaced?
        /// Rows that seemed new but are far too old: their transaction ids have been given again. They were not exported.
        public var refused: Int64

        /// What was written to one table.
        public struct Table: Codable, Hashable, Sendable {
            /// Rows written.
            public var rows: Int64 = 0
            /// Files written.
            public var chunks = 0
            /// Bytes of those files.
            public var bytes: Int64 = 0

            /// Nothing.
            public init() {}

            /// Adds files.
            public static func + (some: Table, more: Table) -> Table {
                var sum = some
                sum.rows += more.rows
                sum.chunks += more.chunks
                sum.bytes += more.bytes
                return sum
            }
        }

        /// Makes counts.
        public init(
            rows: Int64, chunks: Int, bytes: Int64, strays: [StrayCount], tables: [String: Table] = [:],
            unplaced: Unplaced? = nil, refused: Int64 = 0
        ) {
            self.rows = rows
            self.chunks = chunks
            self.bytes = bytes
            self.strays = strays
            self.tables = tables
            self.unplaced = unplaced
            self.refused = refused
        }
    }
}

extension LogEntry.Change: Codable {
    private enum Kind: String, CodingKey {
        case open, take, commit, abandon
    }

    /// Decodes `{"<kind>": {…}}`.
    ///
    /// - Throws: `DecodingError` when no kind that this version knows is there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Kind.self)
        switch container.allKeys.first {
        case .open: self = .open(try container.decode(LogEntry.Open.self, forKey: .open))
        case .take: self = .take(try container.decode(LogEntry.Take.self, forKey: .take))
        case .commit: self = .commit(try container.decode(LogEntry.Commit.self, forKey: .commit))
        case .abandon: self = .abandon(try container.decode(LogEntry.Abandon.self, forKey: .abandon))
        case nil:
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the entry is of no kind that is known here"))
        }
    }

    /// Encodes `{"<kind>": {…}}`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Kind.self)
        switch self {
        case .open(let open): try container.encode(open, forKey: .open)
        case .take(let take): try container.encode(take, forKey: .take)
        case .commit(let commit): try container.encode(commit, forKey: .commit)
        case .abandon(let abandon): try container.encode(abandon, forKey: .abandon)
        }
    }
}
