import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres
import Records

/// The columns that a dataset would begin with, as its table and a sample of its documents have them.
public struct ColumnSuggestions: Codable, Sendable {
    /// The dataset's name.
    public let dataset: String
    /// What it is read from.
    public let source: String
    /// How many documents of each JSON column were looked at.
    public let documents: [String: Int64]
    /// The tables that its rows would go to.
    public let tables: [Table]
    /// What people should know.
    public let notes: [String]

    /// One table.
    public struct Table: Codable, Sendable {
        /// The dataset's name, or that of one made of it.
        public let name: String
        /// Whether its rows are elements of arrays.
        public let hasItems: Bool
        /// Its columns.
        public let columns: [Column]
    }

    /// One column.
    public struct Column: Codable, Sendable {
        /// The name.
        public let name: String
        /// The type.
        public let type: ColumnType
        /// Where the values come from, as pipeline files have it; nil for what Tidemark itself makes.
        public let from: String?
        /// The SQL that gives the values; nil for all others.
        public let sql: String?
        /// In how many documents the key was seen; nil for a column of the table, 0 for a key that only a JSON Schema has.
        public let count: Int64?
        /// The share of the documents that have it, 0 to 1.
        public let share: Double?
        /// The kinds of value seen.
        public let kinds: [String]
        /// A few values, as JSON.
        public let examples: [String]
    }

    /// Looks at a dataset's table and a sample of its rows.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - dataset: the dataset's name; nil for the pipeline's first.
    ///   - rows: how many rows are looked at, over all leaves; nil for what the pipeline says.
    ///   - log: hears what happens.
    /// - Throws: `ExportError`, `PostgresError`; `RecordError` for a document that is no JSON.
    public init(of spec: PipelineSpec, dataset name: String?, rows: Int?, log: Logger) throws {
        guard var wanted = spec.datasets.first(where: { name == nil || $0.name == name }) else {
            throw ExportError(
                .configuration, operation: "discover", object: "dataset \(name ?? "")",
                reason: "pipeline \(spec.name) has no such dataset",
                hint: "It has: \(spec.datasets.map(\.name).joined(separator: ", ")).")
        }
        if let rows { wanted.sample = rows }
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let table = try SourceTable(wanted, source: source)
        let planner = Planner(spec: spec, source: source, state: LakeState(), log: log)
        let discovery = Discovery(
            source: source, table: table, spec: spec, dataset: wanted, log: log)
        let plan = try planner.columns(of: wanted, table, nil, table.leaves.map(\.unbounded), true, discovery)
        var seen: [[String]: SampledPath] = [:]
        var documents: [String: Int64] = [:]
        for flatten in wanted.flatten {
            documents[flatten.column] = try discovery.documents(of: flatten)
            let root = "/" + JSONText.pointerStep(flatten.column)
            Self.gather(try discovery.paths(of: flatten), below: root, &seen)
        }
        self.dataset = wanted.name
        self.source = table.name
        self.documents = documents
        notes = plan.notes
        tables = plan.tables.map { table in
            Table(
                name: table.name, hasItems: table.items != nil,
                columns: table.schema.columns.filter { !$0.isExtra }.map { column in
                    Column(
                        column, table, wanted, seen,
                        documents: column.field.flatMap { documents[$0] })
                })
        }
    }

    /// The paths by the pointer at their documents and the pointer from there, those within arrays, too.
    private static func gather(_ paths: [SampledPath], below root: String, _ seen: inout [[String]: SampledPath]) {
        for path in paths {
            let pointer = path.path.map { "/" + JSONText.pointerStep($0) }.joined()
            seen[[root, pointer]] = path
            if let items = path.items { gather(items, below: root + pointer, &seen) }
        }
    }
}

extension ColumnSuggestions.Column {
    init(
        _ column: PlannedColumn, _ table: TablePlan, _ dataset: DatasetSpec, _ seen: [[String]: SampledPath],
        documents: Int64?
    ) {
        name = column.name
        type = column.type
        let isDeclared = column.role == .value && table.items == nil
        sql = dataset.columns?.first { $0.name == column.name }?.sql
        from =
            isDeclared && sql == nil ? FieldPath(column: column.field ?? "", steps: column.path ?? []).description : nil
        let root = table.items?.pointer ?? "/" + JSONText.pointerStep(column.field ?? "")
        // Samples know keys only, no places in arrays.
        let isKey = column.path?.allSatisfy { $0.key != nil } ?? false
        let path = isKey ? seen[[root, column.pointer(below: "")]] : nil
        count = isKey ? path?.count ?? 0 : nil
        share =
            table.items == nil
            ? path.flatMap { path in documents.flatMap { $0 > 0 ? Double(path.count) / Double($0) : nil } } : nil
        kinds = path?.kinds.names ?? []
        examples = path?.examples ?? []
    }
}
