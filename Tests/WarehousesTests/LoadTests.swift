import Foundation
import Lake
import Records
import TestSupport
import Testing

@testable import Warehouses

@Suite("Warehouses get every value as the source has it, from files of all versions of the columns")
struct LoadTests {
    /// How the files of the three versions are written.
    static let mixes: [[Sample.Style]] = [
        [.ndjson, .ndjson, .ndjson], [.csv, .csv, .csv], [.markedCSV, .markedCSV, .markedCSV],
        [.bareCSV, .bareCSV, .bareCSV], [.gzipCSV, .plainJSON, .gzipJSON], [.quotedCSV, .quotedCSV, .quotedCSV],
        [.quotedJSON, .quotedJSON, .quotedJSON],
    ]

    @Test("DuckDB", arguments: mixes)
    func duckdb(_ styles: [Sample.Style]) throws {
        let strange = Warehouse.duckdb.loader.identifier(Sample.strange)
        let sample = try Sample(styles)
        let rows = try LoadTargets.duckdb(
            sample.script(.duckdb).write().text,
            query: """
                SELECT "id"::VARCHAR, "Text", "n", "w", "dec"::VARCHAR, "f"::VARCHAR, "ok"::VARCHAR, epoch_us("at")::VARCHAR,
                    "day"::VARCHAR, "u"::VARCHAR, "doc"::VARCHAR, lower(hex("raw")), "_extra"::VARCHAR, "order",
                    \(strange), "event_date"::VARCHAR, "kind", typeof("at") FROM "events_page_view"
                """)
        try check(rows, styles, timestampType: "TIMESTAMP WITH TIME ZONE")
    }

    @Test("ClickHouse", arguments: mixes)
    func clickhouse(_ styles: [Sample.Style]) throws {
        let strange = Warehouse.clickhouse.loader.identifier(Sample.strange)
        let sample = try Sample(styles)
        let rows = try LoadTargets.clickhouse(
            sample.script(.clickhouse).write().text,
            query: """
                SELECT toString(`id`), `Text`, `n`, `w`, toString(`dec`), toString(`f`), toString(`ok`),
                    toString(toUnixTimestamp64Micro(`at`)), toString(`day`), toString(`u`), `doc`, lower(hex(`raw`)), `_extra`,
                    `order`, \(strange), toString(`event_date`), `kind`, toTypeName(`at`) FROM `events_page_view`
                """)
        try check(rows, styles, timestampType: "Nullable(DateTime64(6, 'UTC'))")
    }

    @Test("PostgreSQL", arguments: mixes)
    func postgres(_ styles: [Sample.Style]) throws {
        let strange = Warehouse.postgres.loader.identifier(Sample.strange)
        let sample = try Sample(styles)
        let server = try PostgresServer.shared
        let rows = try LoadTargets.postgres(
            sample.script(.postgres).write().text,
            query: """
                SELECT "id"::text, "Text" AS c2, "n"::text, "w" AS c4, "dec"::text, "f"::text, "ok"::text,
                    (extract(epoch FROM "at") * 1000000)::bigint::text AS c8, "day"::text, "u"::text, "doc"::text,
                    encode("raw", 'hex'), "_extra"::text, "order" AS c14, \(strange)::text AS c15, "event_date"::text,
                    "kind" AS c17, pg_typeof("at")::text AS c18 FROM "events_page_view"
                """, server: server, database: server.createDatabase())
        try check(rows, styles, timestampType: "timestamp with time zone")
    }

    // MARK: Special values

    /// A table whose files may hold `infinity` and the like in place of moments and numbers.
    private func special(_ format: String) throws -> (table: LoadTable, lake: TemporaryFolder) {
        let columns = [
            PlannedColumn(name: "id", type: .int64, field: "id"),
            PlannedColumn(name: "at", type: .timestamp, field: "at"),
            PlannedColumn(name: "day", type: .date, field: "day"), PlannedColumn(name: "n", type: .number, field: "n"),
            PlannedColumn(name: "dec", type: .decimal(precision: 10, scale: 2), field: "dec"),
        ]
        let lake = try TemporaryFolder()
        let text =
            format == "csv"
            ? "id,at,day,n,dec\n1,infinity,-infinity,NaN,NaN\n2,0044-03-15 00:00:00+00 BC,0044-03-15 BC,1.50,2.50\n"
            : """
            {"id":1,"at":"infinity","day":"-infinity","n":"NaN","dec":"NaN"}
            {"id":2,"at":"0044-03-15 00:00:00+00 BC","day":"0044-03-15 BC","n":1.50,"dec":2.50}

            """
        try lake.write(Array(text.utf8), to: "events/1.\(format)")
        let plan = OutputPlan(
            format: format, header: true, specialValues: "string", codec: "none", level: 3, chunkBytes: 1,
            chunkRows: nil)
        let table = LoadTable(
            name: "events", columns: columns, partitions: [],
            versions: [SchemaVersion(version: 1, entry: 2, columns: 5, output: plan, changes: [])],
            files: [.init(key: "events/1.\(format)", schema: 1, rows: 2, bytes: Int64(text.utf8.count))])
        return (table, lake)
    }

    @Test(
        "Where files may hold infinity and the like, columns are text that holds it; PostgreSQL's own types do",
        arguments: ["csv", "ndjson"])
    func specials(_ format: String) throws {
        let (table, lake) = try special(format)
        func script(_ warehouse: Warehouse) throws -> String {
            try LoadScript(
                warehouse: warehouse, pipeline: "shop", location: "file:\(lake.path)", through: 2,
                tables: [(table, "events")]
            ).write().text
        }
        let texts: [[String?]] = [
            ["infinity", "-infinity", "NaN", "NaN"], ["0044-03-15 00:00:00+00 BC", "0044-03-15 BC", "1.50", "2.50"],
        ]
        let query = "SELECT \"at\", \"day\", n, dec FROM events ORDER BY id"
        #expect(try LoadTargets.duckdb(script(.duckdb), query: query) == texts)
        #expect(try LoadTargets.clickhouse(script(.clickhouse), query: query) == texts)
        let server = try PostgresServer.shared
        let rows = try LoadTargets.postgres(
            script(.postgres), query: "SELECT at::text, day::text, n::text, dec::text FROM events ORDER BY id",
            server: server, database: server.createDatabase())
        #expect(rows == texts)
    }

    /// Compares what came with what was written.
    private func check(_ found: [[String?]], _ styles: [Sample.Style], timestampType: String) throws {
        let byID = Dictionary(grouping: found) { $0[0] ?? "" }
        #expect(found.count == Sample.rows.joined().count)
        for (index, rows) in Sample.rows.enumerated() {
            for row in rows {
                let id = try #require(row["id"] ?? nil)
                let cells = try #require(byID[id]?.first, "row \(id)")
                for (place, column) in Sample.columns.enumerated() {
                    let wanted = row[column.name] ?? nil
                    #expect(
                        Self.isSame(cells[place], wanted, column.type),
                        "row \(id), \(column.name): \(cells[place] ?? "NULL")")
                }
                #expect(cells[15] == Sample.folders[index].day)
                #expect(cells[16] == Sample.folders[index].kind)
                #expect(cells[17] == timestampType)
            }
        }
    }

    private static let moments = [
        "2026-01-01T00:00:00.123456Z": "1767225600123456", "1970-01-01T00:00:00.000000Z": "0",
        "0001-01-01T00:00:00.000000Z": "-62135596800000000", "9999-12-31T23:59:59.999999Z": "253402300799999999",
    ]

    private static func isSame(_ found: String?, _ wanted: String?, _ type: ColumnType) -> Bool {
        guard let found, let wanted else { return found == wanted }
        switch type {
        case .bool: return found == wanted || found == (wanted == "true" ? "t" : "f")
        case .bytes: return found == wanted.dropFirst(2)
        case .timestamp: return found == moments[wanted]
        case .double: return Double(found).map { Double(wanted) == $0 || $0.isNaN && wanted == "NaN" } ?? false
        case .number: return found == wanted || wanted == "1e400" && found == "1" + String(repeating: "0", count: 400)
        case .decimal: return digits(found) == digits(wanted)
        case .json: return squeezed(found) == squeezed(wanted)
        default: return found == wanted
        }
    }

    /// Without zeros at the end, which a decimal's type adds or a warehouse leaves out.
    private static func digits(_ text: String) -> String {
        guard text.contains(".") else { return text }
        let whole = text.reversed().drop { $0 == "0" }.reversed()
        return String(whole.last == "." ? String(whole.dropLast()) : String(whole))
    }

    /// Other forms of the same: escapes in strings.
    private static func squeezed(_ json: String) -> String {
        json.replacingOccurrences(of: "\\/", with: "/")
    }
}
