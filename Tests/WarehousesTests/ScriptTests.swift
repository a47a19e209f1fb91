import Foundation
import Lake
import Records
import TestSupport
import Testing

@testable import Warehouses

@Suite("Load scripts name each live file once, keep to limits, and refuse what cannot be loaded")
struct ScriptTests {
    @Test(
        "Each file is named once, and no statement names more than the warehouse takes", arguments: Warehouse.allCases)
    func files(_ warehouse: Warehouse) throws {
        let table = SmallTable.table(formats: ["ndjson", "ndjson"], codec: "gzip", files: 2_500)
        let script = try SmallTable.script(warehouse, table).write()
        let text = script.text + script.manifests.map(\.text).joined()
        // File names, of 16 digits and hyphens.
        let found = text.split(separator: "/").map { $0.prefix(16) }.filter { $0.hasSuffix("-0001-0001") }.map(
            String.init)
        let names = table.files.compactMap { $0.key.split(separator: "/").last.map { String($0.prefix(16)) } }
        #expect(found.count == names.count && Set(found) == Set(names))
        let most = [Warehouse.snowflake: 1_000, .bigquery: 10_000, .duckdb: 500, .clickhouse: 200, .spark: 500][
            warehouse]
        for statement in script.text.components(separatedBy: ";\n") {
            #expect(statement.components(separatedBy: ".ndjson.gz").count - 1 <= most ?? 2_500)
        }
    }

    @Test("A script that loads what is new says from where to where")
    func since() throws {
        let text = try SmallTable.script(.duckdb, SmallTable.table(), since: 2).write().text
        #expect(text.contains("-- The files that were added after version 2 of the lake, through version 4."))
        #expect(text.hasSuffix("--for duckdb --since 4\n"))
    }

    @Test("Without files only the tables are made", arguments: Warehouse.allCases)
    func noFiles(_ warehouse: Warehouse) throws {
        var table = SmallTable.table()
        table.files = []
        let lines = try SmallTable.script(warehouse, table).write().text.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("CREATE TABLE IF NOT EXISTS") })
        #expect(!lines.contains { line in ["INSERT", "COPY", "\\copy"].contains { line.hasPrefix($0) } })
    }

    private func refusal(_ warehouse: Warehouse, _ table: LoadTable, location: String? = nil) -> String {
        let error = #expect(throws: LoadError.self) {
            _ = try SmallTable.script(warehouse, table, location: location).write()
        }
        return error.map { "\($0)" } ?? ""
    }

    @Test("What a warehouse cannot read is refused with the way on")
    func refusals() {
        #expect(
            refusal(.bigquery, SmallTable.table(codec: "zstd")) == """
                Cannot write a load script of table events for BigQuery: its files are compressed with zstd, which BigQuery does not \
                read in CSV and JSON. Set `compression: {codec: gzip}`, or none, and write the old files anew with `tidemark backfill`.
                """)
        #expect(
            refusal(.redshift, SmallTable.table(), location: "file:/srv/lake") == """
                Cannot write a load script of pipeline shop for Amazon Redshift: its lake is in file:/srv/lake, and Amazon Redshift \
                loads from s3://… only. Copy the lake there, or name with --location the address that Amazon Redshift has for it.
                """)
        #expect(refusal(.bigquery, SmallTable.table(), location: "s3://lake/shop").contains("from gs://… only"))
        #expect(refusal(.clickhouse, SmallTable.table(), location: "file:/srv/{lake}").contains("takes for a pattern"))
        #expect(refusal(.spark, SmallTable.table(), location: "file:/srv/lake*").contains("takes for a pattern"))
        let quoted = SmallTable.columns + [PlannedColumn(name: "say \"hi\"", type: .string, field: "x")]
        #expect(refusal(.bigquery, SmallTable.table(columns: quoted)).contains("a character that a JSONPath cannot"))
        let long =
            SmallTable.columns + [
                PlannedColumn(name: String(repeating: "é", count: 100), type: .string, field: "x")
            ]
        #expect(
            refusal(.redshift, SmallTable.table(columns: long)).contains("finds a key of JSON by its column's name"))
        var unknown = SmallTable.table()
        unknown.files[0].schema = 9
        for warehouse in Warehouse.allCases {
            #expect(refusal(warehouse, unknown).contains("has version 9 of its columns, of which the log says nothing"))
        }
        #expect(refusal(.duckdb, SmallTable.table(formats: ["parquet", "csv"])).contains("does not know it"))
    }

    @Test("Names that are strange, long or alike stay names of their own", arguments: Warehouse.allCases)
    func names(_ warehouse: Warehouse) throws {
        let names = [
            "a\"b", "a`b", "A\"B", "c'd\\", "select", "1st", "_FILE_NAME", String(repeating: "n", count: 400),
            String(repeating: "n", count: 401), "ümlaut 🦉",
        ]
        let columns = names.map { PlannedColumn(name: $0, type: .string, field: $0) }
        let table = SmallTable.table(formats: ["csv", "csv"], codec: "gzip", columns: columns)
        let loader = warehouse.loader
        let named = NamedTable(table, bareName: "events", schema: nil, loader)
        #expect(Set(named.columns.map { $0.lowercased() }).count == names.count)
        #expect(named.columns.allSatisfy { $0.utf8.count <= loader.longestName })
        let text = try SmallTable.script(warehouse, table).write().text
        for name in named.columns { #expect(text.contains(loader.identifier(name))) }
    }

    @Test("Tables get plain names; the older of two that would be one keeps it")
    func tableNames() {
        let names = TableNames.names(
            of: [
                "events", "events/page_view", "events_page_view", "events/Page%20View", "events__items",
                "events/%2E%2E", "events/🦉é",
            ],
            prefix: "raw_")
        #expect(names["events"] == "raw_events")
        #expect(names["events/page_view"] == "raw_events_page_view")
        #expect(names["events_page_view"] == "raw_events_page_view_2")
        #expect(names["events/Page%20View"] == "raw_events_Page_View_3")
        #expect(names["events__items"] == "raw_events__items")
        #expect(names["events/%2E%2E"] == "raw_events___")
        #expect(names["events/🦉é"] == "raw_events__é")
    }

    @Test("A script never names a schema or a table without quotes", arguments: Warehouse.allCases)
    func schema(_ warehouse: Warehouse) throws {
        let loader = warehouse.loader
        let text = try SmallTable.script(warehouse, SmallTable.table(), schema: "my project.Raw").write().text
        let qualified = ["my project", "Raw", "events"].map(loader.identifier).joined(separator: ".")
        #expect(text.contains("CREATE TABLE IF NOT EXISTS \(qualified) ("))
    }

    @Test("Names from data cannot end a comment", arguments: [Warehouse.snowflake, .redshift, .spark])
    func comments(_ warehouse: Warehouse) throws {
        let name = "x\nDROP TABLE users;--'"
        let columns = SmallTable.columns + [PlannedColumn(name: name, type: .string, field: "x", former: [.int64])]
        let table = SmallTable.table(formats: ["csv", "csv"], columns: columns)
        let statements = Outline.statements(try SmallTable.script(warehouse, table).write().text)
        #expect(!statements.contains { $0.text.hasPrefix("DROP TABLE users") })
    }
}
