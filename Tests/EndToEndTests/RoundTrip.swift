import Foundation
import TestSupport

/// A table of every type and edge, exported once in every form; readers then say what they find.
final class RoundTrip: Sendable {
    /// A form that the table is exported in.
    struct Output: Codable {
        let name: String
        let format: String
        /// What the pipeline says of it.
        let settings: String
        var header = true
        var delimiter = ","
        var null = ""
        var line_end = "lf"
        var nulls = "keep"
        var bigint_as_string = false
    }

    static let outputs = [
        Output(name: "postgres", format: "csv", settings: "csv: postgres, compression: {codec: zstd, level: 1}"),
        Output(name: "duckdb", format: "csv", settings: "csv: duckdb, compression: {codec: none}"),
        Output(name: "snowflake", format: "csv", settings: "csv: snowflake, compression: {codec: gzip}"),
        Output(name: "redshift", format: "csv", settings: "csv: redshift", null: "\\N"),
        Output(
            name: "bigquery", format: "csv", settings: "csv: bigquery, compression: {codec: gzip, level: 1}",
            null: "\\N"),
        Output(
            name: "quoted", format: "csv", settings: "csv: {quote: all, line_end: crlf, delimiter: ;}", delimiter: ";",
            line_end: "crlf"),
        Output(
            name: "tabs", format: "csv",
            settings: "csv: {header: false, delimiter: \\t, null: \"NULL\"}, compression: {codec: none}",
            header: false, delimiter: "\t", null: "NULL"),
        Output(name: "lines", format: "ndjson", settings: "compression: {codec: zstd, level: 19}"),
        Output(name: "sparse", format: "ndjson", settings: "nulls: omit, compression: {codec: gzip}", nulls: "omit"),
        Output(
            name: "strings", format: "ndjson", settings: "bigint_as_string: true, compression: {codec: none}",
            bigint_as_string: true),
        Output(name: "flat_lines", format: "ndjson", settings: "columns: [id], flatten: [{column: doc, depth: 2}]"),
        Output(
            name: "flat_fields", format: "csv",
            settings: "columns: [id], flatten: [{column: doc, depth: 2}], csv: {null: (none)}", null: "(none)"),
    ]

    /// The columns, and the SQL of the text that files should hold.
    static let columns: [(name: String, type: String, text: String)] = [
        ("id", "int8", "id::text"), ("b", "bool", "b::text"), ("i2", "int2", "i2::text"), ("i4", "int4", "i4::text"),
        ("i8", "int8", "i8::text"), ("num", "numeric", "num::text"), ("dec", "numeric(20,4)", "dec::text"),
        ("f4", "float4", "f4::text"), ("f8", "float8", "f8::text"), ("t", "text", "t"), ("u", "uuid", "u::text"),
        ("d", "date", "d::text"), ("ts", "timestamp", moment("ts")),
        ("tz", "timestamptz", moment("tz")), ("by", "bytea", "by::text"),
        ("ai", "int8[]", "array_to_json(ai)::text"), ("at", "text[]", "array_to_json(at)::text"),
        ("iv", "interval", "iv::text"),
        ("ip", "inet", "host(ip) || CASE WHEN masklen(ip) IN (32, 128) THEN '' ELSE '/' || masklen(ip) END"),
        ("raw", "json", "raw::text"), ("doc", "jsonb", "doc::text"),
    ]

    private static func moment(_ value: String) -> String {
        """
        CASE WHEN \(value) >= '0001-01-01' AND \(value) < '10000-01-01'
            THEN to_char(\(value), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE (\(value))::text END
        """
    }

    let shop: Shop

    /// The export that all tests share.
    static let shared: Result<RoundTrip, any Error> = Result {
        let shared = try RoundTrip()
        atexit { _ = try? FileManager.default.removeItem(atPath: RoundTrip.shared.get().shop.folder) }
        return shared
    }

    init() throws {
        shop = try Shop(
            table: """
                CREATE TABLE things (\(Self.columns.map { "\"\($0.name)\" \($0.type)" }.joined(separator: ", ")), PRIMARY KEY (id))
                """,
            dataset: Self.outputs.map {
                """
                \($0.name): {table: public.things, key: id, format: \($0.format), special_values: string, \($0.settings)}
                """
            }.joined(separator: "\n"))
        _ = try DuckDB.python(RoundTripScripts.make, arguments: [shop.folder + "/things"])
        let names = Self.columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        // psql reads its own commands to the line's end.
        let oneLine = Self.columns.map(\.text).joined(separator: ", ").replacingOccurrences(of: "\n", with: " ")
        try shop.sql(
            """
            \\copy things (\(names)) FROM '\(shop.folder)/things'
            SET TimeZone = 'UTC';
            \\copy (SELECT json_build_array(\(oneLine)) FROM things ORDER BY id) TO '\(shop.folder)/expected.ndjson' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')
            """)
        try JSONEncoder().encode(Self.outputs).write(to: URL(fileURLWithPath: shop.folder + "/outputs.json"))
        try JSONEncoder().encode(Self.columns.map(\.name)).write(to: URL(fileURLWithPath: shop.folder + "/names.json"))
        let outcome = try shop.tidemark("run")
        guard outcome.status == 0 else { throw TestSupportError(outcome.all) }
        _ = try DuckDB.python(RoundTripScripts.read, arguments: [shop.folder, "unpack"])
    }

    /// What a reader finds that differs from the source: `python`, `duckdb` or `chdb`.
    func differences(_ reader: String) throws -> [String] {
        let text = try DuckDB.python(RoundTripScripts.read, arguments: [shop.folder, reader])
        return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    /// The rows of a file that differ from the source's when PostgreSQL has read it back, as their ids.
    func differences(inPostgres output: Output) throws -> String {
        let file = "\(shop.folder)/plain/\(output.name).\(output.format)"
        let table = "back_\(output.name)"
        let types = Self.columns.map { "\"\($0.name)\" \($0.type.hasSuffix("[]") ? "json" : $0.type)" }
        let same = Self.columns.map { column in
            let (source, back) = ("s.\"\(column.name)\"", "r.\"\(column.name)\"")
            return switch column.name {
            case "ai", "at": "array_to_json(\(source))::jsonb::text IS NOT DISTINCT FROM \(back)::jsonb::text"
            // NDJSON has one null for NULL and for a document that is null.
            case "raw" where output.format == "ndjson", "doc" where output.format == "ndjson":
                "coalesce(btrim(\(source)::text), 'null') = coalesce(btrim(\(back)::text), 'null')"
            case "raw": "btrim(\(source)::text) IS NOT DISTINCT FROM btrim(\(back)::text)"
            default: "\(source)::text IS NOT DISTINCT FROM \(back)::text"
            }
        }
        let load: String
        if output.format == "csv" {
            let header = try JSONDecoder().decode(
                [String].self, from: Data(contentsOf: URL(fileURLWithPath: shop.folder + "/header.json")))
            let delimiter = output.delimiter == "\t" ? "E'\\t'" : "'\(output.delimiter)'"
            load = """
                \\copy \(table) (\(header.map { "\"\($0)\"" }.joined(separator: ", "))) FROM '\(file)' \
                WITH (FORMAT csv, HEADER \(output.header), DELIMITER \(delimiter), NULL '\(output.null)')
                """
        } else {
            // Neither byte is in any line, so each is one field.
            load = """
                CREATE TEMP TABLE lines (line text);
                \\copy lines FROM '\(file)' WITH (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')
                INSERT INTO \(table) SELECT p.* FROM lines, json_populate_record(NULL::\(table), line::json) p;
                """
        }
        return try shop.sql(
            """
            SET TimeZone = 'UTC';
            CREATE TABLE \(table) (\(types.joined(separator: ", ")), _extra json);
            \(load)
            SELECT 'row ' || coalesce(s.id, r.id) FROM things s FULL JOIN \(table) r ON r.id = s.id
            WHERE s.id IS NULL OR r.id IS NULL OR r._extra IS NOT NULL OR NOT (\(same.joined(separator: " AND "))) LIMIT 20;
            """)
    }
}
