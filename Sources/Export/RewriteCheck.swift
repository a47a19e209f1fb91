import Lake
import Logging
import Postgres

/// Whether a leaf that lies in another file than at the last run still holds its rows under their old transaction ids.
///
/// VACUUM FULL and CLUSTER keep them; an ALTER TABLE that writes all rows anew does not, and they would come again. A few
/// rows with their ids are kept in the log: if those that are still there have the same ids, the rewrite was harmless.
struct RewriteCheck {
    let source: Source
    let log: Logger
    /// The leaves that the operator vouches for.
    let accepted: [String]

    /// Checks a leaf.
    ///
    /// - Throws: `ExportError` when it cannot be told, or rows got new ids; `PostgresError`.
    func check(_ leaf: LeafPlan, _ watermark: Watermark, key: [KeyPlan]) throws {
        guard watermark.fileNode != leaf.fileNode else { return }
        if accepted.contains(where: leaf.isNamed) {
            log.notice("\(leaf.qualifiedName) was rewritten, and is accepted as it is")
            return
        }
        var reason = "nothing of it is left that could be compared"
        if leaf.pages == 0 { return log.notice("\(leaf.qualifiedName) was emptied since the last run") }
        if !watermark.sample.isEmpty {
            let (same, changed) = try compare(leaf, watermark.sample, key)
            if changed == 0, same > 0 {
                return log.notice(
                    "\(leaf.qualifiedName) was rewritten since the last run; its rows kept their transaction ids")
            }
            if changed > 0 { reason = "its rows got new transaction ids and would come again" }
        }
        throw ExportError(
            operation: "go on exporting", object: leaf.qualifiedName,
            reason:
                "the table was rewritten since the last run (TRUNCATE, CLUSTER, VACUUM FULL, ALTER TABLE), and \(reason)",
            hint: """
                `tidemark run --re-export \(leaf.qualifiedName)` replaces its files by what it holds now; `--accept-rewrite \
                \(leaf.qualifiedName)` goes on, and exports again what got a new id.
                """)
    }

    /// How many of the rows are there with the same id, and with another.
    private func compare(_ leaf: LeafPlan, _ sample: [RowMark], _ key: [KeyPlan]) throws -> (same: Int, changed: Int) {
        let table = SQL.identifier([leaf.schema, leaf.name])
        var (same, changed) = (0, 0)
        for mark in sample where mark.key.count == key.count {
            let condition = zip(key, mark.key).map { column, value in
                let name = "t.\(SQL.identifier(column.column))"
                return value.map { "\(name) = \(SQL.literal($0))::\(column.type)" } ?? "\(name) IS NULL"
            }
            let rows = try source.connection.query(
                "SELECT t.xmin::text AS xmin FROM ONLY \(table) AS t WHERE \(condition.joined(separator: " AND "))")
            guard rows.count > 0 else { continue }
            if (0..<rows.count).contains(where: { rows[$0, "xmin"] == String(mark.xmin) }) {
                same += 1
            } else {
                changed += 1
            }
        }
        return (same, changed)
    }
}
