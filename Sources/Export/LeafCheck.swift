import Lake
import Postgres

/// Whether a plan's leaves are still the tables that it speaks of.
enum LeafCheck {
    /// Looks at all leaves at once.
    ///
    /// - Parameters:
    ///   - plan: the plan.
    ///   - source: the source.
    /// - Returns: what is not as planned, in words; nil when all is. A leaf that was dropped is no change: what was read
    ///   of it stays, and a unit that still has to read it finds out.
    /// - Throws: `PostgresError`.
    static func firstChange(_ plan: RunPlan, _ source: Source) throws -> String? {
        let leaves = plan.datasets.filter { $0.mode == .transactions }.flatMap(\.leaves)
        let oids = "{" + leaves.map { String($0.oid) }.joined(separator: ",") + "}"
        let rows = try source.connection.query(
            """
            SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name,
                   coalesce(pg_relation_filenode(c.oid), 0)::text AS filenode
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ANY ($1::oid[])
            """, [oids])
        for row in 0..<rows.count {
            let oid: UInt32 = try rows.integer(row, "oid")
            let fileNode: UInt32 = try rows.integer(row, "filenode")
            guard let leaf = leaves.first(where: { $0.oid == oid }) else { continue }
            let name = "\(try rows.text(row, "schema")).\(try rows.text(row, "name"))"
            if name != leaf.qualifiedName { return "the table \(leaf.qualifiedName) is now named \(name)" }
            if fileNode != leaf.fileNode { return "the table \(name) was rewritten after the run was planned" }
        }
        return nil
    }
}
