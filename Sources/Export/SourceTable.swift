import Lake
import Pipeline
import Postgres

/// A table of the source as it is now: its columns and its leaves.
struct SourceTable {
    /// The name, quoted as SQL wants it.
    let name: String
    /// Its columns, in order.
    let columns: [ColumnInfo]
    /// The tables that hold its rows, by name; their windows are not set yet.
    let leaves: [LeafPlan]
}

extension SourceTable {
    /// Looks a table up.
    ///
    /// - Parameters:
    ///   - table: the table as the pipeline names it.
    ///   - source: the source.
    /// - Throws: `PostgresError`; `ExportError` when there is no such table, or one that has no xmin to go by.
    init(_ table: TableName, source: Source) throws {
        // Without a schema the session's search path finds it, as in psql.
        let quoted = SQL.identifier([table.schema, table.name].compactMap { $0 })
        let found = try source.connection.query("SELECT to_regclass($1)::oid::text AS oid", [quoted])
        guard found.count == 1, let oid = found[0, "oid"].flatMap(UInt32.init) else {
            throw try Self.unknown(table, source)
        }
        self.init(
            name: table.description, columns: try source.connection.columns(ofTable: oid),
            leaves: try Self.leaves(of: oid, named: table.description, source))
    }

    private static func unknown(_ table: TableName, _ source: Source) throws -> ExportError {
        let schema = table.schema ?? "public"
        let others = try source.connection.query(
            """
            SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1 LIMIT 20
            """, [schema])
        let names = (0..<others.count).compactMap { others[$0, "name"] }.joined(separator: ", ")
        return ExportError(
            operation: "find the table", object: "\(schema).\(table.name) in \(source.connection.target)",
            reason: "there is no such table",
            hint: names.isEmpty
                ? "The schema \(schema) has no tables, or does not exist." : "The schema \(schema) has: \(names).")
    }

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
                        fileNode: try rows.integer(row, "filenode"), low: nil, pages: pages,
                        rows: counted > 0 ? tuples * pages / counted : pages * rowsGuessedPerPage))
            case "f":
                throw unserved("\(schema).\(leaf)", "a foreign table")
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

    /// Rows of about 500 bytes, where the table was never analysed.
    private static let rowsGuessedPerPage: Int64 = 15

    private static func unserved(_ name: String, _ kind: String) -> ExportError {
        ExportError(
            operation: "export", object: name, reason: "it is \(kind), whose rows carry no transaction id to go by",
            hint: "Name the table beneath it.")
    }
}
