import Lake
import Pipeline
import Postgres
import Records

/// Looks at a sample of a document column, to learn which keys deserve columns.
struct Discovery {
    let source: Source
    let table: SourceTable
    /// The rows to look at, over all leaves.
    let rows: Int

    /// At most so many leaves are looked at, evenly spread.
    private static let leavesSampled = 64
    /// At so many places of a leaf, evenly spread, since events change with time.
    private static let placesSampled: Int64 = 16

    /// The paths seen in a column's documents.
    ///
    /// - Parameters:
    ///   - column: the table's column.
    ///   - depth: how many levels of objects are taken apart.
    /// - Throws: `PostgresError`; `RecordError` for a document that is no JSON.
    func paths(of flatten: FlattenSpec, type: PostgresType) throws -> [SampledPath] {
        var sampler = PathSampler(depth: flatten.depth)
        let leaves = spread()
        guard rows > 0, !leaves.isEmpty else { return [] }
        let share = max(1, rows / leaves.count)
        for leaf in leaves {
            for query in queries(leaf, column: flatten.column, rows: share) {
                let reader = try source.connection.copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)")
                while try reader.next() {
                    guard let field = reader.field(0) else { continue }
                    try sampler.add(type == .jsonb ? Field.jsonbText(field) : field)
                }
            }
        }
        return sampler.paths
    }

    /// The leaves that are looked at.
    private func spread() -> [LeafPlan] {
        let filled = table.leaves.filter { $0.pages > 0 || table.relation != nil }
        guard filled.count > Self.leavesSampled else { return filled }
        return (0..<Self.leavesSampled).map { filled[$0 * (filled.count - 1) / (Self.leavesSampled - 1)] }
    }

    /// One query a place; a small leaf is read from its beginning.
    private func queries(_ leaf: LeafPlan, column: String, rows: Int) -> [String] {
        let from = SourceTable.window(table.from(leaf), low: nil, high: nil)
        let select = "SELECT t.\(SQL.identifier(column)) FROM \(from) AS t"
        let rowsPerPage = max(1, leaf.rows / max(1, leaf.pages))
        let pagesWanted = Int64(rows) / rowsPerPage + 1
        guard leaf.pages > pagesWanted * 2, leaf.pages > Self.placesSampled else { return ["\(select) LIMIT \(rows)"] }
        let each = max(1, pagesWanted / Self.placesSampled)
        return (0..<Self.placesSampled).map { place in
            let first = place * (leaf.pages - each) / (Self.placesSampled - 1)
            return """
                \(select) WHERE t.ctid >= '(\(first),0)' AND t.ctid < '(\(first + each),0)' \
                LIMIT \(max(1, rows / Int(Self.placesSampled)))
                """
        }
    }
}
