import Lake

/// Makes the entry that commits a run: from its plan and its units' results.
enum Commit {
    /// Makes the entry.
    ///
    /// - Parameters:
    ///   - run: the run.
    ///   - plan: its plan.
    ///   - results: the results of all its units.
    ///   - state: the lake's state, which tells what schemas are new.
    static func make(
        _ run: OpenRun, _ plan: RunPlan, _ results: [Int: UnitResult], _ state: LakeState
    ) -> LogEntry.Commit {
        var watermarks: [String: [Watermark]] = [:]
        var schemas: [String: DatasetSchema] = [:]
        var counts: [String: LogEntry.Counts] = [:]
        let ordered = plan.units.compactMap { results[$0.number] }
        for dataset in plan.datasets {
            watermarks[dataset.name] = dataset.leaves.map {
                Watermark(leaf: $0.oid, name: $0.qualifiedName, fileNode: $0.fileNode, high: plan.window.high)
            }
            if state.datasets[dataset.name]?.schema != dataset.schema { schemas[dataset.name] = dataset.schema }
            let own = ordered.filter { $0.dataset == dataset.name }
            let chunks = own.flatMap(\.chunks)
            counts[dataset.name] = LogEntry.Counts(
                rows: own.reduce(0) { $0 + $1.rows }, chunks: chunks.count, bytes: chunks.reduce(0) { $0 + $1.bytes },
                strays: StrayCount.sum(own.flatMap(\.strays)))
        }
        return LogEntry.Commit(
            run: run.number, uuid: run.uuid, attempt: run.attempt, window: plan.window,
            added: ordered.flatMap(\.chunks), watermarks: watermarks, schemas: schemas, counts: counts)
    }
}
