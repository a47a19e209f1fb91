import Lake
import Postgres

/// What tells whether the rows of a snapshot dataset are others than at the last run.
enum Fingerprint {
    /// Computes it in the server, of the very fields that are exported.
    ///
    /// - Returns: the rows' number and the sum of their hashes.
    /// - Throws: `PostgresError`; `ExportError`.
    static func read(_ plan: DatasetPlan, _ connection: Connection) throws -> String {
        guard let leaf = plan.leaves.first else { return "" }
        let fields = plan.fields.map(\.expression).joined(separator: ", ")
        let row = try connection.query(
            """
            SELECT count(*)::text AS rows, coalesce(sum(hashtextextended(r::text, 0)::numeric), 0)::text AS sum
            FROM (SELECT \(fields) FROM \(plan.from(leaf)) \(plan.filter.map { "WHERE (\($0)\n)" } ?? "")) AS r
            """)
        // Other columns make other files of the same rows.
        let columns = Checksum.sha256(
            Array(plan.tables.flatMap(\.schema.columns).map { "\($0.name) \($0.type)" }.joined(separator: "\n").utf8))
        return "\(try row.text(0, "rows"))-\(try row.text(0, "sum"))-\(columns.prefix(16))"
    }
}
