import Foundation

/// The state of a lake: the fold of its log's entries.
public struct LakeState: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// The number of the last entry folded in: the lake's version; 0 for a lake without a log.
    public var version = 0
    /// The pipeline that the lake belongs to.
    public var pipeline: String?
    /// The source that it was filled from, as the last commit has it.
    public var source: SourceIdentity?
    /// What tells the key of hashed values from another one; nil where nothing was hashed yet.
    public var hashKey: String?
    /// The datasets that have been exported.
    public var datasets: [String: DatasetState] = [:]
    /// The runs that are open, by number.
    public var openRuns: [Int: OpenRun] = [:]
    /// The last runs that ended, oldest first, at most ``runsKept``.
    public var endedRuns: [EndedRun] = []
    /// What was known of open transactions at the exports' snapshots, oldest first, at most ``marksKept``.
    public var marks: [HorizonMark] = []
    /// The backfills that are not through with what was asked for, by dataset.
    public var backfills: [String: BackfillPlan] = [:]
    /// The commits of the last days that removed files, oldest first: whoever runs after the grace deletes them.
    public var removals: [Removal] = []
    /// The older part of the file list, in objects of its own, oldest first.
    public var segments: [FileSegment] = []
    /// The rest of the file list.
    public var recent = FileChanges()

    /// How many ended runs the state remembers.
    public static let runsKept = 20
    /// How many horizon marks the state remembers.
    public static let marksKept = 64
    /// Foundation counts from 2001, PostgreSQL from 2000; in seconds.
    private static let from2000To2001: Double = 366 * 86_400
    /// How long the state remembers removals in seconds; `clean` finds what nobody deleted until then.
    public static let removalsKept: Double = 7 * 86_400

    /// The state of a lake without a log.
    public init() {}

    /// Folds in the next entry.
    ///
    /// - Parameters:
    ///   - entry: the entry.
    ///   - number: its number, one more than ``version``.
    /// - Throws: `LakeError` when the entry cannot follow on the ones before it.
    public mutating func apply(_ entry: LogEntry, number: Int) throws {
        guard number == version + 1 else {
            throw LakeError(
                operation: "read the log at", object: Layout.entry(number),
                reason: "entry \(version + 1) should come next")
        }
        version = number
        pipeline = entry.pipeline
        // An open run has changed nothing yet: the watermarks are still those of the source that was committed last.
        if source == nil { source = entry.source }
        switch entry.change {
        case .open(let open):
            openRuns[number] = OpenRun(
                number: number, kind: open.kind, uuid: open.uuid, plan: open.plan, attempt: 1, holder: open.holder)
        case .take(let take):
            var run = try openRun(take.run, of: number)
            run.attempt = take.attempt
            run.holder = take.holder
            openRuns[take.run] = run
        case .commit(let commit):
            let run = try openRun(commit.run, of: number)
            end(run, entry: number, time: entry.time, window: commit.window, counts: commit.counts, reason: nil)
            source = entry.source
            hashKey = commit.hashKey ?? hashKey
            for name in commit.resets { datasets[name]?.watermarks = [:] }
            if !commit.resets.isEmpty { marks = [] }
            for (name, versions) in commit.tables {
                for version in versions { datasets[name, default: DatasetState()].take(version, entry: number) }
            }
            // A backfill meets the values of before again.
            if run.kind != .backfill { for (name, counts) in commit.counts { datasets[name]?.add(counts.strays) } }
            for (name, watermarks) in commit.watermarks {
                for var watermark in watermarks {
                    let leaf = Int(watermark.leaf)
                    // Since the export was planned a backfill may have brought what the first load left out.
                    if watermark.begin != nil, let known = datasets[name]?.watermarks[leaf]?.begin {
                        watermark.begin = known
                    }
                    datasets[name, default: DatasetState()].watermarks[leaf] = watermark
                }
            }
            for (name, fingerprint) in commit.fingerprints {
                datasets[name, default: DatasetState()].fingerprint = fingerprint
            }
            recent.apply(commit, entry: number)
            remember(commit, run, entry: number, time: entry.time)
        case .abandon(let abandon):
            let run = try openRun(abandon.run, of: number)
            end(run, entry: number, time: entry.time, window: nil, counts: [:], reason: abandon.reason)
        }
    }

    private func openRun(_ number: Int, of entry: Int) throws -> OpenRun {
        guard let run = openRuns[number] else {
            throw LakeError(
                operation: "read the log at", object: Layout.entry(entry),
                reason: "it speaks of run \(number), which is not open")
        }
        return run
    }

    private mutating func remember(_ commit: LogEntry.Commit, _ run: OpenRun, entry: Int, time: Date) {
        for name in commit.counts.keys
        where run.kind != .export || commit.removed.contains(where: { datasets[name]?.hasFile($0) == true }) {
            datasets[name, default: DatasetState()].rewritten = entry
        }
        if run.kind == .export {
            let taken = Int64((commit.window.takenAt.timeIntervalSinceReferenceDate + Self.from2000To2001) * 1e6)
            marks.append(HorizonMark(next: commit.window.next, oldest: commit.window.oldest, taken: taken))
            if marks.count > Self.marksKept { marks.removeFirst(marks.count - Self.marksKept) }
        }
        if let backfill = commit.backfill {
            backfills[backfill.dataset] = backfill.to < backfill.requestTo ? backfill : nil
            for leaf in (datasets[backfill.dataset]?.watermarks ?? [:]).keys {
                datasets[backfill.dataset]?.watermarks[leaf]?.begin?.include(backfill.written)
            }
        }
        removals.removeAll { time.timeIntervalSince($0.time) > Self.removalsKept }
        if !commit.removed.isEmpty { removals.append(Removal(entry: entry, run: run.number, time: time)) }
    }

    private mutating func end(
        _ run: OpenRun, entry: Int, time: Date, window: WindowPlan?, counts: [String: LogEntry.Counts], reason: String?
    ) {
        openRuns[run.number] = nil
        endedRuns.append(
            EndedRun(
                number: run.number, kind: run.kind, entry: entry, attempts: run.attempt, started: run.holder.started,
                ended: time, window: window, counts: counts, abandoned: reason))
        if endedRuns.count > Self.runsKept { endedRuns.removeFirst(endedRuns.count - Self.runsKept) }
    }
}

/// What the log says of a dataset.
public struct DatasetState: Codable, Sendable {
    /// The tables that its rows have gone to, by name.
    public var tables: [String: TableState] = [:]
    /// How far each leaf has been exported, by oid; kept when a leaf vanishes.
    public var watermarks: [Int: Watermark] = [:]
    /// Of a snapshot dataset: what tells whether its rows are others now.
    public var fingerprint: String?
    /// The entry of the last commit that wrote history anew, or added to it; 0 for none. Whoever planned before it to do
    /// the same plans again.
    public var rewritten = 0

    /// A dataset of which the log says nothing yet.
    public init() {}

    /// Forgets how far the source has been exported: it is another one. The tables stay as they are.
    public mutating func forgetSource() {
        watermarks = [:]
        fingerprint = nil
    }

    mutating func take(_ version: LogEntry.TableVersion, entry: Int) {
        let table = version.table
        var state =
            tables[table.name]
            ?? TableState(schema: table.schema, share: table.share, items: table.items, history: [])
        state.take(table, version.output, entry: entry)
        tables[table.name] = state
    }

    mutating func add(_ strays: [StrayCount]) {
        for (table, strays) in Dictionary(grouping: strays, by: \.table) { tables[table]?.add(strays) }
    }

    /// Whether a key is that of a file of one of the tables.
    func hasFile(_ key: String) -> Bool { tables[Layout.table(of: key)] != nil }
}

/// A run that has begun and has neither been committed nor abandoned.
public struct OpenRun: Codable, Sendable {
    /// The run's number.
    public var number: Int
    /// The kind of run.
    public var kind: RunKind
    /// The run's identity.
    public var uuid: String
    /// The SHA-256 of its plan.
    public var plan: String
    /// The attempt that holds it.
    public var attempt: Int
    /// Who holds it.
    public var holder: LogEntry.Holder
}

/// A run that was committed or abandoned.
public struct EndedRun: Codable, Sendable {
    /// The run's number.
    public var number: Int
    /// The kind of run.
    public var kind: RunKind
    /// The entry that ended it.
    public var entry: Int
    /// How many attempts it took.
    public var attempts: Int
    /// When the last attempt began.
    public var started: Date
    /// When it ended.
    public var ended: Date
    /// The window it exported up to; nil for an abandoned run.
    public var window: WindowPlan?
    /// What it exported, per dataset.
    public var counts: [String: LogEntry.Counts]
    /// Why it was abandoned; nil for a committed run.
    public var abandoned: String?
}

/// What was known of open transactions when an export took its snapshot.
public struct HorizonMark: Codable, Hashable, Sendable {
    /// The first transaction id that was not yet given.
    public var next: Int64
    /// When the oldest transaction then open began, in microseconds since 2000-01-01 UTC; nil where that was not known.
    public var oldest: Int64?
    /// The server's clock then, likewise.
    public var taken: Int64

    /// Makes a mark.
    public init(next: Int64, oldest: Int64?, taken: Int64) {
        self.next = next
        self.oldest = oldest
        self.taken = taken
    }
}

/// A commit whose removed files are to be deleted.
public struct Removal: Codable, Hashable, Sendable {
    /// The commit's entry.
    public var entry: Int
    /// Its run.
    public var run: Int
    /// When it was committed.
    public var time: Date
}
