import Foundation
import Lake
import Records
import TestSupport
import Testing

@testable import Warehouses

@Suite("Documents and texts that look like the marks arrive as they were")
struct DocumentTests {
    /// Makes JSON with few characters, so that those which matter meet in every order.
    private struct Generator {
        var random: SystemRandom

        mutating func string() -> String {
            let characters = [
                "#", "\"", "\\", "5", ",", ":", "-", ".", "e", "{", "]", " ", "\n", "é", "🦉", "true", "null",
            ]
            return (0..<Int.random(in: 0...6, using: &random)).map { _ in characters.randomElement(using: &random)! }
                .joined()
        }

        mutating func number() -> String {
            let digits = (0..<Int.random(in: 1...25, using: &random)).map { _ in
                "0123456789".randomElement(using: &random)!
            }
            let whole = "1" + String(digits)
            switch Int.random(in: 0...3, using: &random) {
            case 0: return whole
            case 1: return "-\(whole).\(String(digits.reversed()))0"
            case 2: return "0.\(String(digits))"
            default: return "\(whole)E-3"
            }
        }

        mutating func value(_ depth: Int) -> String {
            switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
            case 0, 1: return SQLText.json(string())
            case 2, 3: return number()
            case 4: return ["true", "false", "null"].randomElement(using: &random)!
            case 5:
                return
                    "[\((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth - 1) }.joined(separator: ","))]"
            default:
                var members: [String: String] = [:]
                for _ in 0..<Int.random(in: 0...3, using: &random) { members[string()] = value(depth - 1) }
                return
                    "{\(members.sorted { $0.key < $1.key }.map { "\(SQLText.json($0.key)):\($0.value)" }.joined(separator: ","))}"
            }
        }
    }

    /// The same numbers for the same seed.
    private struct SystemRandom: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("5,000 rows in DuckDB and ClickHouse")
    func generated() throws {
        var generator = Generator(random: SystemRandom(state: 20_261_121))
        let lake = try TemporaryFolder()
        var rows: [[String?]] = []
        var lines = ""
        for id in 0..<5_000 {
            let (doc, text) = (generator.value(4), generator.string())
            let isNumber = id % 3 == 0
            let number = generator.number()
            rows.append([String(id), doc == "null" ? nil : doc, text, isNumber ? number : text])
            lines +=
                "{\"id\":\(id),\"doc\":\(doc),\"text\":\(SQLText.json(text)),\"any\":\(isNumber ? number : SQLText.json(text))}\n"
        }
        try lake.write(Array(lines.utf8), to: "events/000001-0001-0001.ndjson")
        let columns = [
            PlannedColumn(name: "id", type: .int64, field: "id"), PlannedColumn(name: "doc", type: .json, field: "doc"),
            PlannedColumn(name: "text", type: .string, field: "text"),
            PlannedColumn(name: "any", type: .string, field: "any", former: [.number]),
        ]
        let plan = OutputPlan(
            format: "ndjson", header: true, delimiter: ",", null: "", codec: "none", level: 3, chunkBytes: 1,
            chunkRows: nil)
        let table = LoadTable(
            name: "events", columns: columns, partitions: [],
            versions: [SchemaVersion(version: 1, entry: 2, columns: 4, output: plan, changes: [])],
            files: [
                .init(key: "events/000001-0001-0001.ndjson", schema: 1, rows: 5_000, bytes: Int64(lines.utf8.count))
            ])
        func script(_ warehouse: Warehouse) throws -> String {
            try LoadScript(
                warehouse: warehouse, pipeline: "shop", location: "file:\(lake.path)", through: 2,
                tables: [(table, "events")]
            ).write().text
        }
        compare(
            try LoadTargets.duckdb(
                script(.duckdb),
                query: #"SELECT "id"::VARCHAR, "doc"::VARCHAR, "text", "any" FROM "events" ORDER BY "id""#), rows)
        compare(
            try LoadTargets.clickhouse(
                script(.clickhouse), query: "SELECT toString(`id`), `doc`, `text`, `any` FROM `events` ORDER BY `id`"),
            rows)
    }

    private func compare(_ found: [[String?]], _ wanted: [[String?]]) {
        #expect(found.count == wanted.count)
        let wrong = zip(found, wanted).filter { $0 != $1 }
        // A few are enough to see why.
        for (found, wanted) in wrong.prefix(3) { #expect(found == wanted) }
        #expect(wrong.isEmpty, "\(wrong.count) rows")
    }
}
