import Lake
import Postgres
import TestSupport
import Testing

@testable import Export

@Suite("Units are even pieces of work")
struct LeafCutterTests {
    private let source: Source

    init() throws {
        source = try Source(url: PostgresServer.shared.database("postgres").url, applicationName: "test")
    }

    private func cut(pages: Int64, rows: Int64 = 1_000) throws -> [UnitPlan] {
        var leaf = LeafPlan(
            oid: 1, schema: "public", name: "events", fileNode: 1, low: nil, high: 9, pages: pages, rows: rows)
        var units: [UnitPlan] = []
        try LeafCutter(source: source, unitBytes: 256 << 20, leaves: [leaf]).cut(&leaf, of: "events", to: &units)
        return units
    }

    @Test(
        "A table of 1 TiB makes thousands of units of one size, a night's million rows one or two, an empty leaf none")
    func sizes() throws {
        let large = try cut(pages: 1 << 27)
        #expect(large.count == 4_096)
        #expect(Set(large.map(\.bytes)) == [256 << 20])
        #expect(try (1...2).contains(cut(pages: 60_000, rows: 1_000_000).count))
        #expect(try cut(pages: 0).isEmpty)
    }

    @Test(
        "The pieces of a leaf follow one another, and the last is open-ended",
        arguments: [1, 2, 32_769, 100_000] as [Int64])
    func pieces(pages: Int64) throws {
        var next: Int64? = 0
        for (index, unit) in try cut(pages: pages).enumerated() {
            guard case .pages(let from, let to) = unit.piece else {
                Issue.record("a leaf without bounds is read by its pages")
                return
            }
            #expect(from == next && unit.number == index + 1)
            next = to
        }
        #expect(next == nil)
    }
}
