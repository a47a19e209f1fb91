import Foundation
import Lake
import Pipeline
import Postgres
import Records

extension Verifier {
    /// Reads every live file and compares its rows with the source's.
    ///
    /// - Parameters:
    ///   - dataset: only this one; nil for all.
    ///   - limit: how many differing rows are listed.
    /// - Throws: `StoreError`, `LakeError`, `PostgresError`; `ExportError` when there is no such dataset, the source is
    ///   another one, or files were replaced meanwhile.
    public func full(dataset: String? = nil, limit: VerifyLimit = VerifyLimit()) throws -> VerifyReport {
        let started = ContinuousClock.now
        let shares = try byDataset(only: dataset)
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let identity = try source.identity()
        try SourceGuard.check(lake.state, identity, try Horizon.take(source), source)
        var layouts = VerifyLayouts(lake: lake, store: store)
        var reports: [VerifyReport.Dataset] = []
        for share in shares {
            var report = share.report
            var setup = Setup(files: try share.files.map { ($0.chunk, try layouts.layout(of: $0)) })
            do {
                try prepare(&setup, share, source, identity, &report)
            } catch let error as ExportError {
                report.unchecked.append("\(error)")
            }
            log.info(
                "\(share.report.name): reading \(setup.files.count) files and \(setup.units.count) pieces of the source"
            )
            let comparison = VerifyComparison(work: work, files: setup.compared, units: setup.units)
            let findings = try comparison.read()
            report.problems = try refuseReplaced(findings.problems)
            if var sides = setup.sides {
                sides.partitions = findings.groups.count
                sides.rowsInSource = findings.rowsInSource
                sides.rowsInLake = findings.groups.reduce(0) { $0 + $1.lake.rows }
                sides.differences = try comparison.differences(
                    findings, limit: limit, names: setup.names, keysAtOnce: keysAtOnce)
                report.comparison = sides
            }
            reports.append(report)
        }
        return self.report(.full, reports, started)
    }

    /// What is read of a dataset, and how.
    private struct Setup {
        let files: [(chunk: ChunkRecord, layout: DatasetPlan)]
        var units: [VerifyUnit] = []
        /// The leaves whose files are compared, with their names.
        var names: [UInt32: String] = [:]
        var key: [String] = []
        var byPartition = true
        /// What is known of the comparison beforehand; nil when there is none.
        var sides: VerifyReport.Comparison?

        /// The files, each with its output partition if it is compared.
        var compared: [VerifyComparison.File] {
            files.map { chunk, layout in
                // Elements of arrays are no rows of the source.
                let isCompared = sides != nil && names[chunk.leaf] != nil && !chunk.hasItems
                let columns = isCompared ? layout.columns(of: key) : nil
                return VerifyComparison.File(
                    chunk: chunk, layout: layout, key: columns ?? [],
                    partition: columns.map { _ in byPartition ? chunk.folders : "" })
            }
        }
    }

    /// Settles what of a dataset can be compared with the source, and says why the rest cannot.
    private func prepare(
        _ setup: inout Setup, _ share: Share, _ source: Source, _ identity: SourceIdentity,
        _ report: inout VerifyReport.Dataset
    ) throws {
        guard let dataset = share.spec else {
            report.notes.append("the pipeline has no such dataset any more: its files were read, not compared")
            return
        }
        guard dataset.mode == .incremental, dataset.cursor.mode == .transaction else {
            let kind = dataset.mode == .snapshot ? "a snapshot" : "read by a time column"
            report.notes.append("it is \(kind): its files were read, not compared with the source")
            return
        }
        let watermarks = lake.state.datasets[dataset.name]?.watermarks ?? [:]
        let table = try SourceTable(dataset, source: source)
        var leaves = table.leaves.filter { watermarks[Int($0.oid)] != nil }
        leaves.removeAll { leaf in
            do {
                guard let watermark = watermarks[Int(leaf.oid)] else { return true }
                try RewriteCheck(source: source, log: log, accepted: [])
                    .check(leaf, watermark, key: keyPlan(dataset, table))
                return false
            } catch {
                report.unchecked.append("\(error)")
                return true
            }
        }
        setup.key = dataset.key.uniqued
        setup.names = Dictionary(leaves.map { ($0.oid, $0.qualifiedName) }) { first, _ in first }
        let present = Set(table.leaves.map(\.oid))
        let own = setup.files.filter { setup.names[$0.chunk.leaf] != nil && !$0.chunk.hasItems }
        let types = try keyTypes(own.map(\.layout), setup.key)
        let partitions = dataset.partitionBy
        setup.byPartition = own.allSatisfy { $0.layout.isPartitioned(as: partitions) }
        if !setup.byPartition {
            report.notes.append("`partition_by` was changed: the dataset was compared as a whole, not by partition")
        }
        if own.contains(where: { $0.layout.filter != dataset.filter }) {
            report.notes.append("`where` was changed: rows that it left out or in before show as differences")
        }
        let keys = try VerifyKeys(
            dataset, columns: table.columns, name: table.name, types: types, key: setup.key,
            byPartition: setup.byPartition)
        try checkOrigins(own.map(\.layout), keys, setup.key)
        setup.units = try units(leaves, watermarks, keys, source, identity)
        var sides = VerifyReport.Comparison(key: setup.key)
        sides.leaves = leaves.count
        let gone = setup.files.filter { !present.contains($0.chunk.leaf) && !$0.chunk.hasItems }
        sides.gone = VerifyReport.Gone(
            leaves: Set(
                gone.map { file in
                    watermarks[Int(file.chunk.leaf)]?.name ?? "the leaf with the oid \(file.chunk.leaf)"
                }
            ).sorted(),
            files: gone.count, rows: gone.reduce(0) { $0 + $1.chunk.rows })
        setup.sides = sides
    }

    /// The types of the key's columns in the files; nil where there are no files.
    func keyTypes(_ layouts: [DatasetPlan], _ key: [String]) throws -> [ColumnType]? {
        var types: [ColumnType]?
        for layout in layouts {
            guard let columns = layout.columns(of: key) else {
                throw ExportError(
                    operation: "compare", object: "dataset \(layout.name) with the source",
                    reason: "its key (\(key.joined(separator: ", "))) is not in its files",
                    hint: "Only what the files hold can be compared: have the key among the columns.")
            }
            types = columns.map { layout.tables[0].schema.columns[$0].type }
        }
        return types
    }

    /// The files' key must be made as the source's is now, or equal rows would look different.
    func checkOrigins(_ layouts: [DatasetPlan], _ keys: VerifyKeys, _ key: [String]) throws {
        let expected = try keys.origins()
        for layout in layouts {
            let origins = try (layout.columns(of: key) ?? []).map(layout.origin)
            if origins != expected {
                throw ExportError(
                    operation: "compare", object: "dataset \(layout.name) with the source",
                    reason: """
                        its key was written as \(origins.map { "\($0.type) from \($0.expression)" }.joined(separator: ", ")) once, \
                        and now would be as \(expected.map { "\($0.type) from \($0.expression)" }.joined(separator: ", "))
                        """,
                    hint: "`tidemark backfill` writes the older files anew.")
            }
        }
    }

    private func units(
        _ leaves: [LeafPlan], _ watermarks: [Int: Watermark], _ keys: VerifyKeys, _ source: Source,
        _ identity: SourceIdentity
    ) throws -> [VerifyUnit] {
        let cutter = try LeafCutter(source: source, unitBytes: Int64(spec.unitSize), leaves: [])
        return try leaves.flatMap { leaf -> [VerifyUnit] in
            var leaf = leaf
            var pieces: [UnitPlan] = []
            try cutter.cut(&leaf, of: keys.plan.name, to: &pieces)
            guard let watermark = watermarks[Int(leaf.oid)] else { return [] }
            return pieces.map {
                VerifyUnit(
                    identity: identity, keys: keys, leaf: leaf, watermark: watermark.high, begin: watermark.begin,
                    piece: $0.piece, readsAll: false)
            }
        }
    }

    /// Files that were replaced while they were read cannot be told from lost ones.
    func refuseReplaced(_ problems: [FileProblem]) throws -> [FileProblem] {
        let live = try stillLive(problems)
        guard live.count == problems.count else {
            throw ExportError(
                operation: "verify", object: store.location,
                reason: "files were replaced by another run, and deleted, while they were read", hint: "Verify again.")
        }
        return live
    }
}

extension ChunkRecord {
    /// The folders of the output partition, without the dataset's.
    var folders: String { Layout.partition(of: key) }
}

extension DatasetPlan {
    /// Whether rows went to the folders that the pipeline names now.
    func isPartitioned(as parts: [PartitionSpec]) -> Bool {
        partitions.count == parts.count
            && zip(partitions, parts).allSatisfy { own, part in
                let unit = part.by.flatMap { PartitionPlan.Unit(rawValue: $0.rawValue) } ?? .value
                return own.name == part.name && own.by == unit
                    && (own.field == part.column || own.field == "\(part.column)::text")
            }
    }
}

extension Array where Element: Hashable {
    /// Each element once, at its first place.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
