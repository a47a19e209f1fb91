import Lake
import Pipeline
import Postgres

/// What a dataset is read from, as it is now.
struct SourceTable {
    /// The table's name as messages have it, or `a query`.
    let name: String
    /// What stands behind FROM where rows are not read leaf by leaf: a quoted name, or a query in parentheses.
    let relation: String?
    /// The columns, in order.
    let columns: [ColumnInfo]
    /// The leaves, by schema and name; their windows are not set. A relation is a single one.
    let leaves: [LeafPlan]

    /// What stands behind FROM to read a leaf.
    func from(_ leaf: LeafPlan) -> String { relation ?? "ONLY \(SQL.identifier([leaf.schema, leaf.name]))" }

    /// A column by its name.
    func column(_ name: String) -> ColumnInfo? { columns.first { $0.name == name } }
}

extension SourceTable {
    /// Looks up what a dataset is read from.
    ///
    /// - Throws: `ExportError` when there is no such table, it is of a kind that cannot be read so, or has no leaf;
    ///   `PostgresError`.
    init(_ dataset: DatasetSpec, source: Source) throws {
        if let query = dataset.query {
            let everything = "(\(Self.window(query, low: nil, high: nil))\n)"
            self.init(
                name: "a query", relation: "(\(query)\n)",
                columns: try source.connection.columns(ofQuery: "SELECT * FROM \(everything) AS t"),
                leaves: [Self.leaf(oid: 0, schema: "", name: "query of \(dataset.name)")])
            return
        }
        let table = dataset.table
        let oid = try Self.find(table, source)
        let columns = try source.connection.columns(ofTable: oid)
        if dataset.mode == .snapshot || dataset.cursor.mode == .column {
            let place = try source.connection.query(
                "SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n "
                    + "ON n.oid = c.relnamespace WHERE c.oid = $1::oid", [String(oid)])
            let (schema, name) = (try place.text(0, "schema"), try place.text(0, "name"))
            self.init(
                name: table.description, relation: SQL.identifier([schema, name]), columns: columns,
                leaves: [Self.leaf(oid: oid, schema: schema, name: name)])
        } else {
            self.init(
                name: table.description, relation: nil, columns: columns,
                leaves: try Self.leaves(of: oid, named: table.description, source))
        }
    }

    private static func leaf(oid: UInt32, schema: String, name: String) -> LeafPlan {
        LeafPlan(oid: oid, schema: schema, name: name, fileNode: 0, low: nil, high: 0, pages: 0, rows: 0)
    }

    /// A query with its window's ends in place of `:low` and `:high`.
    ///
    /// - Parameters:
    ///   - low: microseconds since 2000-01-01 UTC; nil for no bound.
    ///   - high: likewise.
    static func window(_ query: String, low: Int64?, high: Int64?) -> String {
        query.replacing(/:(low|high)\b/) { match in
            // `::lower` and the like are casts.
            if match.range.lowerBound > query.startIndex,
                query[query.index(before: match.range.lowerBound)] == ":"
            {
                return String(match.output.0)
            }
            return match.output.1 == "low"
                ? TimeBound.literal(low ?? .min) : TimeBound.literal(high ?? .max)
        }
    }

    private static func find(_ table: TableName, _ source: Source) throws -> UInt32 {
        // Without a schema the session's search path finds it, as in psql.
        let quoted = SQL.identifier([table.schema, table.name].compactMap { $0 })
        let found = try source.connection.query("SELECT to_regclass($1)::oid::text AS oid", [quoted])
        guard found.count == 1, let oid = found[0, "oid"].flatMap(UInt32.init) else {
            throw try unknown(table, source)
        }
        return oid
    }

    private static func unknown(_ table: TableName, _ source: Source) throws -> ExportError {
        let schema = table.schema ?? "public"
        let others = try source.connection.query(
            """
            SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition ORDER BY 1 LIMIT 20
            """, [schema])
        let names = (0..<others.count).compactMap { others[$0, "name"] }.joined(separator: ", ")
        return ExportError(
            operation: "find the table", object: "\(schema).\(table.name) in \(source.connection.target)",
            reason: "there is no such table",
            hint: names.isEmpty
                ? "The schema \(schema) has no tables, or does not exist." : "The schema \(schema) has: \(names).")
    }

    /// The leaves below a table: its partitions or inheriting children, or itself.
    private static func leaves(of root: UInt32, named name: String, _ source: Source) throws -> [LeafPlan] {
        let rows = try source.connection.query(
            """
            WITH RECURSIVE tree AS (
                SELECT $1::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.oid)
            SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                   coalesce(pg_relation_filenode(c.oid), 0)::text AS filenode,
                   CASE WHEN c.relkind = 'r' THEN pg_relation_size(c.oid) / current_setting('block_size')::int END
                       ::text AS pages,
                   greatest(c.reltuples, 0)::bigint::text AS tuples, c.relpages::text AS relpages,
                   pg_stat_get_tuples_updated(c.oid)::text AS updated, pg_stat_get_tuples_deleted(c.oid)::text AS deleted,
                   (c.relrowsecurity AND NOT row_security_bypassed)::text AS hidden
            FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace,
                 LATERAL (SELECT rolsuper OR rolbypassrls OR (c.relowner = pg_roles.oid AND NOT c.relforcerowsecurity)
                          FROM pg_roles WHERE rolname = current_user) AS role(row_security_bypassed)
            ORDER BY schema, name
            """, [String(root)])
        var leaves: [LeafPlan] = []
        for row in 0..<rows.count {
            let schema = try rows.text(row, "schema")
            let leaf = try rows.text(row, "name")
            let kind = try rows.text(row, "kind")
            if rows[row, "hidden"] == "true" {
                throw ExportError(
                    operation: "read", object: "\(schema).\(leaf)",
                    reason: "it has row-level security, which would hide rows from this role",
                    hint: "ALTER ROLE … BYPASSRLS, or run as the table's owner.")
            }
            switch kind {
            case "p": continue
            case "r":
                let pages: Int64 = try rows.integer(row, "pages")
                let tuples: Int64 = try rows.integer(row, "tuples")
                let counted: Int64 = try rows.integer(row, "relpages")
                leaves.append(
                    LeafPlan(
                        oid: try rows.integer(row, "oid"), schema: schema, name: leaf,
                        fileNode: try rows.integer(row, "filenode"), low: nil, high: 0, pages: pages,
                        rows: counted > 0 ? tuples * pages / counted : pages * rowsGuessedPerPage,
                        changes: LeafChanges(
                            updated: try rows.integer(row, "updated"), deleted: try rows.integer(row, "deleted"))))
            case "f": throw unserved("\(schema).\(leaf)", "a foreign table")
            case "v": throw unserved("\(schema).\(leaf)", "a view")
            case "m": throw unserved("\(schema).\(leaf)", "a materialized view")
            default: throw unserved("\(schema).\(leaf)", "a relation of kind \(kind)")
            }
        }
        guard !leaves.isEmpty else {
            throw ExportError(
                operation: "read", object: name, reason: "it is partitioned, and has no partition that holds rows",
                hint: "Create its partitions first.")
        }
        return leaves
    }

    /// For tables that were never analysed: events of about 500 bytes.
    private static let rowsGuessedPerPage: Int64 = 15

    private static func unserved(_ name: String, _ kind: String) -> ExportError {
        ExportError(
            operation: "export", object: name, reason: "it is \(kind), whose rows carry no transaction id to go by",
            hint: """
                Name the table beneath it, or go by a time column: `cursor: {mode: column, column: NAME}`, or export all of \
                it each time: `mode: snapshot`.
                """)
    }
}
