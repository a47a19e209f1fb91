import Lake
import Testing

@Suite("The layout")
struct LayoutTests {
    @Test("No name ever has two writers: attempts differ in their names")
    func attempts() {
        let first = ChunkName(run: 42, unit: 7, chunk: 1, attempt: 1)
        let second = ChunkName(run: 42, unit: 7, chunk: 1, attempt: 2)
        #expect(first.description == "000042-0007-0001")
        #expect(second.description == "000042-0007-0001.a2")
        #expect(first.description.hasPrefix(Layout.chunkPrefix(run: 42)))
        #expect(!first.description.hasPrefix(Layout.chunkPrefix(run: 4)))
    }

    @Test("Keys are where the design says")
    func keys() {
        #expect(Layout.entry(42) == "_tidemark/log/0000000042.json")
        #expect(Layout.plan(run: 3) == "_tidemark/run/0000000003/plan.json")
        #expect(Layout.unit(run: 3, unit: 12) == "_tidemark/run/0000000003/unit/000012.json")
        #expect(
            Layout.chunk(
                table: "events", partition: ["event_date=2026-11-01"],
                name: ChunkName(run: 1, unit: 1, chunk: 1, attempt: 1), suffix: ".csv.zst")
                == "events/event_date=2026-11-01/000001-0001-0001.csv.zst")
    }

    @Test("A key tells its table and its partition, also of tables within a dataset's folder")
    func tableOfKey() {
        for (key, table, partition) in [
            ("events/a=1/b=2/f.csv", "events", "a=1/b=2"), ("events/f.csv", "events", ""),
            ("events/page_view/a=1/f.csv", "events/page_view", "a=1"), ("events__items/f.csv", "events__items", ""),
        ] {
            #expect(Layout.table(of: key) == table)
            #expect(Layout.partition(of: key) == partition)
        }
    }

    @Test("Stray counts of several units add up by path")
    func strays() {
        let sum = StrayCount.sum([
            StrayCount(table: "events", pointer: "/payload/b", unplanned: 1, misfits: 0, kinds: ["string"]),
            StrayCount(table: "events", pointer: "/payload/a", unplanned: 0, misfits: 2, kinds: ["null"]),
            StrayCount(table: "events", pointer: "/payload/b", unplanned: 2, misfits: 1, kinds: ["int"]),
        ])
        #expect(
            sum == [
                StrayCount(table: "events", pointer: "/payload/a", unplanned: 0, misfits: 2, kinds: ["null"]),
                StrayCount(table: "events", pointer: "/payload/b", unplanned: 3, misfits: 1, kinds: ["int", "string"]),
            ])
    }
}
