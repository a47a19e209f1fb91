import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres

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
    private struct Draft {
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
        let isOther = try SourceGuard.check(state, identity, horizon, source, accept: changes.acceptSource)
        var drafts: [Draft] = []
        var replaced: [LiveFile] = []
        for dataset in spec.datasets {
            // A time means the same in another source; a transaction id does not.
            let isLost = isOther && dataset.cursor.mode == .transaction
            let known = isLost ? nil : state.datasets[dataset.name]
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
            resets: isOther ? resets() : [],
            isStep: drafts.reduce(0) { $0 + $1.leaves.count } < whole)
    }

    /// Plans to read everything of a dataset, whatever was exported; for previews.
    func everything(of dataset: DatasetSpec) throws -> DatasetPlan {
        let table = try SourceTable(dataset, source: source)
        return try datasetPlan(dataset, table, state.datasets[dataset.name], leaves: table.leaves)
    }

    /// The settings' checksum; an open run with another one is not gone on with.
    static func settings(of spec: PipelineSpec) -> String { Checksum.sha256(Array(spec.canonicalText.utf8)) }

    /// A dataset's plan for leaves that are chosen already.
    func datasetPlan(
        _ dataset: DatasetSpec, _ table: SourceTable, _ known: DatasetState?, leaves: [LeafPlan], notes: [String] = []
    ) throws -> DatasetPlan {
        let schema = try columns(of: dataset, table, known?.schema)
        return DatasetPlan(dataset, table, schema, leaves: leaves, notes: notes)
    }

    // MARK: - Windows

    /// The leaves that have rows to export, each with its window.
    private func takeWindows(
        _ draft: inout Draft, _ horizon: Horizon, _ isOther: Bool, _ replaced: inout [LiveFile]
    ) throws {
        let dataset = draft.spec
        let column = try dataset.prune.map { try moment($0.column, "prune", draft) }
        let isFirst = draft.known == nil && !isOther
        var reasons: Set<String> = []
        for var leaf in draft.table.leaves {
            let watermark = draft.known?.watermarks[Int(leaf.oid)]
            leaf.high = horizon.window.high
            if isOther || changes.reExport.contains(where: leaf.isNamed) {
                replaced += try filesOf(leaf, dataset.name, byName: isOther)
            } else if let watermark {
                if watermark.high >= leaf.high { continue }
                try RewriteCheck(source: source, log: log, accepted: changes.acceptRewrite)
                    .check(leaf, watermark, key: keyPlan(dataset, draft.table))
                leaf.low = watermark.high
                leaf.begin = watermark.begin
                let floor = Floor(
                    low: leaf.low, prune: dataset.prune, column: column, zone: dataset.timestampZone,
                    marks: state.marks, horizon: horizon)
                if let bound = floor.bound { leaf.bounds.append(bound) }
                leaf.countsRefused = floor.isLenient
                if let reason = floor.reason { reasons.insert(reason) }
            } else {
                try begin(&leaf, draft, isFirst: isFirst)
            }
            draft.leaves.append(leaf)
        }
        for reason in reasons.sorted() {
            draft.notes.append("leaves are read whole to find what is new, without a floor by `prune`: \(reason)")
        }
        if reasons.isEmpty, dataset.prune == nil, horizon.window.next >= Floor.wrap,
            draft.leaves.contains(where: { $0.low != nil })
        {
            draft.notes.append(
                "transaction ids have wrapped around: a row that was not changed for 2^32 transactions could be taken for "
                    + "new; `prune` with a time that the database sets rules that out")
        }
    }

    /// Where a leaf that was never exported begins.
    private func begin(_ leaf: inout LeafPlan, _ draft: Draft, isFirst: Bool) throws {
        switch draft.spec.initial {
        case .all: break
        case .none where isFirst:
            leaf.low = leaf.high
            leaf.begin = Beginning(high: leaf.high, bounds: [])
            leaf.pruned = "`initial: none` leaves out what is there already"
        case .none: break
        case .from(_, let from):
            let bound = try initialBound(draft, from)
            leaf.begin = Beginning(high: leaf.high, bounds: [bound])
            leaf.bounds.append(bound)
        }
    }

    private func initialBound(_ draft: Draft, _ from: Int64) throws -> TimeBound {
        var name: String?
        if case .from(let column, _) = draft.spec.initial { name = column }
        guard let name = name ?? draft.spec.partitionBy.first(where: { $0.by != nil })?.column else {
            throw ExportError(
                .configuration, operation: "plan", object: "dataset \(draft.spec.name)",
                reason: "`initial` gives a moment to begin from, and no column that it is looked for in",
                hint: "Add `column: NAME` beside `from`.")
        }
        let info = try moment(name, "initial", draft)
        return TimeBound(
            column: name, type: info.type.boundName ?? "timestamptz", zone: draft.spec.timestampZone, from: from,
            to: nil)
    }

    /// The window of a dataset that goes by a time column.
    private func takeColumnWindow(_ draft: inout Draft, _ horizon: Horizon) throws {
        guard var leaf = draft.table.leaves.first, let name = draft.spec.cursor.column else { return }
        let info = try moment(name, "cursor", draft)
        guard info.type != .date else {
            throw ExportError(
                .configuration, operation: "plan", object: "dataset \(draft.spec.name)",
                reason: "`cursor` goes by \(name), which is a date: rows of a day that has begun would be missed",
                hint: "Go by a timestamp.")
        }
        if let reason = horizon.withoutCursor {
            // Rows of a transaction that nobody sees could come with an earlier time.
            throw ExportError(
                operation: "find what is new in", object: "dataset \(draft.spec.name)",
                reason: "it goes by the time \(name), and \(reason)",
                hint: "A time cursor needs the primary and a role with pg_read_all_stats, to see who is still writing.")
        }
        let settled = horizon.takenAt - Int64(draft.spec.cursor.settle.milliseconds) * 1_000
        leaf.high = min(settled, horizon.oldest)
        if let reason = horizon.cursorWaits {
            log.warning("\(draft.spec.name) waits for a later run: \(reason)")
            return
        }
        if let watermark = draft.known?.watermarks.values.max(by: { $0.high < $1.high }) {
            if watermark.high >= leaf.high { return }
            leaf.low = watermark.high
        } else if case .from(_, let from) = draft.spec.initial {
            leaf.low = from
        }
        draft.leaves = [leaf]
    }

    /// A snapshot dataset is exported when its rows are not those of the last time.
    private func takeSnapshot(_ draft: inout Draft, _ horizon: Horizon, _ replaced: inout [LiveFile]) throws {
        guard var leaf = draft.table.leaves.first else { return }
        leaf.high = horizon.window.high
        let plan = try datasetPlan(draft.spec, draft.table, draft.known, leaves: [leaf])
        if let known = draft.known?.fingerprint, try known == Fingerprint.read(plan, source.connection) { return }
        draft.leaves = [leaf]
        if state.datasets[draft.spec.name] != nil {
            replaced += try live().filter { $0.chunk.dataset == draft.spec.name }
        }
    }

    /// The dataset must go by what its watermarks are.
    private func checkCursor(_ dataset: DatasetSpec, _ known: DatasetState?) throws {
        if let known, dataset.mode == .snapshot ? !known.watermarks.isEmpty : known.fingerprint != nil {
            throw ExportError(
                .configuration, operation: "go on with", object: "dataset \(dataset.name)",
                reason: "it was not exported in mode \(dataset.mode.rawValue), and the pipeline now says so",
                hint: "Set `mode` back, or give the dataset another name, under which it is exported anew.")
        }
        guard dataset.mode == .incremental, let watermark = known?.watermarks.values.first,
            watermark.column != dataset.cursor.column
        else { return }
        throw ExportError(
            .configuration, operation: "go on with", object: "dataset \(dataset.name)",
            reason: """
                it was exported by \(watermark.column.map { "the column \($0)" } ?? "transactions"), and the pipeline now says \
                \(dataset.cursor.column.map { "the column \($0)" } ?? "transactions")
                """,
            hint: "Set `cursor` back, or give the dataset another name, under which it is exported anew.")
    }

    private func moment(_ name: String, _ setting: String, _ draft: Draft) throws -> ColumnInfo {
        guard let info = draft.table.column(name), info.type.isMoment else {
            let type =
                draft.table.column(name).map { "which is \($0.typeName)" } ?? "which \(draft.table.name) does not have"
            throw ExportError(
                .configuration, operation: "plan", object: "dataset \(draft.spec.name)",
                reason: "`\(setting)` goes by the column \(name), \(type)",
                hint: "Name a timestamp of: \(draft.table.columns.map(\.name).joined(separator: ", ")).")
        }
        return info
    }

    // MARK: - Files that are replaced

    /// The live files of a leaf.
    ///
    /// - Parameter byName: in another cluster the same table has another oid.
    private func filesOf(_ leaf: LeafPlan, _ dataset: String, byName: Bool) throws -> [LiveFile] {
        let former = state.datasets[dataset]?.watermarks.values.filter { $0.name == leaf.qualifiedName }.map(\.leaf)
        let oids = byName ? former ?? [] : [leaf.oid]
        return try live().filter { $0.chunk.dataset == dataset && oids.contains($0.chunk.leaf) }
    }

    /// The datasets whose watermarks were another source's, also those that the pipeline has no more.
    private func resets() -> [String] {
        let timed = spec.datasets.filter { $0.cursor.mode == .column }.map(\.name)
        return state.datasets.keys.filter { !timed.contains($0) }.sorted()
    }

    /// A leaf named on the command line must be one.
    private func checkNamed(_ drafts: [Draft]) throws {
        for name in changes.reExport where !drafts.contains(where: { $0.leaves.contains { $0.isNamed(name) } }) {
            throw ExportError(
                .configuration, operation: "re-export", object: name, reason: "the pipeline reads no such leaf",
                hint: "`tidemark plan` names the leaves.")
        }
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

    private func columns(
        of dataset: DatasetSpec, _ table: SourceTable, _ present: DatasetSchema?
    ) throws -> SchemaPlan {
        let planner = SchemaPlanner(spec: dataset, table: table, present: present)
        let plan = try planner.plan { flatten in
            log.info("\(dataset.name): looking at a sample of \(flatten.column) for its keys")
            let type = table.column(flatten.column)?.type ?? .jsonb
            return try Discovery(source: source, table: table, rows: dataset.sample).paths(of: flatten, type: type)
        }
        for note in plan.notes { log.notice("\(dataset.name): \(note)") }
        return plan
    }
}

/// The key's columns with their types.
func keyPlan(_ dataset: DatasetSpec, _ table: SourceTable) -> [KeyPlan] {
    dataset.key.map { KeyPlan(column: $0, type: table.column($0)?.typeName ?? "text") }
}

extension LeafPlan {
    /// Whether somebody means this leaf: by its name, or schema and name.
    func isNamed(_ text: String) -> Bool { text == name || text == qualifiedName }
}

extension DatasetPlan {
    init(
        _ dataset: DatasetSpec, _ table: SourceTable, _ schema: SchemaPlan, leaves: [LeafPlan], notes: [String] = []
    ) {
        let mode: Mode =
            dataset.mode == .snapshot ? .snapshot : dataset.cursor.mode == .column ? .column : .transactions
        let cursor = dataset.cursor.column.flatMap { table.column($0) }.flatMap { info in
            info.type.boundName.map {
                TimeBound(column: info.name, type: $0, zone: dataset.timestampZone, from: nil, to: nil)
            }
        }
        self.init(
            name: dataset.name, table: table.name, mode: mode, relation: table.relation,
            cursor: mode == .column ? cursor : nil, key: keyPlan(dataset, table), schema: schema.schema,
            fields: schema.fields, retired: schema.retired,
            flatten: dataset.flatten.map { FlattenPlan(field: $0.column, depth: $0.depth) },
            partitions: schema.partitions, filter: dataset.filter, output: OutputPlan(dataset), leaves: leaves,
            notes: notes)
    }

    /// What stands behind FROM to read a leaf, as `t`.
    func from(_ leaf: LeafPlan) -> String {
        guard let relation else { return "ONLY \(SQL.identifier([leaf.schema, leaf.name])) AS t" }
        guard mode == .column else { return "\(relation) AS t" }
        return "\(SourceTable.window(relation, low: leaf.low, high: leaf.high)) AS t"
    }
}

extension OutputPlan {
    init(_ dataset: DatasetSpec) {
        var csv: CSVSpec?
        if case .csv(let options) = dataset.format { csv = options }
        self.init(
            format: csv == nil ? "ndjson" : "csv", header: csv?.header ?? false, delimiter: csv?.delimiter ?? ",",
            null: csv?.null ?? "", codec: dataset.compression.codec.rawValue, level: dataset.compression.level,
            chunkBytes: dataset.chunk.targetSize, chunkRows: dataset.chunk.rows)
    }
}
