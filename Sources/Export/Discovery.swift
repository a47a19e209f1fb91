import Foundation
import Lake
import Logging
import Pipeline
import Postgres
import Records

/// Looks at a sample of a dataset's rows, to learn which keys of its documents deserve columns, and which tables it is
/// split into.
final class Discovery {
    private let source: Source
    private let table: SourceTable
    private let spec: PipelineSpec
    private let dataset: DatasetSpec
    private let log: Logger
    /// What was sampled already, by the documents' column.
    private var samples: [String: Sample] = [:]
    /// What JSON Schemas name, by the documents' column.
    private var promises: [String: [SampledPath]] = [:]
    /// A row of each value of the column that the dataset is split by: the leaf, and the row's place in it.
    private var witnesses: [String?: [(LeafPlan, String)]] = [:]

    /// What a column's documents hold.
    private struct Sample {
        var all: PathSampler
        /// In a dataset that is split: by the value, and of all values that have no table of their own.
        var byValue: [String?: PathSampler] = [:]
        var others: PathSampler
    }

    /// At most so many leaves are looked at, evenly spread.
    private static let leavesSampled = 64
    /// At so many places of a leaf, evenly spread, since events change with time.
    private static let placesSampled: Int64 = 16

    /// Prepares to look.
    ///
    /// - Parameters:
    ///   - source: the source.
    ///   - table: what is read.
    ///   - spec: the pipeline.
    ///   - dataset: its dataset; `sample` says how many rows are looked at, over all leaves.
    ///   - log: hears what is looked at.
    init(source: Source, table: SourceTable, spec: PipelineSpec, dataset: DatasetSpec, log: Logger) {
        self.source = source
        self.table = table
        self.spec = spec
        self.dataset = dataset
        self.log = log
    }

    // MARK: - Paths

    /// The paths seen in a column's documents, in the rows of a table.
    ///
    /// - Parameters:
    ///   - flatten: the column.
    ///   - share: which rows the table takes.
    ///   - values: the values that have a table of their own.
    /// - Throws: `PostgresError`; `RecordError` for a document that is no JSON.
    func paths(
        of flatten: FlattenSpec, _ share: TablePlan.Share = .all, _ values: Set<String?> = []
    ) throws -> [SampledPath] {
        let sample = try sample(of: flatten, values)
        switch share {
        case .all: return sample.all.paths
        case .value(let value): return sample.byValue[value]?.paths ?? []
        case .others: return sample.others.paths
        }
    }

    /// How many documents of a column were seen.
    func documents(of flatten: FlattenSpec) throws -> Int64 { try sample(of: flatten, []).all.documents }

    private func sample(of flatten: FlattenSpec, _ values: Set<String?>) throws -> Sample {
        if let sample = samples[flatten.column] { return sample }
        log.info("\(dataset.name): looking at a sample of \(flatten.column) for its keys")
        let type = table.column(flatten.column)?.type ?? .jsonb
        let empty = PathSampler(depth: flatten.depth, explodes: flatten.arrays == .explode)
        var sample = Sample(all: empty, others: empty)
        var redactor = redactor(of: flatten)
        var clean = ByteBuffer()
        let leaves = spread()
        let share = max(1, dataset.sample / max(1, leaves.count))
        var queries = dataset.sample == 0 ? [] : leaves.flatMap { places($0, column: flatten.column, rows: share) }
        queries += witnesses.values.flatMap { $0 }.map { leaf, place in
            "\(select(flatten.column)) FROM \(table.from(leaf)) AS t WHERE t.ctid = '\(place)'"
        }
        for query in queries {
            let reader = try source.connection.copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)")
            while try reader.next() {
                guard let field = reader.field(0) else { continue }
                let text = type == .jsonb ? try Field.jsonbText(field) : field
                clean.removeAll()
                if redactor != nil { try redactor?.redact(text, into: &clean) } else { clean.append(text) }
                try sample.all.add(clean.bytes)
                guard dataset.split != nil else { continue }
                var value: String?
                if let field = reader.field(1) { value = field.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
                if values.contains(value) {
                    try sample.byValue[value, default: empty].add(clean.bytes)
                } else {
                    try sample.others.add(clean.bytes)
                }
            }
        }
        samples[flatten.column] = sample
        return sample
    }

    /// What is left out, or made unreadable, is so in samples, too: `discover` shows examples.
    private func redactor(of flatten: FlattenSpec) -> Redactor? {
        let rules = dataset.privacy.rules.filter { $0.path.column == flatten.column && !$0.path.steps.isEmpty }
        guard !rules.isEmpty else { return nil }
        return Redactor(
            rules: rules.map { RedactionRule(path: $0.path.steps, action: $0.action) }, key: Redaction(spec).key)
    }

    private func select(_ column: String) -> String {
        "SELECT t.\(SQL.identifier(column))"
            + (dataset.split.map { ", t.\(SQL.identifier($0.column))::text" } ?? "")
    }

    /// The leaves that are looked at.
    private func spread() -> [LeafPlan] {
        let filled = table.leaves.filter { $0.pages > 0 || table.relation != nil }
        guard filled.count > Self.leavesSampled else { return filled }
        return (0..<Self.leavesSampled).map { filled[$0 * (filled.count - 1) / (Self.leavesSampled - 1)] }
    }

    /// One query a place; a small leaf is read from its beginning.
    private func places(_ leaf: LeafPlan, column: String, rows: Int) -> [String] {
        let from = SourceTable.window(table.from(leaf), low: nil, high: nil)
        let select = "\(select(column)) FROM \(from) AS t"
        let filter = dataset.filter.map { "(\($0)\n)" }
        let rowsPerPage = max(1, leaf.rows / max(1, leaf.pages))
        let pagesWanted = Int64(rows) / rowsPerPage + 1
        guard leaf.pages > pagesWanted * 2, leaf.pages > Self.placesSampled else {
            return ["\(select)\(filter.map { " WHERE \($0)" } ?? "") LIMIT \(rows)"]
        }
        let each = max(1, pagesWanted / Self.placesSampled)
        return (0..<Self.placesSampled).map { place in
            let first = place * (leaf.pages - each) / (Self.placesSampled - 1)
            return """
                \(select) WHERE t.ctid >= '(\(first),0)' AND t.ctid < '(\(first + each),0)'\
                \(filter.map { " AND \($0)" } ?? "") LIMIT \(max(1, rows / Int(Self.placesSampled)))
                """
        }
    }

    // MARK: - Values

    /// So many values of a leaf are looked at, the most frequent ones.
    private static let valuesSeen = 2_000

    /// The values of the column that the dataset is split by, in the rows of some windows; the most frequent first.
    ///
    /// - Throws: `PostgresError`, `ExportError`.
    func values(in leaves: [LeafPlan]) throws -> [String?] {
        guard let split = dataset.split else { return [] }
        let identity = try source.identity()
        var counts: [String?: Int64] = [:]
        for leaf in leaves where leaf.pruned == nil {
            // As a unit reads it; without an end, as a preview does, any snapshot will do.
            let isWindow = table.relation == nil && leaf.high != .max
            let preflight = Preflight(
                identity: identity, leaf: leaf, relation: table.relation, high: isWindow ? leaf.high : 0,
                statementTimeout: spec.source.statementTimeout.milliseconds,
                lockTimeout: spec.source.lockTimeout.milliseconds)
            do {
                let next = try preflight.begin(source.connection, .any)
                try count(
                    split, leaf, isWindow ? [UnitQuery.window(low: leaf.low, high: leaf.high, next: next)] : [], &counts
                )
                try source.connection.execute("COMMIT")
            } catch {
                try? source.connection.execute("ROLLBACK")
                throw error
            }
        }
        // A few rows of each value are enough to see its keys, however many leaves there are.
        for (value, rows) in witnesses { witnesses[value] = Array(rows.suffix(4)) }
        return counts.sorted { ($1.value, $0.key ?? "") < ($0.value, $1.key ?? "") }.map(\.key)
    }

    /// Counts a leaf's rows by their value, and remembers where some of them lie.
    private func count(
        _ split: SplitSpec, _ leaf: LeafPlan, _ window: [String], _ counts: inout [String?: Int64]
    ) throws {
        let conditions = window + leaf.bounds.map(\.condition) + (dataset.filter.map { ["(\($0)\n)"] } ?? [])
        let from = SourceTable.window(table.from(leaf), low: leaf.low, high: leaf.high == .max ? nil : leaf.high)
        let places =
            table.relation == nil
            ? "min(t.ctid)::text AS first, max(t.ctid)::text AS last" : "NULL AS first, NULL AS last"
        let rows = try source.connection.query(
            """
            SELECT t.\(SQL.identifier(split.column))::text AS value, count(*)::text AS rows, \(places) FROM \(from) AS t
            \(conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))")
            GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT \(Self.valuesSeen)
            """)
        for row in 0..<rows.count {
            let value = rows[row, "value"]
            counts[value, default: 0] += try rows.integer(row, "rows")
            for name in ["first", "last"] {
                guard let place = rows[row, name] else { continue }
                witnesses[value, default: []].append((leaf, place))
            }
        }
    }

    // MARK: - JSON Schemas

    /// The paths that JSON Schemas name, looked up once however many tables ask for them.
    ///
    /// - Throws: `PostgresError`; `ExportError` for what is no JSON Schema.
    func promised(by flatten: FlattenSpec) throws -> [SampledPath] {
        if let known = promises[flatten.column] { return known }
        var paths = SchemaPaths(flatten)
        switch flatten.jsonSchema {
        case nil: break
        case .file(let path):
            let folder = URL(fileURLWithPath: spec.file).deletingLastPathComponent()
            try paths.add(file: URL(fileURLWithPath: path, relativeTo: folder).path)
        case .sql(let sql):
            let rows = try source.connection.query("SELECT x.schema::text AS schema FROM (\(sql)\n) AS x(schema)")
            for row in 0..<rows.count {
                guard let text = rows[row, "schema"] else { continue }
                try paths.add(Array(text.utf8), from: "what `json_schema.sql` gives")
            }
        }
        promises[flatten.column] = paths.paths
        return paths.paths
    }
}

extension Source {
    /// What an SQL expression of the pipeline gives.
    ///
    /// - Parameters:
    ///   - sql: the expression, over the table's columns.
    ///   - name: the name that it gets.
    ///   - table: the table.
    /// - Throws: `ExportError` when the server does not take it.
    func columnInfo(of sql: String, named name: String, in table: SourceTable) throws -> ColumnInfo {
        guard let leaf = table.leaves.first else {
            throw ExportError(operation: "look at", object: table.name, reason: "it has no leaf")
        }
        let from = SourceTable.window(table.from(leaf), low: nil, high: nil)
        let query = "SELECT (\(sql)\n) AS \(SQL.identifier(name)) FROM \(from) AS t"
        let columns: [ColumnInfo]
        do {
            columns = try connection.columns(ofQuery: query)
        } catch {
            if error.isConnectionLost || error.isRetryable { throw error }
            throw ExportError(
                .configuration, operation: "plan", object: "column \(name.dropFirst("sql:".count))",
                reason: "the server does not take its `sql`: \(error.reason)",
                hint: "Try it in psql: SELECT (\(sql)) FROM \(table.name) AS t LIMIT 1")
        }
        if let column = columns.first, columns.count == 1 { return column }
        throw ExportError(
            .configuration, operation: "plan", object: "column \(name.dropFirst("sql:".count))",
            reason: "its `sql` does not give one value")
    }
}
