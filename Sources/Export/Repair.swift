import Foundation
import Lake
import Logging
import Pipeline
import Postgres

/// Exports the rows that a full verification finds missing, in a run of its own.
///
/// Only rows below the watermarks are missing; what lies above comes with the next export. So exports go on beside it.
public final class Repair {
    /// What was found and done.
    public struct Outcome: Codable, Sendable {
        /// What the verification found before the repair.
        public let found: VerifyReport
        /// The run that exported what was missing; no runs where nothing was.
        public let summary: RunSummary
        /// Whether something is wrong that exporting rows does not mend: extra or repeated rows, damaged files, more
        /// missing rows than one repair takes.
        public let leftOver: Bool
    }

    private let spec: PipelineSpec
    private let log: Logger
    private let progress: RunProgress
    private let interruption: Interruption

    /// So many keys are asked for in one statement.
    private static let keysPerUnit = 2_000

    /// Prepares a repair.
    public init(spec: PipelineSpec, log: Logger, progress: RunProgress, interruption: Interruption) {
        self.spec = spec
        self.log = log
        self.progress = progress
        self.interruption = interruption
    }

    /// Verifies, then exports what is missing.
    ///
    /// - Parameters:
    ///   - dataset: only this one; nil for all.
    ///   - wait: how long to wait for a backfill or another repair of the pipeline to end, in seconds.
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    public func run(dataset: String?, wait: Double = 0) throws -> Outcome {
        let started = ContinuousClock.now
        let session = try Session(spec, log, progress, interruption, for: .rewrite, wait: wait)
        try session.completeEarlierRuns()
        var reports: [RunReport] = []
        if let open = session.openRun, let report = try session.takeOver(open) { reports.append(report) }
        // From here to the commit nobody else writes history.
        let verifier = try Verifier(spec: spec, log: log, interruption: interruption)
        let found = try verifier.full(dataset: dataset, limit: .repair)
        try session.lake.load()
        let plan = try session.asking { source in try self.plan(found.missingKeys, session.lake, source) }
        if let plan { reports.append(try session.carryOut(plan)) }
        return Outcome(
            found: found,
            summary: RunSummary(
                pipeline: spec.name, destination: session.store.location, version: session.lake.state.version,
                runs: reports, heldBack: nil, seconds: (ContinuousClock.now - started).seconds),
            leftOver: Self.hasLeftOver(found))
    }

    private static func hasLeftOver(_ report: VerifyReport) -> Bool {
        report.datasets.contains { dataset in
            let differences = dataset.comparison?.differences ?? []
            return !dataset.problems.isEmpty
                || differences.contains { !$0.extra.isEmpty || !$0.repeated.isEmpty || !$0.hasAllMissing }
        }
    }

    /// Plans the run that exports rows by their keys; nil when there are none.
    private func plan(_ missing: [MissingKey], _ lake: CommitLog, _ source: Source) throws -> RunPlan? {
        guard !missing.isEmpty else { return nil }
        let horizon = try Horizon.take(source)
        let identity = try source.identity()
        try SourceGuard.check(lake.state, identity, horizon, source)
        let planner = Planner(spec: spec, source: source, state: lake.state, log: log)
        try planner.checkHashKey()
        var datasets: [DatasetPlan] = []
        var units: [UnitPlan] = []
        for dataset in spec.datasets {
            let own = missing.filter { $0.dataset == dataset.name }
            guard !own.isEmpty else { continue }
            let known = lake.state.datasets[dataset.name]
            let table = try SourceTable(dataset, source: source)
            var leaves: [LeafPlan] = []
            for var leaf in table.leaves {
                let keys = own.filter { $0.leaf == leaf.oid }.map(\.key)
                guard !keys.isEmpty, let watermark = known?.watermarks[Int(leaf.oid)] else { continue }
                leaf.high = watermark.high
                leaves.append(leaf)
                for start in stride(from: 0, to: keys.count, by: Self.keysPerUnit) {
                    let part = Array(keys[start..<min(start + Self.keysPerUnit, keys.count)])
                    units.append(
                        UnitPlan(
                            number: units.count + 1, dataset: dataset.name, leaf: leaf.oid, piece: .keys(part),
                            bytes: 0, rows: Int64(part.count)))
                }
            }
            datasets.append(try planner.datasetPlan(dataset, table, known, leaves: leaves, evolves: false))
        }
        return RunPlan(
            program: Program.version, uuid: UUID().uuidString.lowercased(), kind: .repair, version: lake.state.version,
            pipeline: spec.name, settings: Planner.settings(of: spec), source: identity, window: horizon.window,
            datasets: datasets,
            units: units)
    }
}
