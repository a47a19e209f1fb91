import Lake
import Logging
import Pipeline

/// What a run would do now; writes nothing.
public struct PlanPreview: Sendable {
    /// The plan; nil when nothing is new.
    public let plan: RunPlan?
    /// What holds the horizon back.
    public let heldBack: Horizon.Holder?
    /// The run that is open and would be finished first.
    public let openRun: OpenRun?
    /// The destination's location.
    public let destination: String

    /// Plans a run.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears what happens.
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    public init(of spec: PipelineSpec, log: Logger) throws {
        let store = try Destination.open(spec, log: log)
        let lakeLog = CommitLog(store: store, pipeline: spec.name)
        try lakeLog.load()
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let horizon = try Horizon.take(source)
        plan = try Planner(spec: spec, source: source, state: lakeLog.state, log: log, live: lakeLog.liveFiles)
            .plan(to: horizon, stepwise: false)
        heldBack = horizon.holder
        openRun = lakeLog.state.openRuns.values.first
        destination = store.location
    }
}
