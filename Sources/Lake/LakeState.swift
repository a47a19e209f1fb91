import Foundation

/// The state of a lake: the fold of its log's entries.
public struct LakeState: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// The number of the last entry folded in: the lake's version; 0 for a lake without a log.
    public var version = 0
    /// The pipeline that the lake belongs to.
    public var pipeline: String?
    /// The source that it was filled from, as the last entry has it.
    public var source: SourceIdentity?
    /// The datasets that have been exported.
    public var datasets: [String: DatasetState] = [:]
    /// The runs that are open, by number.
    public var openRuns: [Int: OpenRun] = [:]
    /// The last runs that ended, oldest first, at most ``runsKept``.
    public var endedRuns: [EndedRun] = []

    /// How many ended runs the state remembers.
    public static let runsKept = 20

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
        source = entry.source
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
            for (name, schema) in commit.schemas { datasets[name, default: DatasetState()].schema = schema }
            for (name, watermarks) in commit.watermarks {
                for watermark in watermarks {
                    datasets[name, default: DatasetState()].watermarks[Int(watermark.leaf)] = watermark
                }
            }
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
    /// The columns at present; nil before the first commit.
    public var schema: DatasetSchema?
    /// How far each leaf has been exported, by oid; kept when a leaf vanishes.
    public var watermarks: [Int: Watermark] = [:]

    /// A dataset of which the log says nothing yet.
    public init() {}
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
