import Foundation
import Lake
import Logging
import Pipeline
import Postgres
import Records

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
        try planner.checkHashKey()
        let requested = request.from.floored(to: part.by)..<request.to.ceiled(to: part.by)
        return RunPlan(
            program: Program.version, uuid: UUID().uuidString.lowercased(), kind: .backfill,
            version: lake.state.version,
            pipeline: spec.name, settings: Planner.settings(of: spec), source: identity, window: horizon.window,
            datasets: [try planner.datasetPlan(dataset, table, known, leaves: leaves, evolves: false)], units: units,
            replaces: ReplacePlan(
                keys: replaced.map(\.chunk.key),
                rows: replaced.reduce(0) { $0 + ($1.chunk.hasItems ? 0 : $1.chunk.rows) },
                allowFewer: request.allowFewer),
            backfill: BackfillPlan(
                dataset: dataset.name, column: part.column, from: range.lowerBound,
                to: isLast ? max(range.upperBound, requested.upperBound) : range.upperBound,
                requestFrom: requested.lowerBound, requestTo: requested.upperBound, written: bound(range)))
    }
}
