import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres
import Records

/// What an operator allows a run to do where the state and the source do not fit together.
public struct SourceChanges: Sendable {
    /// Goes on with another cluster, after a failover, or with transaction ids that went backwards.
    public var acceptSource = false
    /// The leaves whose rewrite did no harm: their watermarks hold.
    public var acceptRewrite: [String] = []
    /// The leaves that are exported anew, in place of their present files.
    public var reExport: [String] = []

    /// Allows nothing.
    public init() {}
}

/// Makes a plan: which leaves, which windows, which columns, cut into units.
struct Planner {
    let spec: PipelineSpec
    let source: Source
    let state: LakeState
    let log: Logger
    var changes = SourceChanges()
    /// The lake's live files, asked for only where files are replaced.
    var live: () throws -> [LiveFile] = { [] }

    /// A dataset on its way to a plan.
    struct Draft {
        let spec: DatasetSpec
        let table: SourceTable
        let known: DatasetState?
        var leaves: [LeafPlan]
        var notes: [String] = []
    }

    /// Plans an export.
    ///
    /// - Parameters:
    ///   - horizon: the windows' end.
    ///   - stepwise: whether a large first load is cut: then the plan holds only a part of the leaves that are read from
    ///     their beginning, and planning again after its commit gives the next.
    /// - Returns: the plan; nil when nothing can be new.
    /// - Throws: `ExportError`, `PostgresError`, and what `live` throws.
    func plan(to horizon: Horizon, stepwise: Bool = true) throws -> RunPlan? {
        let identity = try source.identity()
        try checkHashKey()
        let isOther = try SourceGuard.check(state, identity, horizon, source, accept: changes.acceptSource)
        var drafts: [Draft] = []
        var replaced: [LiveFile] = []
        for dataset in spec.datasets {
            // A time means the same in another source; a transaction id does not.
            let isLost = isOther && dataset.cursor.mode == .transaction
            var known = state.datasets[dataset.name]
            if isLost { known?.forgetSource() }
            let table = try SourceTable(dataset, source: source)
            try checkCursor(dataset, known)
            var draft = Draft(spec: dataset, table: table, known: known, leaves: [])
            switch (dataset.mode, dataset.cursor.mode) {
            case (.snapshot, _): try takeSnapshot(&draft, horizon, &replaced)
            case (.incremental, .column): try takeColumnWindow(&draft, horizon)
            case (.incremental, .transaction): try takeWindows(&draft, horizon, isOther, &replaced)
            }
            if !draft.leaves.isEmpty { drafts.append(draft) }
        }
        try checkNamed(drafts)
        let whole = drafts.reduce(0) { $0 + $1.leaves.count }
        if stepwise, !isOther, replaced.isEmpty { drafts = firstStep(of: drafts) }
        guard !drafts.isEmpty else { return nil }
        var units: [UnitPlan] = []
        let datasets = try drafts.map { try finish($0, &units) }
        let replaces = ReplacePlan(
            keys: replaced.map(\.chunk.key), rows: replaced.reduce(0) { $0 + $1.chunk.rows }, allowFewer: true)
        return RunPlan(
            program: Program.version, uuid: UUID().uuidString.lowercased(), kind: .export, version: state.version,
            pipeline: spec.name, settings: Self.settings(of: spec), source: identity, window: horizon.window,
            datasets: datasets,
            units: units, replaces: replaced.isEmpty ? nil : replaces,
            resets: isOther ? resets() : [], hashKey: Redaction.fingerprint(of: spec),
            isStep: drafts.reduce(0) { $0 + $1.leaves.count } < whole)
    }

    /// Values hashed with two keys could not be joined.
    func checkHashKey() throws {
        guard let known = state.hashKey, let present = Redaction.fingerprint(of: spec), known != present else { return }
        throw ExportError(
            .configuration, operation: "run", object: "pipeline \(spec.name)",
            reason:
                "`hash_key` is not the one that the lake's values were hashed with, so old and new ones would not match",
            hint: "Set the former key back, or begin a new destination with the new one.")
    }

    /// Plans to read everything of a dataset, whatever was exported; for previews.
    func everything(of dataset: DatasetSpec) throws -> DatasetPlan {
        let table = try SourceTable(dataset, source: source)
        return try datasetPlan(dataset, table, state.datasets[dataset.name], leaves: table.leaves)
    }

    /// The settings' checksum; an open run with another one is not gone on with.
    static func settings(of spec: PipelineSpec) -> String {
        Checksum.sha256(Array((spec.canonicalText + (Redaction.fingerprint(of: spec) ?? "")).utf8))
    }

    /// A dataset's plan for leaves that are chosen already.
    ///
    /// - Parameter evolves: whether columns may be added and widened by what earlier runs met.
    func datasetPlan(
        _ dataset: DatasetSpec, _ table: SourceTable, _ known: DatasetState?, leaves: [LeafPlan], notes: [String] = [],
        evolves: Bool = true
    ) throws -> DatasetPlan {
        let discovery = Discovery(
            source: source, table: table, spec: spec, dataset: dataset, log: log)
        let schema = try columns(of: dataset, table, known, leaves, evolves, discovery)
        return DatasetPlan(dataset, table, schema, leaves: leaves, notes: notes)
    }

    // MARK: - Steps of a first load

    /// Of a large first load, as many leaves as are worth a commit of their own.
    private func firstStep(of drafts: [Draft]) -> [Draft] {
        let limit = Int64(spec.unitSize) * Int64(max(4, 2 * (spec.workers ?? 2)))
        func size(_ leaf: LeafPlan) -> Int64 {
            leaf.low == nil && leaf.pruned == nil ? leaf.pages * 8_192 : 0
        }
        let total = drafts.reduce(0) { $0 + $1.leaves.reduce(0) { $0 + size($1) } }
        guard total > limit, drafts.reduce(0, { $0 + $1.leaves.count }) > 1 else { return drafts }
        var taken: Int64 = 0
        var step: [Draft] = []
        for draft in drafts where taken < limit {
            var part = draft
            part.leaves = []
            for leaf in draft.leaves where size(leaf) > 0 && taken < limit {
                part.leaves.append(leaf)
                taken += size(leaf)
            }
            if !part.leaves.isEmpty { step.append(part) }
        }
        log.info(
            "this is a large first load: \(step.reduce(0) { $0 + $1.leaves.count }) leaves are committed on their own")
        return step
    }

    // MARK: - Columns and units

    private func finish(_ draft: Draft, _ units: inout [UnitPlan]) throws -> DatasetPlan {
        var leaves = draft.leaves
        if draft.table.relation == nil {
            let cutter = try LeafCutter(source: source, unitBytes: Int64(spec.unitSize), leaves: leaves)
            for index in leaves.indices where leaves[index].pruned == nil {
                try cutter.cut(&leaves[index], of: draft.spec.name, to: &units)
            }
        } else {
            for leaf in leaves {
                units.append(
                    UnitPlan(
                        number: units.count + 1, dataset: draft.spec.name, leaf: leaf.oid, piece: .whole, bytes: 0,
                        rows: leaf.rows))
            }
        }
        return try datasetPlan(draft.spec, draft.table, draft.known, leaves: leaves, notes: draft.notes)
    }

    /// Settles the columns of a dataset's tables.
    func columns(
        of dataset: DatasetSpec, _ table: SourceTable, _ known: DatasetState?, _ leaves: [LeafPlan], _ evolves: Bool,
        _ discovery: Discovery
    ) throws -> SchemaPlan {
        var sqlColumns: [String: ColumnInfo] = [:]
        for column in dataset.columns ?? [] {
            guard let sql = column.sql else { continue }
            let field = "sql:\(column.name)"
            sqlColumns[field] = try source.columnInfo(of: sql, named: field, in: table)
        }
        let planner = SchemaPlanner(
            spec: dataset, table: table, known: known, foreign: foreignNames(dataset), evolves: evolves,
            sqlColumns: sqlColumns)
        let plan = try planner.plan(
            SchemaSamples(
                newValues: { try evolves ? discovery.values(in: leaves) : [] },
                paths: { flatten, share, values in try discovery.paths(of: flatten, share, values) },
                promised: { flatten in try discovery.promised(by: flatten) }))
        for note in plan.notes { log.notice("\(dataset.name): \(note)") }
        return plan
    }

    /// The names that a table made of a dataset must not have, in lower case.
    private func foreignNames(_ dataset: DatasetSpec) -> Set<String> {
        let others = state.datasets.filter { $0.key != dataset.name }
        let names = spec.datasets.map(\.name) + others.keys + others.values.flatMap(\.tables.keys)
        return Set(names.filter { $0 != dataset.name }.map { $0.lowercased() })
    }
}
