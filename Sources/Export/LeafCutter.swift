import Foundation
import Lake
import Postgres

/// Cuts a leaf's window into units: by pages, or through a time index where the window touches a small part of the leaf.
struct LeafCutter {
    let source: Source
    /// The bytes of table that a unit covers.
    let unitBytes: Int64
    /// The columns by which an index begins, per leaf.
    private let indexed: [UInt32: Set<String>]

    private static let pageBytes: Int64 = 8_192
    /// Of a larger share of its rows a leaf is read from end to end, which is faster than through an index.
    private static let indexShare = 0.2
    private static let mostPieces: Int64 = 10_000

    /// Prepares to cut leaves.
    ///
    /// - Throws: `PostgresError`.
    init(source: Source, unitBytes: Int64, leaves: [LeafPlan]) throws {
        self.source = source
        self.unitBytes = unitBytes
        let bounded = leaves.filter { !$0.bounds.isEmpty }
        guard !bounded.isEmpty else {
            indexed = [:]
            return
        }
        let oids = "{" + bounded.map { String($0.oid) }.joined(separator: ",") + "}"
        let rows = try source.connection.query(
            """
            SELECT i.indrelid::text AS leaf, a.attname AS column
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
            """, [oids])
        var indexed: [UInt32: Set<String>] = [:]
        for row in 0..<rows.count {
            indexed[try rows.integer(row, "leaf"), default: []].insert(try rows.text(row, "column"))
        }
        self.indexed = indexed
    }

    /// Cuts a leaf.
    ///
    /// - Parameters:
    ///   - leaf: the leaf; ``LeafPlan/pruned`` is set when no row of it can satisfy its bounds.
    ///   - dataset: the dataset's name.
    ///   - units: what the pieces are added to.
    /// - Throws: `PostgresError`.
    func cut(_ leaf: inout LeafPlan, of dataset: String, to units: inout [UnitPlan]) throws {
        func add(_ piece: UnitPlan.Piece, bytes: Int64, rows: Int64) {
            units.append(
                UnitPlan(
                    number: units.count + 1, dataset: dataset, leaf: leaf.oid, piece: piece, bytes: bytes, rows: rows))
        }
        // Rows of the window were in the table before its size was read: a table without pages has none.
        guard leaf.pages > 0 else { return }
        let bytes = leaf.pages * Self.pageBytes
        var rows = leaf.rows
        if !leaf.bounds.isEmpty {
            guard let estimate = try estimate(leaf) else {
                leaf.pruned = "its partition bounds exclude \(leaf.bounds.map(\.text).joined(separator: ", "))"
                return
            }
            rows = min(rows, estimate)
            let share = Double(rows) / Double(max(1, leaf.rows))
            let ranges = leaf.bounds.filter { $0.from != nil && indexed[leaf.oid]?.contains($0.column) == true }
            if let range = ranges.first, share < Self.indexShare, bytes > Self.smallLeafBytes {
                let wanted = max(Int64(Double(bytes) * share), 1)
                for slice in slices(range, (wanted + unitBytes - 1) / unitBytes) {
                    add(.times(slice.range), bytes: wanted / slice.of, rows: rows / slice.of)
                }
                return
            }
        }
        let pieces = max(1, (bytes + unitBytes - 1) / unitBytes)
        for piece in 0..<pieces {
            let first = leaf.pages * piece / pieces
            let end = leaf.pages * (piece + 1) / pieces
            add(
                .pages(from: first, to: piece == pieces - 1 ? nil : end), bytes: (end - first) * Self.pageBytes,
                rows: rows / pieces)
        }
    }

    /// A leaf this small is read from end to end in any case.
    private static let smallLeafBytes: Int64 = 8 << 20

    /// Cuts a range of time into equal slices; the last reaches as far as the range does.
    private func slices(_ range: TimeBound, _ wanted: Int64) -> [(range: TimeBound, of: Int64)] {
        let now = Int64((Date().timeIntervalSinceReferenceDate + 366 * 86_400) * 1e6)
        let count = min(max(wanted, 1), Self.mostPieces)
        guard let from = range.from, case let end = range.to ?? now, count > 1, end - from > count else {
            return [(range, 1)]
        }
        return (0..<count).map { index in
            var slice = range
            slice.from = from + (end - from) / count * index
            slice.to = index == count - 1 ? range.to : from + (end - from) / count * (index + 1)
            // Rows without a time come once.
            slice.keepsNull = range.keepsNull && index == 0
            return (slice, count)
        }
    }

    /// How many rows the planner expects within a leaf's bounds; nil when the leaf's own constraints exclude all.
    ///
    /// It looks at a partition's bounds since the session has `constraint_exclusion = on`.
    private func estimate(_ leaf: LeafPlan) throws -> Int64? {
        let table = SQL.identifier([leaf.schema, leaf.name])
        let conditions = leaf.bounds.map(\.condition).joined(separator: " AND ")
        let plan = try source.connection.query(
            "EXPLAIN (FORMAT JSON) SELECT FROM ONLY \(table) AS t WHERE \(conditions)")
        let text = (0..<plan.count).compactMap { plan.rows[$0].first ?? nil }.joined(separator: "\n")
        guard let top = try? JSONDecoder().decode([Explained].self, from: Data(text.utf8)).first?.plan else {
            return leaf.rows
        }
        if top.type == "Result", top.filter == "false" { return nil }
        return Int64(top.rows)
    }

    /// The root of EXPLAIN's answer.
    private struct Explained: Decodable {
        struct Plan: Decodable {
            let type: String
            let rows: Double
            let filter: String?

            enum CodingKeys: String, CodingKey {
                case type = "Node Type"
                case rows = "Plan Rows"
                case filter = "One-Time Filter"
            }
        }
        let plan: Plan

        enum CodingKeys: String, CodingKey {
            case plan = "Plan"
        }
    }
}
