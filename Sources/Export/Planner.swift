import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres

/// Settles what a run will read: window, columns, leaves, units.
struct Planner {
    let spec: PipelineSpec
    let source: Source
    let state: LakeState
    let log: Logger

    /// The table bytes that a unit covers: large enough that its files are worth having, small enough that a retry is
    /// cheap.
    static let unitBytes: Int64 = 256 << 20
    static let pageBytes: Int64 = 8_192

    /// Plans an export.
    ///
    /// - Parameter horizon: the end of the windows.
    /// - Returns: the plan; nil when no leaf has anything new.
    /// - Throws: `PostgresError`, `ExportError`.
    func plan(to horizon: Horizon) throws -> RunPlan? {
        let identity = try source.identity()
        try SourceGuard.check(state, identity, horizon, source)
        var datasets: [DatasetPlan] = []
        var units: [UnitPlan] = []
        for dataset in spec.datasets {
            let known = state.datasets[dataset.name]
            let table = try SourceTable(dataset.table, source: source)
            let leaves = try windows(of: table, known, to: horizon.window)
            guard !leaves.isEmpty else { continue }
            let schema = try columns(of: dataset, table, known?.schema)
            // Rows of the window were in the table before its size was read: a table without pages has none.
            for leaf in leaves where leaf.pages > 0 { units += cut(leaf, of: dataset.name, after: units.count) }
            datasets.append(DatasetPlan(dataset, table, schema, leaves: leaves))
        }
        guard !datasets.isEmpty else { return nil }
        return RunPlan(
            program: Program.version, uuid: UUID().uuidString.lowercased(), kind: .export, pipeline: spec.name,
            settings: Self.settings(of: spec), source: identity, window: horizon.window, datasets: datasets,
            units: units)
    }

    /// Plans to read all rows of a dataset that are visible now, whatever was exported before.
    ///
    /// - Parameter dataset: the dataset.
    /// - Throws: `PostgresError`, `ExportError`.
    func everything(of dataset: DatasetSpec) throws -> DatasetPlan {
        let table = try SourceTable(dataset.table, source: source)
        let schema = try columns(of: dataset, table, state.datasets[dataset.name]?.schema)
        return DatasetPlan(dataset, table, schema, leaves: table.leaves)
    }

    /// The checksum of the settings that shape the output.
    static func settings(of spec: PipelineSpec) -> String { Checksum.sha256(Array(spec.canonicalText.utf8)) }

    /// The leaves that can hold something new, each with its window's beginning.
    private func windows(of table: SourceTable, _ known: DatasetState?, to window: WindowPlan) throws -> [LeafPlan] {
        try table.leaves.compactMap { leaf in
            guard let watermark = known?.watermarks[Int(leaf.oid)] else { return leaf }
            if watermark.high >= window.high { return nil }
            guard watermark.fileNode == leaf.fileNode else {
                throw ExportError(
                    operation: "go on exporting", object: leaf.qualifiedName,
                    reason:
                        "the table was rewritten since the last run (its file was \(watermark.fileNode), now \(leaf.fileNode))",
                    hint: """
                        TRUNCATE, VACUUM FULL, CLUSTER and some ALTER TABLEs do that; its rows may carry new transaction \
                        ids and would come twice. Export to a new destination.
                        """)
            }
            var planned = leaf
            planned.low = watermark.high
            return planned
        }
    }

    private func columns(
        of dataset: DatasetSpec, _ table: SourceTable, _ present: DatasetSchema?
    ) throws -> SchemaPlan {
        let planner = SchemaPlanner(spec: dataset, table: table, present: present)
        let plan = try planner.plan { flatten in
            log.info("\(dataset.name): looking at a sample of \(flatten.column) for its keys")
            let type = table.columns.first { $0.name == flatten.column }?.type ?? .jsonb
            return try Discovery(source: source, leaves: table.leaves, rows: dataset.sample)
                .paths(of: flatten, type: type)
        }
        for note in plan.notes { log.notice("\(dataset.name): \(note)") }
        return plan
    }

    /// Cuts a leaf into even page ranges; the last is open-ended, so that nothing appended is missed.
    private func cut(_ leaf: LeafPlan, of dataset: String, after count: Int) -> [UnitPlan] {
        let bytes = leaf.pages * Self.pageBytes
        let pieces = max(1, (bytes + Self.unitBytes - 1) / Self.unitBytes)
        return (0..<pieces).map { piece in
            let first = leaf.pages * piece / pieces
            let end = leaf.pages * (piece + 1) / pieces
            return UnitPlan(
                number: count + Int(piece) + 1, dataset: dataset, leaf: leaf.oid, firstPage: first,
                endPage: piece == pieces - 1 ? nil : end, bytes: (end - first) * Self.pageBytes,
                rows: leaf.rows / pieces)
        }
    }
}

extension DatasetPlan {
    /// Puts together what is known of a dataset.
    init(_ dataset: DatasetSpec, _ table: SourceTable, _ schema: SchemaPlan, leaves: [LeafPlan]) {
        self.init(
            name: dataset.name, table: table.name, schema: schema.schema, fields: schema.fields,
            retired: schema.retired, flatten: dataset.flatten.map { FlattenPlan(field: $0.column, depth: $0.depth) },
            partitions: schema.partitions, filter: dataset.filter, output: OutputPlan(dataset), leaves: leaves)
    }
}

extension OutputPlan {
    /// The settings of a dataset, as the plan holds them.
    init(_ dataset: DatasetSpec) {
        var csv: CSVSpec?
        if case .csv(let options) = dataset.format { csv = options }
        self.init(
            format: csv == nil ? "ndjson" : "csv", header: csv?.header ?? false, delimiter: csv?.delimiter ?? ",",
            null: csv?.null ?? "", codec: dataset.compression.codec.rawValue, level: dataset.compression.level,
            chunkBytes: dataset.chunk.targetSize, chunkRows: dataset.chunk.rows)
    }
}
