import Lake

/// Makes the entry that commits a run of any kind: from its plan and its units' results.
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
        var tables: [String: [LogEntry.TableVersion]] = [:]
        var counts: [String: LogEntry.Counts] = [:]
        var fingerprints: [String: String] = [:]
        let ordered = plan.units.compactMap { results[$0.number] }
        for dataset in plan.datasets {
            let known = state.datasets[dataset.name]
            let own = ordered.filter { $0.dataset == dataset.name }
            if plan.kind == .export, dataset.mode != .snapshot {
                watermarks[dataset.name] = self.watermarks(dataset, own, known)
            }
            if plan.kind == .export, dataset.mode == .snapshot {
                fingerprints[dataset.name] = own.lazy.compactMap(\.fingerprint).first
            }
            let versions = dataset.tables.filter { !$0.changes.isEmpty }
            if !versions.isEmpty {
                tables[dataset.name] = versions.map { LogEntry.TableVersion(table: $0, output: dataset.output) }
            }
            let chunks = own.flatMap(\.chunks)
            counts[dataset.name] = LogEntry.Counts(
                rows: own.reduce(0) { $0 + $1.rows }, chunks: chunks.count, bytes: chunks.reduce(0) { $0 + $1.bytes },
                strays: StrayCount.sum(own.flatMap(\.strays)), tables: Self.tables(chunks, dataset),
                unplaced: own.lazy.compactMap(\.unplaced).first,
                refused: own.reduce(0) { $0 + $1.refused })
        }
        return LogEntry.Commit(
            run: run.number, uuid: run.uuid, attempt: run.attempt, window: plan.window,
            added: ordered.flatMap(\.chunks), removed: plan.replaces?.keys ?? [], watermarks: watermarks,
            tables: tables, counts: counts, resets: plan.resets, fingerprints: fingerprints,
            hashKey: plan.hashKey, backfill: plan.backfill)
    }

    /// What was written to each table, where there are several.
    private static func tables(_ chunks: [ChunkRecord], _ dataset: DatasetPlan) -> [String: LogEntry.Counts.Table] {
        guard dataset.tables.count > 1 else { return [:] }
        var counts: [String: LogEntry.Counts.Table] = [:]
        for chunk in chunks {
            counts[chunk.table, default: LogEntry.Counts.Table()].rows += chunk.rows
            counts[chunk.table]?.chunks += 1
            counts[chunk.table]?.bytes += chunk.bytes
        }
        return counts
    }

    /// So many rows of a leaf are remembered with their transactions.
    private static let sampleSize = 4

    private static func watermarks(
        _ dataset: DatasetPlan, _ results: [UnitResult], _ known: DatasetState?
    ) -> [Watermark] {
        var samples: [UInt32: [RowMark]] = [:]
        for result in results { samples[result.leaf, default: []] += result.sample }
        return dataset.leaves.map { leaf in
            let marks = samples[leaf.oid] ?? []
            let step = max(1, marks.count / sampleSize)
            let sample = stride(from: 0, to: marks.count, by: step).prefix(sampleSize).map { marks[$0] }
            return Watermark(
                leaf: leaf.oid, name: leaf.qualifiedName, fileNode: leaf.fileNode, high: leaf.high,
                column: dataset.cursor?.column, begin: leaf.begin, changes: leaf.changes,
                sample: sample.isEmpty ? known?.watermarks[Int(leaf.oid)]?.sample ?? [] : sample)
        }
    }

    /// Checks that the state still allows a commit: nobody else has replaced the files or changed the columns meanwhile.
    ///
    /// - Parameters:
    ///   - commit: the commit.
    ///   - plan: its plan.
    ///   - state: the lake's state.
    ///   - live: the lake's live files, asked for where files are replaced.
    /// - Throws: `ExportError` of the kind `failed`: the run must be planned again.
    static func check(
        _ commit: LogEntry.Commit, _ plan: RunPlan, _ state: LakeState, live: () throws -> [LiveFile]
    ) throws {
        func refuse(_ reason: String) -> ExportError {
            ExportError(
                operation: "commit", object: "run \(commit.run)", reason: reason,
                hint: "It is given up; run the command again.")
        }
        for dataset in plan.datasets {
            // A version that the lake has already stays what it is, whatever came after it.
            for table in dataset.tables where !table.changes.isEmpty {
                let known = state.datasets[dataset.name]?.tables[table.name]?.schema.version ?? 0
                guard table.schema.version == known + 1 else {
                    throw refuse("another run has changed the columns of \(table.name) meanwhile")
                }
            }
        }
        if plan.kind != .export || !commit.removed.isEmpty {
            // Two that both write a part of history, planned side by side, would write its rows twice.
            for dataset in plan.datasets where state.datasets[dataset.name]?.rewritten ?? 0 > plan.version {
                throw refuse("another run has written history of \(dataset.name) anew meanwhile")
            }
            if plan.kind != .export, state.source != plan.source {
                throw refuse("the lake is filled from another source now")
            }
        }
        guard !commit.removed.isEmpty else { return }
        let keys = Set(try live().map(\.chunk.key))
        if let gone = commit.removed.first(where: { !keys.contains($0) }) {
            throw refuse("another run has replaced \(gone) meanwhile")
        }
        let rows = commit.counts.values.reduce(0) { $0 + $1.rows }
        if let replaces = plan.replaces, !replaces.allowFewer, rows < replaces.rows {
            throw ExportError(
                operation: "commit", object: "run \(commit.run)",
                reason: "it would replace \(replaces.rows) rows by \(rows): the source holds fewer now",
                hint: "If that is right, give --allow-fewer; the present files stay until then.")
        }
    }
}
