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
    private let dataset: DatasetSpec
    private let redaction: Redaction
    private let log: Logger
    /// What was sampled already, by the documents' column.
    private var samples: [String: Sample] = [:]
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
    ///   - dataset: the dataset; `sample` says how many rows are looked at, over all leaves.
    ///   - redaction: what is made unreadable.
    ///   - log: hears what is looked at.
    init(source: Source, table: SourceTable, dataset: DatasetSpec, redaction: Redaction, log: Logger) {
        self.source = source
        self.table = table
        self.dataset = dataset
        self.redaction = redaction
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
        return Redactor(rules: rules.map { RedactionRule(path: $0.path.steps, action: $0.action) }, key: redaction.key)
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
        var counts: [String?: Int64] = [:]
        for leaf in leaves where leaf.pruned == nil {
            let isTable = table.relation == nil
            var conditions = leaf.bounds.map(\.condition)
            if let filter = dataset.filter { conditions.append("(\(filter)\n)") }
            if isTable, let low = leaf.low {
                conditions.append(
                    "((s.next - t.xmin::text::bigint) & 4294967295) BETWEEN s.next - \(leaf.high) + 1 AND s.next - \(low)"
                )
            }
            let from = SourceTable.window(table.from(leaf), low: leaf.low, high: leaf.high == 0 ? nil : leaf.high)
            let rows = try source.connection.query(
                """
                SELECT t.\(SQL.identifier(split.column))::text AS value, count(*)::text AS rows,
                       \(isTable ? "min(t.ctid)::text AS first, max(t.ctid)::text AS last" : "NULL AS first, NULL AS last")
                FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) AS s, \(from) AS t
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
        // A few rows of each value are enough to see its keys, however many leaves there are.
        for (value, rows) in witnesses { witnesses[value] = Array(rows.suffix(4)) }
        return counts.sorted { ($1.value, $0.key ?? "") < ($0.value, $1.key ?? "") }.map(\.key)
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
