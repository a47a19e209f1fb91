import Foundation
import Lake
import Logging
import Pipeline
import Postgres
import Records

/// What an operator wants to be written anew.
public struct BackfillRequest: Sendable {
    /// The first moment, in microseconds since 2000-01-01 UTC; cut down to the beginning of its output partition.
    public var from: Int64
    /// The moment behind the last, likewise; cut up.
    public var to: Int64
    /// The datasets; empty for all that are partitioned by time.
    public var datasets: [String] = []
    /// Whether files may be replaced by fewer rows, and removed though their leaf is gone from the source.
    public var allowFewer = false
    /// Whether files whose leaf is gone from the source stay live.
    public var keepOld = false
    /// Whether an interrupted backfill of the same range begins anew.
    public var restart = false

    /// Asks for a range.
    public init(from: Int64, to: Int64) {
        self.from = from
        self.to = to
    }
}

/// Writes output partitions anew, one run for each: the new files in, the old ones out, in one commit.
///
/// A backfill reads each leaf up to its present watermark, so exports go on beside it: what they add lies above.
public final class Backfill {
    private let spec: PipelineSpec
    private let request: BackfillRequest
    private let log: Logger
    private let progress: RunProgress
    private let interruption: Interruption

    /// Prepares a backfill.
    public init(
        spec: PipelineSpec, request: BackfillRequest, log: Logger, progress: RunProgress, interruption: Interruption
    ) {
        self.spec = spec
        self.request = request
        self.log = log
        self.progress = progress
        self.interruption = interruption
    }

    /// A range that one run writes anew.
    public struct Step: Codable, Sendable {
        /// The dataset's name.
        public let dataset: String
        /// The first moment.
        public let from: Date
        /// The moment behind the last.
        public let to: Date
        /// How many files it replaces.
        public let files: Int
        /// How many rows they hold.
        public let rows: Int64
    }

    /// What a backfill would do; it writes nothing.
    ///
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    public func steps() throws -> [Step] {
        let lake = CommitLog(store: try Destination.open(spec, log: log), pipeline: spec.name)
        try lake.load()
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        return try chosen().flatMap { dataset in
            let scope = try BackfillScope(spec, dataset, request, lake, source, log)
            return try scope.ranges().map { range in
                let files = try scope.files(in: range)
                return Step(
                    dataset: dataset.name, from: Self.date(range.lowerBound), to: Self.date(range.upperBound),
                    files: files.count, rows: files.reduce(0) { $0 + $1.chunk.rows })
            }
        }
    }

    /// Does it; an interrupted one is gone on with.
    ///
    /// - Parameter wait: how long to wait for another backfill of the pipeline to end, in seconds.
    /// - Returns: what was done.
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`, `LakeError`.
    public func run(wait: Double = 0) throws -> RunSummary {
        let started = ContinuousClock.now
        let datasets = try chosen()
        let session = try Session(spec, log, progress, interruption, for: .rewrite, wait: wait)
        try session.completeEarlierRuns()
        var reports: [RunReport] = []
        if let open = session.openRun, let report = try session.takeOver(open) { reports.append(report) }
        for dataset in datasets {
            let ranges = try session.asking { source in
                try BackfillScope(spec, dataset, request, session.lake, source, log).ranges()
            }
            for (index, range) in ranges.enumerated() {
                try interruption.check()
                try session.lake.load()
                let plan = try session.asking { source in
                    try BackfillScope(spec, dataset, request, session.lake, source, log)
                        .plan(range, isLast: index == ranges.count - 1)
                }
                reports.append(try session.carryOut(plan))
            }
        }
        return RunSummary(
            pipeline: spec.name, destination: session.store.location, version: session.lake.state.version,
            runs: reports, heldBack: nil, seconds: (ContinuousClock.now - started).seconds)
    }

    private func chosen() throws -> [DatasetSpec] {
        guard request.from < request.to else {
            throw ExportError(
                .configuration, operation: "backfill", object: "pipeline \(spec.name)", reason: "the range is empty",
                hint: "`--to` is the moment behind the last: --from 2026-11-01 --to 2026-11-02 is one day.")
        }
        for name in request.datasets where !spec.datasets.contains(where: { $0.name == name }) {
            throw ExportError(
                .configuration, operation: "backfill", object: "dataset \(name)",
                reason: "pipeline \(spec.name) has no such dataset",
                hint: "It has: \(spec.datasets.map(\.name).joined(separator: ", ")).")
        }
        let wanted = spec.datasets.filter { request.datasets.isEmpty || request.datasets.contains($0.name) }
        let timed = wanted.filter { $0.mode == .incremental && $0.partitionBy.contains { $0.by != nil } }
        for dataset in wanted where !timed.contains(dataset) && request.datasets.contains(dataset.name) {
            throw ExportError(
                .configuration, operation: "backfill", object: "dataset \(dataset.name)",
                reason: dataset.mode == .snapshot
                    ? "a snapshot is written anew by each run that finds a change"
                    : "it has no output partitions that are cut by time")
        }
        guard !timed.isEmpty else {
            throw ExportError(
                .configuration, operation: "backfill", object: "pipeline \(spec.name)",
                reason: "it has no dataset whose output partitions are cut by time",
                hint: "Add `partition_by: [{column: …, by: day}]`; `run --re-export LEAF` writes a leaf anew without.")
        }
        return timed
    }

    static func date(_ moment: Int64) -> Date {
        Date(timeIntervalSinceReferenceDate: Double(moment) / 1e6 - 366 * 86_400)
    }
}
