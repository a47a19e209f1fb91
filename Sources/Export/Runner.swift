import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres

/// The job: plans a run, or takes up the one that is open, works it off and commits it.
public final class Runner {
    private let spec: PipelineSpec
    private let log: Logger
    private let progress: RunProgress
    private let interruption: Interruption
    private let holder: LogEntry.Holder

    /// Prepares a run of a pipeline.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears what happens.
    ///   - progress: is told how far the run is.
    ///   - interruption: asks the run to stop.
    public init(spec: PipelineSpec, log: Logger, progress: RunProgress, interruption: Interruption) {
        self.spec = spec
        self.log = log
        self.progress = progress
        self.interruption = interruption
        holder = LogEntry.Holder(
            host: ProcessInfo.processInfo.hostName, process: ProcessInfo.processInfo.processIdentifier,
            started: Date())
    }

    /// Runs: finishes an open run if there is one, then exports what is new.
    ///
    /// - Parameter wait: how long to wait for another run of the pipeline to end, in seconds.
    /// - Returns: what was done.
    /// - Throws: `ExportError`, of the kind `held` when another run holds the pipeline; `PostgresError`, `StoreError`,
    ///   `LakeError`.
    public func run(wait: Double = 0) throws -> RunSummary {
        let started = ContinuousClock.now
        let store = try Destination.open(spec, log: log, interruption: interruption)
        let lakeLog = CommitLog(store: store, pipeline: spec.name)
        let lock = try hold(lakeLog, location: store.location, wait: wait)
        lakeLog.guardWrite = { try lock.check() }
        try lakeLog.load()
        try refuseStrangers(lakeLog, store)
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let after = AfterCommit(log: lakeLog, store: store, logger: log)
        try SourceGuard.check(lakeLog.state, try source.identity(), try Horizon.take(source), source)
        try after.completeEarlierRuns()

        var reports: [RunReport] = []
        if let open = lakeLog.state.openRuns.values.first(where: { $0.kind == .export }),
            let report = try takeOver(open, lakeLog, store, source, after)
        {
            reports.append(report)
        }
        let horizon = try Horizon.take(source)
        let planner = Planner(spec: spec, source: source, state: lakeLog.state, log: log)
        if let plan = try planner.plan(to: horizon) {
            try FlushedWAL.wait(source)
            try interruption.check()
            reports.append(try begin(plan, lakeLog, store, source, after))
        }
        return RunSummary(
            pipeline: spec.name, destination: store.location, version: lakeLog.state.version, runs: reports,
            heldBack: horizon.holder, seconds: (ContinuousClock.now - started).seconds)
    }

    /// Gives up the run that is open, if there is one: its files vanish, and the next run plans afresh.
    ///
    /// - Parameter reason: what the log says of it.
    /// - Returns: the run's number; nil when none is open.
    /// - Throws: `ExportError` of the kind `held` while the run's holder is alive; `PostgresError`, `StoreError`,
    ///   `LakeError`.
    public func abandonOpenRun(reason: String) throws -> Int? {
        let store = try Destination.open(spec, log: log, interruption: interruption)
        let lakeLog = CommitLog(store: store, pipeline: spec.name)
        let lock = try hold(lakeLog, location: store.location, wait: 0)
        lakeLog.guardWrite = { try lock.check() }
        try lakeLog.load()
        guard let open = lakeLog.state.openRuns.values.min(by: { $0.number < $1.number }) else { return nil }
        var plan: RunPlan?
        do {
            plan = try lakeLog.plan(of: open)
        } catch let error as LakeError {
            // A plan that is no plan any more is no reason to keep the run: the pipeline's datasets are looked through.
            log.warning("\(error)")
        }
        try abandon(open, reason, plan, lakeLog, store)
        return open.number
    }

    // MARK: - Who runs

    /// The server needs a moment to notice that a killed run's session is gone.
    private static let leastPatience = 1.0

    /// Takes the lock, waiting as long as the caller wants to.
    private func hold(_ lakeLog: CommitLog, location: String, wait: Double) throws -> RunLock {
        let end = ContinuousClock.now + .seconds(max(wait, Self.leastPatience))
        var told = false
        while true {
            if let lock = try RunLock.take(
                url: spec.source.url.value, applicationName: spec.source.applicationName, destination: location)
            {
                return lock
            }
            try lakeLog.load()
            let who =
                lakeLog.state.openRuns.values.first.map { "\($0.holder)" }
                ?? "a process that has not opened a run yet"
            guard ContinuousClock.now < end else {
                throw ExportError(
                    .held, operation: "run", object: "pipeline \(spec.name)", reason: "another run holds it: \(who)",
                    hint: "`--wait 30m` waits for it.")
            }
            if !told, wait > 0 { log.notice("waiting for another run: \(who)") }
            told = true
            try interruption.check()
            Thread.sleep(forTimeInterval: 0.2)
        }
    }

    /// Refuses a destination that has data of a dataset, but no log: it was not made by Tidemark, or the log is lost.
    private func refuseStrangers(_ lakeLog: CommitLog, _ store: any ObjectStore) throws {
        guard lakeLog.state.version == 0 else { return }
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

    // MARK: - A run

    /// Opens a run with a fresh plan and works it off.
    private func begin(
        _ plan: RunPlan, _ lakeLog: CommitLog, _ store: any ObjectStore, _ source: Source, _ after: AfterCommit
    ) throws -> RunReport {
        let bytes = try LakeJSON.encode(plan, pretty: true)
        let open = LogEntry.Open(kind: plan.kind, uuid: plan.uuid, plan: Checksum.sha256(bytes), holder: holder)
        let number = try lakeLog.append(source: plan.source) { state in
            if let other = state.openRuns.values.first(where: { $0.kind == .export }) {
                throw ExportError(
                    .held, operation: "run", object: "pipeline \(spec.name)",
                    reason: "another run was opened meanwhile: \(other.holder)")
            }
            return .open(open)
        }
        guard let number, let run = lakeLog.state.openRuns[number] else {
            throw LakeError(operation: "open a run in", object: store.location, reason: "the log did not take it")
        }
        try lakeLog.writePlan(bytes, run: number)
        try lakeLog.probeConditionalPut(entry: number)
        log.info("run \(number) opened: \(plan.units.count) units up to transaction \(plan.window.high)")
        return try execute(run, plan, lakeLog, store, source, after, finished: [:])
    }

    /// Goes on with an open run, or gives it up when it does not fit any more.
    ///
    /// - Returns: the report; nil when the run was given up.
    private func takeOver(
        _ open: OpenRun, _ lakeLog: CommitLog, _ store: any ObjectStore, _ source: Source, _ after: AfterCommit
    ) throws -> RunReport? {
        let found: RunPlan?
        do {
            found = try lakeLog.plan(of: open)
        } catch let error as LakeError {
            try abandon(open, error.reason, nil, lakeLog, store)
            return nil
        }
        guard let plan = found else {
            try abandon(open, "it was opened, but its plan was never written", nil, lakeLog, store)
            return nil
        }
        if let reason = try misfit(plan, source) {
            try abandon(open, reason, plan, lakeLog, store)
            return nil
        }
        let take = LogEntry.Take(run: open.number, attempt: open.attempt + 1, holder: holder)
        let entry = try lakeLog.append(source: plan.source) { state in
            guard state.openRuns[open.number]?.attempt == open.attempt else {
                throw ExportError(
                    .held, operation: "take over", object: "run \(open.number)", reason: "another runner was faster")
            }
            return .take(take)
        }
        if let entry { try lakeLog.probeConditionalPut(entry: entry) }
        guard let run = lakeLog.state.openRuns[open.number] else { return nil }
        let finished = try lakeLog.results(run: run.number).read(units: plan.units.map(\.number))
        log.notice(
            """
            run \(run.number), left open by \(open.holder), is taken over: \(finished.count) of \(plan.units.count) units \
            are finished
            """)
        return try execute(run, plan, lakeLog, store, source, after, finished: finished)
    }

    /// Why a plan cannot be gone on with; nil when it can.
    private func misfit(_ plan: RunPlan, _ source: Source) throws -> String? {
        if plan.program != Program.version {
            return "it was planned by version \(plan.program), and this is \(Program.version)"
        }
        if plan.settings != Planner.settings(of: spec) { return "the pipeline's settings have changed since" }
        let identity = try source.identity()
        if identity != plan.source { return "it was planned for \(plan.source), and this is \(identity)" }
        return try LeafCheck.firstChange(plan, source)
    }

    /// Works the units off and commits.
    private func execute(
        _ run: OpenRun, _ plan: RunPlan, _ lakeLog: CommitLog, _ store: any ObjectStore, _ source: Source,
        _ after: AfterCommit, finished: [Int: UnitResult]
    ) throws -> RunReport {
        let started = ContinuousClock.now
        let results: [Int: UnitResult]
        do {
            results = try work(run, plan, lakeLog, store, finished)
            if let change = try LeafCheck.firstChange(plan, source) {
                throw ExportError(operation: "commit", object: "run \(run.number)", reason: change)
            }
        } catch let error where Self.isLasting(error) {
            log.error("run \(run.number) is given up: \(error)")
            do {
                try abandon(run, "\(error)", plan, lakeLog, store)
            } catch let second {
                log.error("run \(run.number) stays open: \(second)")
            }
            throw error
        }
        let commit = Commit.make(run, plan, results, lakeLog.state)
        let version = try lakeLog.append(source: plan.source) { state in
            guard let open = state.openRuns[run.number], open.attempt == run.attempt else {
                throw ExportError(
                    .held, operation: "commit", object: "run \(run.number)",
                    reason: "another runner has taken it over")
            }
            return .commit(commit)
        }
        try after.complete(commit, entry: version ?? lakeLog.state.version)
        return RunReport(commit, plan, seconds: (ContinuousClock.now - started).seconds)
    }

    /// Runs the workers, each on a thread of its own, until all units have results.
    private func work(
        _ run: OpenRun, _ plan: RunPlan, _ lakeLog: CommitLog, _ store: any ObjectStore, _ finished: [Int: UnitResult]
    ) throws -> [Int: UnitResult] {
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
            store: store, results: lakeLog.results(run: run.number), work: work, progress: progress,
            interruption: interruption, workers: max(1, count), log: log)
        Threads.run(count, name: "tidemark-worker") { UnitWorker(job).work() }
        return try work.outcome()
    }

    /// Gives a run up: after the entry, its chunks are deleted.
    private func abandon(
        _ run: OpenRun, _ reason: String, _ plan: RunPlan?, _ lakeLog: CommitLog, _ store: any ObjectStore
    ) throws {
        guard let source = lakeLog.state.source else { return }
        log.notice("run \(run.number) is abandoned: \(reason)")
        let entry = try lakeLog.append(source: source) { state in
            let isOurs = state.openRuns[run.number]?.attempt == run.attempt
            return isOurs ? .abandon(LogEntry.Abandon(run: run.number, reason: reason)) : nil
        }
        // Whoever took the run over meanwhile, or committed it, needs its files.
        guard entry != nil else {
            log.warning("run \(run.number) is another runner's now; nothing of it is deleted")
            return
        }
        let datasets = Set(spec.datasets.map(\.name) + (plan?.datasets.map(\.name) ?? []))
        Leftovers(store: store, log: log).delete(run: run.number, datasets: datasets.sorted(), keep: [])
        try lakeLog.writeCheckpoint()
    }

    /// Whether trying again, without a change by somebody, would fail in the same way.
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
