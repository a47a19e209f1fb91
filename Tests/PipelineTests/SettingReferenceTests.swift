import Testing

@testable import Pipeline

@Suite("The manual's table of settings is complete")
struct SettingReferenceTests {
    @Test("what the reader takes is in the table, and what is in the table the reader takes")
    func complete() throws {
        let text =
            "defaults: {schema: {mode: freeze}}\n"
            + Sample.dataset(
                """
                columns: [a]
                flatten: [{column: b, json_schema: {sql: SELECT 1}}]
                partition_by: [c]
                prune: {column: d}
                initial: {from: 2026-01-01}
                mask: [{path: e}]
                schema: {mode: freeze}
                split_by: {column: f}
                """)
        let document = Document(file: "p.yaml", tree: try YAMLTree(text, file: "p.yaml"), environment: [:])
        _ = try PipelineSpec(reading: document)
        #expect(document.problems.isEmpty)
        let listed = SettingReference.all.flatMap(\.names)
        #expect(Set(listed).count == listed.count)
        #expect(document.accepted.subtracting(listed).sorted() == [])
        #expect(Set(listed).subtracting(document.accepted).sorted() == [])
    }

    @Test("the Markdown table has a row of four cells for each setting")
    func markdown() {
        let rows = SettingReference.markdown.split(separator: "\n")
        #expect(rows.count == SettingReference.all.count + 2)
        for row in rows { #expect(row.replacing("\\|", with: "").split(separator: "|").count == 4, "\(row)") }
        #expect(rows.contains { $0.hasPrefix("| `source.lock_timeout` | time | 10s | ") })
        #expect(rows.contains { $0.hasPrefix("| `datasets.NAME.sample` |") && $0.contains("Also under `defaults`.") })
    }
}
