import Lake
import Pipeline
import Postgres

/// Which rows of a dataset are new.
extension Planner {
    /// The leaves that have rows to export, each with its window.
    func takeWindows(
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
    func begin(_ leaf: inout LeafPlan, _ draft: Draft, isFirst: Bool) throws {
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

    func initialBound(_ draft: Draft, _ from: Int64) throws -> TimeBound {
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
    func takeColumnWindow(_ draft: inout Draft, _ horizon: Horizon) throws {
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
    func takeSnapshot(_ draft: inout Draft, _ horizon: Horizon, _ replaced: inout [LiveFile]) throws {
        guard var leaf = draft.table.leaves.first else { return }
        leaf.high = horizon.window.high
        if let known = draft.known?.fingerprint {
            let plan = try datasetPlan(draft.spec, draft.table, draft.known, leaves: [leaf])
            if try known == Fingerprint.read(plan, source.connection) { return }
        }
        draft.leaves = [leaf]
        if state.datasets[draft.spec.name] != nil {
            replaced += try live().filter { $0.chunk.dataset == draft.spec.name }
        }
    }

    /// The dataset must go by what its watermarks are.
    func checkCursor(_ dataset: DatasetSpec, _ known: DatasetState?) throws {
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

    func moment(_ name: String, _ setting: String, _ draft: Draft) throws -> ColumnInfo {
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
    func filesOf(_ leaf: LeafPlan, _ dataset: String, byName: Bool) throws -> [LiveFile] {
        let former = state.datasets[dataset]?.watermarks.values.filter { $0.name == leaf.qualifiedName }.map(\.leaf)
        let oids = byName ? former ?? [] : [leaf.oid]
        return try live().filter { $0.chunk.dataset == dataset && oids.contains($0.chunk.leaf) }
    }

    /// The datasets whose watermarks were another source's, also those that the pipeline has no more.
    func resets() -> [String] {
        let timed = spec.datasets.filter { $0.cursor.mode == .column }.map(\.name)
        return state.datasets.keys.filter { !timed.contains($0) }.sorted()
    }

    /// A leaf named on the command line must be one.
    func checkNamed(_ drafts: [Draft]) throws {
        for name in changes.reExport where !drafts.contains(where: { $0.leaves.contains { $0.isNamed(name) } }) {
            throw ExportError(
                .configuration, operation: "re-export", object: name, reason: "the pipeline reads no such leaf",
                hint: "`tidemark plan` names the leaves.")
        }
    }
}
