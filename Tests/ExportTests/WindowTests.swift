import Foundation
import Lake
import Testing

@testable import Export

@Suite("The window's SQL")
struct WindowTests {
    private func copy(low: Int64?, high: Int64, next: Int64, first: Int64 = 0, end: Int64? = nil) -> String {
        let leaf = LeafPlan(
            oid: 1, schema: "public", name: "events", fileNode: 1, low: low, high: high, pages: 10, rows: 1)
        let dataset = DatasetPlan(
            name: "events", table: "public.events",
            tables: [TablePlan(name: "events", schema: DatasetSchema(version: 1, columns: []))],
            fields: [FieldPlan(name: "id", expression: "t.\"id\"", type: "uuid")], flatten: [],
            partitions: [], filter: "a OR b",
            output: OutputPlan(
                format: "csv", header: true, delimiter: ",", null: "", codec: "zstd", level: 3, chunkBytes: 1,
                chunkRows: nil), leaves: [leaf])
        let unit = UnitPlan(
            number: 1, dataset: "events", leaf: 1, piece: .pages(from: first, to: end), bytes: 0, rows: 0)
        let plan = RunPlan(
            program: "1", uuid: "u", kind: .export, pipeline: "p", settings: "s",
            source: SourceIdentity(systemIdentifier: "1", database: "d", timeline: 1),
            window: WindowPlan(high: high, next: next, takenAt: Date()), datasets: [dataset], units: [unit])
        return UnitQuery(
            plan: plan, dataset: dataset, leaf: leaf, unit: unit, statementTimeout: 0, lockTimeout: 0
        ).copy(next: next)
    }

    /// What the statement's condition says of a row, computed as PostgreSQL would.
    private func holds(xmin: UInt32, low: Int64?, high: Int64, next: Int64) -> Bool {
        let distance = (next - Int64(xmin)) & 4_294_967_295
        guard let low else { return distance > next - high }
        return (next - high + 1...next - low).contains(distance)
    }

    @Test("A row belongs to the window [low, high) of its full transaction id, in any epoch")
    func distances() {
        for next in [1_000, 4_294_967_295, 4_294_967_296 + 5_000, 9 * 4_294_967_296 + 7] as [Int64] {
            let high = next - 3
            let low = next - 500
            for full in (next - 600)..<next {
                let xmin = UInt32(truncatingIfNeeded: full)
                #expect(holds(xmin: xmin, low: low, high: high, next: next) == (low..<high).contains(full), "\(full)")
                #expect(holds(xmin: xmin, low: nil, high: high, next: next) == (full < high), "\(full)")
            }
        }
        let sql = copy(low: 500, high: 997, next: 1_000)
        #expect(sql.contains("((1000 - t.xmin::text::bigint) & 4294967295) BETWEEN 4 AND 500"))
        #expect(copy(low: nil, high: 997, next: 1_000).contains("& 4294967295) > 3"))
    }

    @Test("The last unit of a leaf is open-ended, and the user's own filter cannot widen the window")
    func ranges() {
        let middle = copy(low: nil, high: 9, next: 9, first: 5, end: 8)
        #expect(middle.contains("t.ctid >= '(5,0)' AND t.ctid < '(8,0)'"))
        #expect(middle.contains("AND (a OR b\n))"), "a comment at its end hides nothing")
        #expect(!copy(low: nil, high: 9, next: 9, first: 5).contains("t.ctid <"))
        #expect(middle.contains("FROM ONLY \"public\".\"events\" AS t"))
    }

    @Test("An insert position just behind a page header is taken as the page's start")
    func pageHeaders() {
        let segment: Int64 = 16 << 20
        #expect(FlushedWAL.pageStart(8_192 * 5 + 24, segment: segment) == 8_192 * 5)
        #expect(FlushedWAL.pageStart(segment * 3 + 40, segment: segment) == segment * 3)
        #expect(FlushedWAL.pageStart(8_192 * 5 + 40, segment: segment) == 8_192 * 5 + 40)
        #expect(FlushedWAL.pageStart(8_192 * 5 + 25, segment: segment) == 8_192 * 5 + 25)
    }
}
