import Foundation
import Lake
import Postgres
import ObjectStore

/// The way of a run of any kind: opened or taken over, worked off, committed or given up.
extension Session {
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
            lockTimeout: spec.source.lockTimeout.milliseconds, redaction: Redaction(spec), plan: plan, run: run.number,
            attempt: run.attempt,
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
