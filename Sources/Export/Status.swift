import Foundation
import Lake
import Logging
import Pipeline
import Postgres

/// Where a pipeline stands: watermarks, the open run, the last runs, what holds the horizon back.
public struct Status: Codable, Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The destination's location.
    public let destination: String
    /// The lake's version: the number of the last log entry; 0 before the first run.
    public let version: Int
    /// The source's horizon now; nil when the source cannot be reached.
    public let horizon: Int64?
    /// Why the source cannot be reached.
    public let sourceProblem: String?
    /// What holds the horizon back.
    public let heldBack: Horizon.Holder?
    /// The datasets.
    public let datasets: [Dataset]
    /// The open runs.
    public let openRuns: [OpenRun]
    /// The last runs, newest first.
    public let lastRuns: [EndedRun]

    /// A dataset's state.
    public struct Dataset: Codable, Sendable {
        /// The dataset's name.
        public let name: String
        /// Its tables, by name: one, or those made of it by `split_by` and `arrays: explode`.
        public let tables: [String: Table]
        /// The leaves that have been exported.
        public let leaves: Int
        /// The transaction that its leaves were exported up to; nil before the first commit, and where rows do not go by it.
        public let watermark: Int64?
        /// The moment up to which it was exported; nil before the first commit.
        public let exportedUpTo: Date?
        /// How many transaction ids the source is ahead; nil where ``watermark`` is.
        public let lag: Int64?
    }

    /// A table's columns.
    public struct Table: Codable, Sendable {
        /// Their version.
        public let schema: Int
        /// How many there are.
        public let columns: Int

        init(_ state: TableState) {
            schema = state.schema.version
            columns = state.schema.columns.count
        }
    }

    /// Looks at the lake and, if it can be reached, at the source.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears when the store is asked again.
    /// - Throws: `StoreError`, `LakeError`.
    public init(of spec: PipelineSpec, log: Logger) throws {
        let store = try Destination.open(spec, log: log)
        let lakeLog = CommitLog(store: store, pipeline: spec.name)
        try lakeLog.load()
        var found: Horizon?
        var problem: String?
        do {
            found = try Horizon.take(
                try Source(url: spec.source.url.value, applicationName: spec.source.applicationName))
        } catch {
            problem = "\(error)"
        }
        let horizon = found?.window.high
        pipeline = spec.name
        destination = store.location
        version = lakeLog.state.version
        self.horizon = horizon
        sourceProblem = problem
        heldBack = found?.holder
        // A backfill looks at the source, too, and brings nothing new.
        let upTo = lakeLog.state.marks.last.map { Backfill.date($0.taken) }
        datasets = spec.datasets.map { dataset in
            let state = lakeLog.state.datasets[dataset.name]
            // A leaf that is gone keeps its watermark: the last one tells how far the others are.
            let last = state?.watermarks.values.max { $0.high < $1.high }
            let watermark = last?.column == nil ? last?.high : nil
            let upTo = last?.column == nil ? upTo : last.map { Backfill.date($0.high) }
            return Dataset(
                name: dataset.name, tables: (state?.tables ?? [:]).mapValues(Table.init),
                leaves: state?.watermarks.count ?? 0, watermark: watermark,
                exportedUpTo: last == nil && state?.fingerprint == nil ? nil : upTo,
                lag: horizon.flatMap { now in watermark.map { now - $0 } })
        }
        openRuns = lakeLog.state.openRuns.values.sorted { $0.number < $1.number }
        lastRuns = lakeLog.state.endedRuns.reversed()
    }
}
