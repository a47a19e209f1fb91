import Records
import Testing

@Suite("Columns and _extra rebuild the document")
struct RebuildTests {
    @Test("any document, any plan: columns and _extra together are the document", arguments: [true, false])
    func roundTrip(isLoose: Bool) throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: isLoose ? 1 : 2), isLoose: isLoose)
        for number in 0..<4_000 {
            let json = generator.document()
            let document = try #require(ReferenceJSON(json.utf8), "document \(number): \(json)")
            let targets = generator.targets(of: document)
            let depth = Int.random(in: 1...7, using: &generator.random)
            let row = try FlattenedRow(json, targets, depth: depth)
            guard row.rebuilt(targets) == document else {
                Issue.record(
                    "document \(number) with depth \(depth): \(json)\nplan: \(targets)\ncells: \(row.cells)\nextra: \(row.extra ?? "none")"
                )
                return
            }
        }
    }

    @Test("one flattener for many documents remembers nothing of the one before")
    func sharedFlattener() throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: 3), isLoose: true)
        for _ in 0..<60 {
            let pattern = try #require(ReferenceJSON(generator.object(0).utf8))
            let targets = generator.targets(of: pattern)
            let documents = (0..<50).map { _ in generator.document() }
            var batch = RowBatch(columns: FlattenedRow.columns(targets), rowCapacity: 64)
            var flattener = FlattenedRow.flattener(targets)
            var extra = ExtraObject()
            for json in documents {
                batch.addRow()
                try flattener.flatten(Array(json.utf8).span.bytes, into: &batch, extra: &extra)
                if !extra.isEmpty { extra.finish(into: &batch, column: targets.count) }
            }
            for (row, json) in documents.enumerated() {
                let document = ReferenceJSON(json.utf8)
                #expect(FlattenedRow(batch, row: row).rebuilt(targets) == document, "\(json)\nplan: \(targets)")
            }
        }
    }

    @Test("beyond 1,000 unplanned paths nothing is lost, and repeated keys still count once")
    func manyPaths() throws {
        var batch = RowBatch(columns: FlattenedRow.columns([]), rowCapacity: 400)
        var flattener = FlattenedRow.flattener([])
        var extra = ExtraObject()
        var documents: [String] = []
        for row in 0..<300 {
            let members = (0..<10).map { "\"k\(row * 10 + $0)\":{\"x\":\($0),\"y/z\":{\"deep\":[\(row)]},\"\":{}}" }
            // The last two keys once more, with other values.
            let again = ["\"k\(row * 10 + 9)\":{\"w\":1}", "\"k\(row * 10 + 8)\":2", "\"k\(row * 10 + 8)\":{\"x\":3}"]
            documents.append("{\((members + again).joined(separator: ","))}")
            batch.addRow()
            try flattener.flatten(Array(documents[row].utf8).span.bytes, into: &batch, extra: &extra)
            extra.finish(into: &batch, column: 0)
        }
        for (row, json) in documents.enumerated() {
            #expect(FlattenedRow(batch, row: row).rebuilt([]) == ReferenceJSON(json.utf8))
        }
        let strays = flattener.strays
        #expect(strays.count <= StrayPath.limit + 1)
        #expect(strays.contains { $0.pointer == StrayPath.others && $0.unplanned > 5_000 })
        // Every value that was met is counted, the repeated ones too.
        #expect(strays.reduce(0) { $0 + $1.unplanned } == 300 * 33)
    }
}
