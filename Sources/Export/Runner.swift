import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres

/// Runs a pipeline: finishes what is open, exports what is new, commits it.
public final class Runner {
    private let spec: PipelineSpec
    private let log: Logger
    private let progress: RunProgress
    private let interruption: Interruption

    /// Prepares to run a pipeline.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears what happens.
    ///   - progress: hears how far it is.
    ///   - interruption: ends the run when a signal comes.
    public init(spec: PipelineSpec, log: Logger, progress: RunProgress, interruption: Interruption) {
        self.spec = spec
        self.log = log
        self.progress = progress
        self.interruption = interruption
    }

    /// Exports what is new; an open run is finished first.
    ///
    /// - Parameters:
    ///   - wait: how long to wait for another run of the pipeline to end, in seconds.
    ///   - changes: what is allowed where the state and the source do not fit together.
    /// - Returns: what was done.
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    public func run(wait: Double = 0, changes: SourceChanges = SourceChanges()) throws -> RunSummary {
        let started = ContinuousClock.now
        let session = try Session(spec, log, progress, interruption, for: .export, wait: wait)
        let lake = session.lake
        try session.refuseStrangers()
        try session.asking { source in
            try SourceGuard.check(
                lake.state, try source.identity(), try Horizon.take(source), source, accept: changes.acceptSource)
        }
        try session.completeEarlierRuns()

        var reports: [RunReport] = []
        if let open = session.openRun, let report = try session.takeOver(open) { reports.append(report) }
        var holder: Horizon.Holder?
        var changes = changes
        // A large first load comes in steps.
        while true {
            let (plan, horizon) = try session.asking { source in
                let horizon = try Horizon.take(source)
                let planner = Planner(
                    spec: spec, source: source, state: lake.state, log: log, changes: changes, live: lake.liveFiles)
                let plan = try planner.plan(to: horizon)
                if plan != nil { try FlushedWAL.wait(source) }
                return (plan, horizon)
            }
            holder = horizon.holder
            guard let plan else { break }
            try interruption.check()
            let report = try session.carryOut(plan)
            reports.append(report)
            guard plan.isStep else { break }
            changes = SourceChanges()
        }
        return RunSummary(
            pipeline: spec.name, destination: session.store.location, version: lake.state.version, runs: reports,
            heldBack: holder, seconds: (ContinuousClock.now - started).seconds)
    }

    /// Gives up the runs that are open: their files vanish, and the next run plans afresh.
    ///
    /// - Parameter reason: what the log says of it.
    /// - Returns: the runs' numbers.
    /// - Throws: `ExportError` of the kind `held` while a run's holder is alive; `PostgresError`, `StoreError`,
    ///   `LakeError`.
    public func abandonOpenRuns(reason: String) throws -> [Int] {
        var given: [Int] = []
        for purpose in [RunLock.Purpose.export, .rewrite] {
            let session = try Session(spec, log, progress, interruption, for: purpose, wait: 0)
            guard let open = session.openRun else { continue }
            try session.abandon(open, reason)
            given.append(open.number)
        }
        return given
    }
}
