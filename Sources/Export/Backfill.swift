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

/// One dataset's part of a backfill: which ranges, which files, which plan.
struct BackfillScope {
    private let spec: PipelineSpec
    private let dataset: DatasetSpec
    private let request: BackfillRequest
    private let lake: CommitLog
    private let source: Source
    private let log: Logger
    private let table: SourceTable
    private let part: PartitionSpec
    private let live: [LiveFile]
    private var known: DatasetState? { lake.state.datasets[dataset.name] }

    init(
        _ spec: PipelineSpec, _ dataset: DatasetSpec, _ request: BackfillRequest, _ lake: CommitLog, _ source: Source,
        _ log: Logger
    ) throws {
        self.spec = spec
        self.dataset = dataset
        self.request = request
        self.lake = lake
        self.source = source
        self.log = log
        table = try SourceTable(dataset, source: source)
        part = dataset.partitionBy.first { $0.by != nil } ?? PartitionSpec(column: "")
        live = try lake.liveFiles().filter { $0.chunk.dataset == dataset.name }
    }

    // MARK: - Ranges

    /// The ranges to write, ascending, one for each output partition that has files or rows; those that an interrupted
    /// backfill of the same range has done are left out.
    func ranges() throws -> [Range<Int64>] {
        let whole = request.from.floored(to: part.by)..<request.to.ceiled(to: part.by)
        var next = whole.lowerBound
        if let done = lake.state.backfills[dataset.name], done.column == part.column, !request.restart,
            done.requestFrom..<done.requestTo == whole
        {
            next = max(next, done.to)
            log.notice("\(dataset.name): going on at \(TimeText.text(next)), where the last backfill of this range was")
        }
        var ranges: [Range<Int64>] = []
        while next < whole.upperBound {
            let range = try closure(of: next..<next.next(part.by))
            if try !files(in: range).isEmpty || hasRows(range) { ranges.append(range) }
            next = range.upperBound
        }
        return ranges
    }

    /// Widened until no file lies in it by halves: files of another layout may hold more than one of today's partitions.
    private func closure(of range: Range<Int64>) throws -> Range<Int64> {
        var range = range
        while true {
            var wider = range
            for file in try files(in: range) {
                guard let own = file.chunk.ranges[part.column] else { continue }
                let least = min(wider.lowerBound, own.least.floored(to: part.by))
                let end = max(wider.upperBound, (own.greatest + 1).ceiled(to: part.by))
                wider = least..<end
            }
            if wider == range { return range }
            range = wider
        }
    }

    /// The live files with rows of a range, as their logged statistics have it.
    func files(in range: Range<Int64>) throws -> [LiveFile] {
        let leaves = Set(table.leaves.map(\.oid))
        return try live.filter { file in
            guard let own = file.chunk.ranges[part.column] else {
                // Without a time a row is in no range.
                if file.chunk.key.contains("=\(PathText.null)/") { return false }
                throw ExportError(
                    operation: "backfill", object: "dataset \(dataset.name)",
                    reason:
                        "\(file.chunk.key) was written without statistics of \(part.column), so its rows' days are unknown",
                    hint: "`tidemark run --re-export LEAF` writes all of a leaf anew.")
            }
            guard own.least < range.upperBound, own.greatest >= range.lowerBound else { return false }
            return !(request.keepOld && !leaves.contains(file.chunk.leaf))
        }
    }

    /// Whether the source has rows of a range below the watermarks.
    private func hasRows(_ range: Range<Int64>) throws -> Bool {
        for leaf in try leaves(range) {
            let plan = "SELECT FROM \(from(leaf)) WHERE \(leaf.bounds.map(\.condition).joined(separator: " AND "))"
            let row = try source.connection.query("SELECT EXISTS (\(plan))::text AS found")
            if row[0, "found"] == "true" { return true }
        }
        return false
    }

    private func from(_ leaf: LeafPlan) -> String {
        SourceTable.window(table.from(leaf), low: nil, high: leaf.high) + " AS t"
    }

    /// A range as a condition on the table's column, whose type the plan has checked.
    private func bound(_ range: Range<Int64>) -> TimeBound {
        TimeBound(
            column: part.column, type: table.column(part.column)?.type.boundName ?? "timestamptz",
            zone: dataset.timestampZone, from: range.lowerBound, to: range.upperBound)
    }

    /// The leaves up to their watermarks, bounded by a range.
    private func leaves(_ range: Range<Int64>) throws -> [LeafPlan] {
        let bound = bound(range)
        return try table.leaves.compactMap { leaf in
            // What was never exported comes with the next export.
            guard let watermark = known?.watermarks[Int(leaf.oid)] else { return nil }
            if table.relation == nil {
                try RewriteCheck(source: source, log: log, accepted: [])
                    .check(leaf, watermark, key: keyPlan(dataset, table))
            }
            var leaf = leaf
            leaf.high = watermark.high
            leaf.bounds = [bound]
            return leaf
        }
    }

    // MARK: - A run

    /// Plans the run that writes a range anew.
    ///
    /// - Parameter isLast: whether the request is through with it.
    func plan(_ range: Range<Int64>, isLast: Bool) throws -> RunPlan {
        let horizon = try Horizon.take(source)
        let identity = try source.identity()
        try SourceGuard.check(lake.state, identity, horizon, source)
        let replaced = try files(in: range)
        let present = Set(table.leaves.map(\.oid))
        if let lost = replaced.first(where: { !present.contains($0.chunk.leaf) }), !request.allowFewer {
            let name = known?.watermarks[Int(lost.chunk.leaf)]?.name ?? "oid \(lost.chunk.leaf)"
            throw ExportError(
                operation: "backfill", object: "dataset \(dataset.name) from \(TimeText.text(range.lowerBound))",
                reason: "\(lost.chunk.key) holds rows of \(name), which the source does not have any more",
                hint:
                    "`--keep-old` keeps such files as they are; `--allow-fewer` removes them, and their rows with them."
            )
        }
        var leaves = try leaves(range)
        var units: [UnitPlan] = []
        if table.relation == nil {
            let cutter = try LeafCutter(source: source, unitBytes: Int64(spec.unitSize), leaves: leaves)
            for index in leaves.indices { try cutter.cut(&leaves[index], of: dataset.name, to: &units) }
        } else {
            units = leaves.enumerated().map { index, leaf in
                UnitPlan(
                    number: index + 1, dataset: dataset.name, leaf: leaf.oid, piece: .whole, bytes: 0, rows: leaf.rows)
            }
        }
        let planner = Planner(spec: spec, source: source, state: lake.state, log: log)
        let requested = request.from.floored(to: part.by)..<request.to.ceiled(to: part.by)
        return RunPlan(
            program: Program.version, uuid: UUID().uuidString.lowercased(), kind: .backfill,
            version: lake.state.version,
            pipeline: spec.name, settings: Planner.settings(of: spec), source: identity, window: horizon.window,
            datasets: [try planner.datasetPlan(dataset, table, known, leaves: leaves)], units: units,
            replaces: ReplacePlan(
                keys: replaced.map(\.chunk.key), rows: replaced.reduce(0) { $0 + $1.chunk.rows },
                allowFewer: request.allowFewer),
            backfill: BackfillPlan(
                dataset: dataset.name, column: part.column, from: range.lowerBound,
                to: isLast ? max(range.upperBound, requested.upperBound) : range.upperBound,
                requestFrom: requested.lowerBound, requestTo: requested.upperBound, written: bound(range)))
    }
}

/// Moments, in microseconds since 2000-01-01 UTC, and the output partitions they lie in.
extension Int64 {
    private static let hour: Int64 = 3_600_000_000
    private static let day: Int64 = 24 * hour

    /// The beginning of the partition that the moment lies in.
    func floored(to unit: PartitionSpec.Unit?) -> Int64 {
        let days = Partitioner.floorDivide(self, Self.day)
        let date = CivilDate(daysSince2000: days)
        switch unit {
        case .hour: return Partitioner.floorDivide(self, Self.hour) * Self.hour
        case .month: return (days - Int64(date.day) + 1) * Self.day
        case .year: return (CivilDate(year: date.year, month: 1, day: 1)?.daysSince2000 ?? days) * Self.day
        case .day, nil: return days * Self.day
        }
    }

    /// The moment itself where a partition begins there, else the beginning of the next.
    func ceiled(to unit: PartitionSpec.Unit?) -> Int64 {
        let floor = floored(to: unit)
        return floor == self ? self : floor.next(unit)
    }

    /// The beginning of the next partition; the moment begins one.
    func next(_ unit: PartitionSpec.Unit?) -> Int64 {
        switch unit {
        case .hour: self + Self.hour
        case .month: (self + 31 * Self.day).floored(to: .month)
        case .year: (self + 366 * Self.day).floored(to: .year)
        case .day, nil: self + Self.day
        }
    }
}
