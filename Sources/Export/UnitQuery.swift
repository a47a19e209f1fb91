import Lake
import Postgres

/// The SQL of a unit: it checks in its own transaction that what it reads is what the plan speaks of, then reads it.
struct UnitQuery {
    let plan: RunPlan
    let dataset: DatasetPlan
    let leaf: LeafPlan
    let unit: UnitPlan
    /// In milliseconds; 0 for none.
    let statementTimeout: Int
    /// In milliseconds; 0 for none.
    let lockTimeout: Int

    /// Begins the transaction and checks the plan against what it sees.
    ///
    /// - Parameter connection: the worker's connection, outside of a transaction.
    /// - Returns: the COPY statement that reads the unit, and the snapshot's end.
    /// - Throws: as ``Preflight/begin(_:_:)``.
    func begin(_ connection: Connection) throws -> (copy: String, next: Int64) {
        let access: Preflight.Access =
            switch unit.piece {
            case .pages: .pages
            case .times: .index
            case .whole, .keys: .any
            }
        let preflight = Preflight(
            identity: plan.source, leaf: leaf, relation: dataset.relation, high: high,
            statementTimeout: statementTimeout, lockTimeout: lockTimeout)
        let next = try preflight.begin(connection, access)
        return (copy(next: next), next)
    }

    /// What must have ended: a leaf's own window, or what had when a relation was planned.
    private var high: Int64 { dataset.mode == .transactions ? leaf.high : plan.window.high }

    /// The statement.
    ///
    /// - Parameter next: `pg_snapshot_xmax` of the transaction's own snapshot.
    func copy(next: Int64) -> String {
        var conditions: [String] = []
        var order = ""
        switch unit.piece {
        case .whole: break
        case .pages(let from, let to):
            if from > 0 { conditions.append("t.ctid >= '(\(from),0)'") }
            if let to { conditions.append("t.ctid < '(\(to),0)'") }
        case .times(let range):
            conditions.append(range.condition)
            order = " ORDER BY t.ctid"
        case .keys(let keys):
            conditions.append(Self.isOneOf(keys, dataset.key))
            order = " ORDER BY t.ctid"
        }
        conditions += window(next)
        conditions += leaf.bounds.map(\.condition)
        // The line end keeps a comment at the filter's end from hiding what follows.
        if let filter = dataset.filter { conditions.append("(\(filter)\n)") }
        let fields = dataset.fields.map(\.expression).joined(separator: ", ")
        let rows = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
        return "COPY (SELECT \(fields) FROM \(dataset.from(leaf))\(rows)\(order)) TO STDOUT (FORMAT binary)"
    }

    private func window(_ next: Int64) -> [String] {
        switch dataset.mode {
        case .transactions: return [Self.window(low: leaf.low, high: leaf.high, next: next)]
        case .column:
            guard var range = dataset.cursor else { return [] }
            (range.from, range.to) = (leaf.low, leaf.high)
            return [range.condition]
        case .snapshot: return []
        }
    }

    /// The condition that a row of a leaf lies in `[low, high)`.
    ///
    /// A row's transaction id has 32 bits; how far it lies behind the snapshot's end, modulo 2^32, tells its full id:
    /// `next - ((next - xmin) & 4294967295)`. Written as a distance, one comparison or two do.
    ///
    /// - Parameters:
    ///   - low: nil for a leaf that is read from its beginning.
    ///   - next: `pg_snapshot_xmax` of the transaction's own snapshot.
    static func window(low: Int64?, high: Int64, next: Int64) -> String {
        let distance = "((\(next) - t.xmin::text::bigint) & 4294967295)"
        guard let low else { return "\(distance) > \(next - high)" }
        return "\(distance) BETWEEN \(next - high + 1) AND \(next - low)"
    }

    /// The condition that a row has one of some keys.
    static func isOneOf(_ keys: [[String?]], _ columns: [KeyPlan]) -> String {
        let rows = keys.map { key in
            "(\(zip(key, columns).map { "\($0.map(SQL.literal) ?? "NULL")::\($1.type)" }.joined(separator: ", ")))"
        }
        let names = columns.map { "t.\(SQL.identifier($0.column))" }.joined(separator: ", ")
        return "(\(names)) IN (VALUES \(rows.joined(separator: ", ")))"
    }

    /// Counts the rows that no window of a time column holds, since they have no time or an infinite one.
    ///
    /// - Returns: nil where rows go by their transaction, and for a query, which says itself which rows it gives.
    /// - Throws: `PostgresError`, `ExportError`.
    func unplaced(_ connection: Connection) throws -> Unplaced? {
        guard dataset.mode == .column, leaf.oid != 0, let column = dataset.cursor?.column else { return nil }
        let name = "t.\(SQL.identifier(column))"
        let row = try connection.query(
            """
            SELECT count(*) FILTER (WHERE \(name) IS NULL) AS nulls, count(\(name)) AS infinite
            FROM \(dataset.from(leaf)) WHERE \(name) IS NULL OR NOT isfinite(\(name))
            """)
        return Unplaced(nulls: try row.integer(0, "nulls"), infinite: try row.integer(0, "infinite"))
    }

    /// Counts the rows whose ids have been given again, so that they look new, and that are too old for that.
    ///
    /// - Throws: `PostgresError`, `ExportError`.
    func refused(_ connection: Connection, next: Int64) throws -> Int64 {
        guard leaf.countsRefused, case .pages(let from, let to) = unit.piece else { return 0 }
        let bounds = leaf.bounds.map(\.condition).joined(separator: " AND ")
        let pages = ["t.ctid >= '(\(from),0)'", to.map { "t.ctid < '(\($0),0)'" }].compactMap { $0 }
        let conditions = pages + window(next) + ["NOT (\(bounds))"]
        return try connection.query(
            "SELECT count(*) AS rows FROM \(dataset.from(leaf)) WHERE \(conditions.joined(separator: " AND "))"
        ).integer(0, "rows")
    }

    /// Reads a few of the leaf's rows with their transactions, in the unit's own transaction.
    ///
    /// - Returns: the rows' marks; none for other units than pages.
    /// - Throws: `PostgresError`, `ExportError`.
    func sample(_ connection: Connection) throws -> [RowMark] {
        guard dataset.mode == .transactions, case .pages(let from, let to) = unit.piece, !dataset.key.isEmpty,
            // The log keeps nothing that the files do not have.
            dataset.columns(of: dataset.key.map(\.column)) != nil
        else { return [] }
        let end = max(from, (to ?? leaf.pages) - 1)
        let places = Set([from, (from + end) / 2, end]).sorted().map { "\"(\($0),1)\"" }.joined(separator: ",")
        let key = dataset.key.map { "t.\(SQL.identifier($0.column))::text" }.joined(separator: ", ")
        let rows = try connection.query(
            "SELECT t.xmin::text AS xmin, \(key) FROM \(dataset.from(leaf)) WHERE t.ctid = ANY ('{\(places)}'::tid[])")
        return try (0..<rows.count).map { row in
            RowMark(key: Array(rows.rows[row].dropFirst()), xmin: try rows.integer(row, "xmin"))
        }
    }
}
