import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres

/// A pipeline that is held for work: its lake, its source, its lock, and the way of a run from its plan to its commit.
///
/// It is used by one thread; a run's units are worked off by threads of their own.
final class Session {
    let spec: PipelineSpec
    let log: Logger
    let progress: RunProgress
    let interruption: Interruption
    let store: any ObjectStore
    let lake: CommitLog
    private(set) var source: Source
    let after: AfterCommit
    let holder: LogEntry.Holder
    /// Held until the session ends.
    private var locks: [RunLock] = []

    /// The kinds of run that one lock covers.
    let kinds: Set<RunKind>

    /// Takes hold of a pipeline.
    ///
    /// - Parameters:
    ///   - purpose: what for. Where the store has no conditional PUT, or that is not known yet, nobody else may write to the
    ///     log at all.
    ///   - wait: how long to wait for another process to end, in seconds.
    /// - Throws: `ExportError` of the kind `held` when another process has it; `StoreError`, `PostgresError`, `LakeError`.
    init(
        _ spec: PipelineSpec, _ log: Logger, _ progress: RunProgress, _ interruption: Interruption,
        for purpose: RunLock.Purpose, wait: Double
    ) throws {
        self.spec = spec
        self.log = log
        self.progress = progress
        self.interruption = interruption
        holder = LogEntry.Holder(
            host: ProcessInfo.processInfo.hostName, process: ProcessInfo.processInfo.processIdentifier, started: Date())
        kinds = purpose.kinds
        store = try Destination.open(spec, log: log, interruption: interruption)
        lake = CommitLog(store: store, pipeline: spec.name)
        after = AfterCommit(
            log: lake, store: store, logger: log, datasets: Set(spec.datasets.map(\.name)),
            grace: spec.destination.grace.seconds)
        // A lock first: it is the lightest sign of who is there.
        let deadline = ContinuousClock.now + .seconds(max(wait, Self.leastPatience))
        let first = try Self.hold(
            spec, log, interruption, lake, store.location, purpose, holder, deadline, patient: wait > 0)
        source = try Self.retrying(log, interruption) {
            try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        }
        locks = [first]
        try lake.load()
        if purpose == .rewrite, lake.wasConditional != true {
            locks.append(
                try Self.hold(
                    spec, log, interruption, lake, store.location, .export, holder, deadline, patient: wait > 0))
            try lake.load()
        }
        let held = locks
        lake.guardWrite = { for lock in held { try lock.check() } }
    }

    // MARK: - Who works

    /// The server needs a moment to notice that a killed run's session is gone.
    private static let leastPatience = 1.0

    /// Takes a lock, waiting as long as the caller wants to.
    private static func hold(
        _ spec: PipelineSpec, _ log: Logger, _ interruption: Interruption, _ lake: CommitLog, _ location: String,
        _ purpose: RunLock.Purpose, _ holder: LogEntry.Holder, _ deadline: ContinuousClock.Instant, patient: Bool
    ) throws -> RunLock {
        var told = false
        while true {
            let attempt = try retrying(log, interruption) {
                try RunLock.take(
                    url: spec.source.url.value, applicationName: spec.source.applicationName, destination: location,
                    purpose: purpose, holder: holder)
            }
            guard case .held(let present) = attempt else {
                if case .taken(let lock) = attempt { return lock }
                continue
            }
            try lake.load()
            let open = lake.state.openRuns.values.first { purpose.kinds.contains($0.kind) }
            let who =
                present ?? (open ?? lake.state.openRuns.values.first).map { "\($0.holder)" }
                ?? "a process that the server does not show"
            guard ContinuousClock.now < deadline else {
                throw ExportError(
                    .held, operation: "run", object: "pipeline \(spec.name)", reason: "another run holds it: \(who)",
                    hint: "`--wait 30m` waits for it.")
            }
            if !told, patient { log.notice("waiting for another run: \(who)") }
            told = true
            try interruption.check()
            Thread.sleep(forTimeInterval: 0.2)
        }
    }

    /// Refuses a destination that has data of a dataset, but no log: it was not made by Tidemark, or the log is lost.
    func refuseStrangers() throws {
        guard lake.state.version == 0 else { return }
        for prefix in spec.datasets.flatMap({ ["\($0.name)/", "\($0.name)__"] }) {
            let found: ListPage
            do {
                found = try store.list(prefix, after: nil)
            } catch {
                log.warning("cannot see whether there are files that begin with \(prefix): \(error)")
                continue
            }
            guard let first = found.objects.first else { continue }
            throw ExportError(
                operation: "begin a lake in", object: store.location,
                reason: "there is no log, but there are files already, such as \(first.key)",
                hint: "Give the pipeline an empty destination; what is there could not be told from new rows.")
        }
    }

    // MARK: - The source

    /// So often planning begins anew when the connection breaks.
    private static let tries = 5

    /// Asks the source, on a new connection when the present one breaks.
    func asking<Answer>(_ body: (Source) throws -> Answer) throws -> Answer {
        var isFirst = true
        return try Self.retrying(log, interruption) {
            if !isFirst {
                source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
            }
            isFirst = false
            return try body(source)
        }
    }

    /// Does something again while the server asks for that: a standby in conflict with recovery, a connection that broke.
    private static func retrying<Answer>(
        _ log: Logger, _ interruption: Interruption, _ body: () throws -> Answer
    ) throws -> Answer {
        for attempt in 1... {
            do {
                return try body()
            } catch let error as PostgresError
                where attempt < tries && (error.isRetryable || error.isConnectionLost)
            {
                try interruption.check()
                log.warning("the source is asked again: \(error)")
                Thread.sleep(forTimeInterval: 0.1 * Double(1 << attempt))
            }
        }
        preconditionFailure("the loop returns or throws")
    }

    /// Completes what follows earlier commits, if a crash came between.
    func completeEarlierRuns() throws { try after.complete() }
}
