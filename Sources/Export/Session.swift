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
    private let after: AfterCommit
    private let holder: LogEntry.Holder
    /// Held until the session ends.
    private var locks: [RunLock] = []

    /// The kinds of run that one lock covers.
    private let kinds: Set<RunKind>

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
        if purpose == .rewrite, lake.isConditional != true {
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
        for dataset in spec.datasets {
            let found: ListPage
            do {
                found = try store.list("\(dataset.name)/", after: nil)
            } catch {
                log.warning("cannot see whether \(dataset.name)/ is empty: \(error)")
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

    // MARK: - A run

    /// The open run of the session's kinds; there is one at most.
    var openRun: OpenRun? {
        lake.state.openRuns.values.filter { kinds.contains($0.kind) }.min { $0.number < $1.number }
    }

    /// Opens a run with a fresh plan and works it off to its commit.
    ///
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    func carryOut(_ plan: RunPlan) throws -> RunReport {
        let bytes = try LakeJSON.encode(plan, pretty: true)
        let open = LogEntry.Open(kind: plan.kind, uuid: plan.uuid, plan: Checksum.sha256(bytes), holder: holder)
        let number = try lake.append(source: plan.source) { state in
            if let other = state.openRuns.values.first(where: { kinds.contains($0.kind) }) {
                throw ExportError(
                    .held, operation: "run", object: "pipeline \(spec.name)",
                    reason: "another run was opened meanwhile: \(other.holder)")
            }
            return .open(open)
        }
        guard let number, let run = lake.state.openRuns[number] else {
            throw LakeError(operation: "open a run in", object: store.location, reason: "the log did not take it")
        }
        try lake.writePlan(bytes, run: number)
        try lake.probeConditionalPut(entry: number)
        log.info("run \(number) opened: \(plan.units.count) units up to transaction \(plan.window.high)")
        return try finish(run, plan, finished: [:])
    }

    /// Goes on with an open run, or gives it up when it does not fit any more.
    ///
    /// - Returns: the report; nil when the run was given up.
    func takeOver(_ open: OpenRun) throws -> RunReport? {
        let found: RunPlan?
        do {
            found = try lake.plan(of: open)
        } catch let error as LakeError {
            try abandon(open, error.reason)
            return nil
        }
        guard let plan = found else {
            try abandon(open, "it was opened, but its plan was never written")
            return nil
        }
        if let reason = try misfit(plan) {
            try abandon(open, reason)
            return nil
        }
        let take = LogEntry.Take(run: open.number, attempt: open.attempt + 1, holder: holder)
        let entry = try lake.append(source: plan.source) { state in
            guard state.openRuns[open.number]?.attempt == open.attempt else {
                throw ExportError(
                    .held, operation: "take over", object: "run \(open.number)", reason: "another runner was faster")
            }
            return .take(take)
        }
        if let entry { try lake.probeConditionalPut(entry: entry) }
        guard let run = lake.state.openRuns[open.number] else { return nil }
        let finished = try lake.results(run: run.number).read(units: plan.units.map(\.number))
        log.notice(
            """
            run \(run.number), left open by \(open.holder), is taken over: \(finished.count) of \(plan.units.count) units \
            are finished
            """)
        return try finish(run, plan, finished: finished)
    }

    /// Why an open run's plan cannot be gone on with; nil when it can.
    private func misfit(_ plan: RunPlan) throws -> String? {
        if plan.program != Program.version {
            return "it was planned by version \(plan.program), and this is \(Program.version)"
        }
        if plan.settings != Planner.settings(of: spec) { return "the pipeline's settings have changed since" }
        return try asking { source in
            let identity = try source.identity()
            if identity != plan.source { return "it was planned for \(plan.source), and this is \(identity)" }
            return try LeafCheck.firstChange(plan, source)
        }
    }

    /// Works off what is left of a run, and commits it.
    private func finish(_ run: OpenRun, _ plan: RunPlan, finished: [Int: UnitResult]) throws -> RunReport {
        let started = ContinuousClock.now
        let commit: LogEntry.Commit
        let version: Int?
        let changes: [String: LeafChanges]
        do {
            let results = try work(run, plan, finished)
            if let change = try asking({ try LeafCheck.firstChange(plan, $0) }) {
                throw ExportError(operation: "commit", object: "run \(run.number)", reason: change)
            }
            commit = Commit.make(run, plan, results, lake.state)
            changes = Self.changes(plan, lake.state)
            version = try lake.append(source: plan.source) { state in
                guard let open = state.openRuns[run.number], open.attempt == run.attempt else {
                    throw ExportError(
                        .held, operation: "commit", object: "run \(run.number)",
                        reason: "another runner has taken it over")
                }
                try Commit.check(commit, plan, state, live: lake.liveFiles)
                return .commit(commit)
            }
        } catch let error where Self.isLasting(error) {
            log.error("run \(run.number) is given up: \(error)")
            do {
                try abandon(run, "\(error)")
            } catch let second {
                log.error("run \(run.number) stays open: \(second)")
            }
            throw error
        } catch {
            // What we wrote of a run that another has ended meanwhile is nobody's.
            do {
                try after.clearAfterLoss(of: run)
            } catch let second {
                log.warning("what this runner has written of run \(run.number) may be left: \(second)")
            }
            throw error
        }
        try after.complete()
        return RunReport(
            commit, plan, version: version ?? lake.state.version, changes: changes,
            seconds: (ContinuousClock.now - started).seconds)
    }

    /// What the statistics say was updated and deleted since the last export, by dataset.
    private static func changes(_ plan: RunPlan, _ state: LakeState) -> [String: LeafChanges] {
        var changes: [String: LeafChanges] = [:]
        for dataset in plan.datasets where plan.kind == .export {
            for leaf in dataset.leaves where leaf.low != nil {
                guard let before = state.datasets[dataset.name]?.watermarks[Int(leaf.oid)]?.changes else { continue }
                // Statistics that were reset begin at 0 again.
                let updated = max(0, leaf.changes.updated - before.updated)
                let deleted = max(0, leaf.changes.deleted - before.deleted)
                guard updated > 0 || deleted > 0 else { continue }
                changes[dataset.name, default: LeafChanges()].updated += updated
                changes[dataset.name, default: LeafChanges()].deleted += deleted
            }
        }
        return changes
    }

    private func work(_ run: OpenRun, _ plan: RunPlan, _ finished: [Int: UnitResult]) throws -> [Int: UnitResult] {
        let work = Work(units: plan.units, finished: finished)
        progress.update { figures in
            figures.unitsPlanned += plan.units.count
            figures.units += finished.count
            figures.rowsExpected += plan.units.filter { finished[$0.number] == nil }.reduce(0) { $0 + $1.rows }
            figures.bytesPlanned += plan.units.reduce(0) { $0 + $1.bytes }
            figures.bytesDone += plan.units.filter { finished[$0.number] != nil }.reduce(0) { $0 + $1.bytes }
        }
        let count = min(spec.workers ?? min(ProcessInfo.processInfo.activeProcessorCount, 4), work.waiting)
        let job = Job(
            url: spec.source.url.value, applicationName: spec.source.applicationName,
            statementTimeout: spec.source.statementTimeout.milliseconds,
            lockTimeout: spec.source.lockTimeout.milliseconds, plan: plan, run: run.number, attempt: run.attempt,
            store: store, results: lake.results(run: run.number), work: work, progress: progress,
            interruption: interruption, workers: max(1, count), log: log)
        Threads.run(count, name: "tidemark-worker") { UnitWorker(job).work() }
        return try work.outcome()
    }

    /// Gives a run up: only after the entry are its chunks deleted.
    func abandon(_ run: OpenRun, _ reason: String) throws {
        guard let source = lake.state.source else { return }
        log.notice("run \(run.number) is abandoned: \(reason)")
        let entry = try lake.append(source: source) { state in
            let isOurs = state.openRuns[run.number]?.attempt == run.attempt
            return isOurs ? .abandon(LogEntry.Abandon(run: run.number, reason: reason)) : nil
        }
        // Whoever took the run over meanwhile, or committed it, needs its files.
        guard entry != nil else {
            log.warning("run \(run.number) is another runner's now; nothing of it is deleted")
            return
        }
        try after.complete()
    }

    /// Whether trying again would fail again, so that the run is given up.
    private static func isLasting(_ error: any Error) -> Bool {
        switch error {
        case let error as ExportError: error.kind == .failed || error.kind == .configuration
        case let error as PostgresError:
            !error.isConnectionLost && !error.isRetryable
                && ["22", "42", "0A"].contains(error.sqlState.map { String($0.prefix(2)) } ?? "")
        case is StoreError, is LakeError, is LaggingSource: false
        default: true
        }
    }
}
