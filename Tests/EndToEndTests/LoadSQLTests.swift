import Foundation
import TestSupport
import Testing

@Suite("load-sql: what was exported arrives in a warehouse as the source has it")
struct LoadSQLTests {
    /// Where a script is run.
    enum Target: String, CaseIterable {
        case duckdb, postgres, clickhouse

        /// Runs scripts one after the other, then a query.
        func rows(_ scripts: [String], _ query: String, _ shop: Shop) throws -> [[String?]] {
            let script = scripts.joined(separator: "\n")
            switch self {
            case .duckdb: return try LoadTargets.duckdb(script, query: query)
            case .clickhouse: return try LoadTargets.clickhouse(script, query: query)
            case .postgres:
                return try LoadTargets.postgres(
                    script, query: query, server: shop.server, database: shop.server.createDatabase())
            }
        }

        /// A column as text, by a name of its own.
        func text(_ column: String) -> String {
            switch self {
            case .duckdb: "\"\(column)\"::VARCHAR AS \"\(column)\""
            case .postgres: "\"\(column)\"::text AS \"\(column)\""
            case .clickhouse: "toString(`\(column)`) AS `\(column)`"
            }
        }

        /// A moment as microseconds since 1970.
        func micros(_ column: String) -> String {
            switch self {
            case .duckdb: "epoch_us(\"\(column)\")::VARCHAR"
            case .postgres: "(extract(epoch FROM \"\(column)\") * 1000000)::int8::text AS \"\(column)\""
            case .clickhouse: "toString(toUnixTimestamp64Micro(`\(column)`))"
            }
        }

        /// Bytes as hexadecimal digits.
        func hexadecimal(_ column: String) -> String {
            switch self {
            case .duckdb: "lower(hex(\"\(column)\"))"
            case .postgres: "encode(\"\(column)\", 'hex') AS \"\(column)\""
            case .clickhouse: "lower(hex(`\(column)`))"
            }
        }
    }

    private func script(_ shop: Shop, _ target: Target, _ more: String...) throws -> String {
        let outcome = try Tidemark.run(
            ["load-sql", "--for", target.rawValue] + more + [shop.pipeline], shop.environment)
        #expect(outcome.status == 0, "\(outcome.all)")
        return outcome.output
    }

    // MARK: Types

    private static let types: [(name: String, type: String, values: [String])] = [
        ("t", "text", ["''", "'NULL'", "'\\N'", "'\\.'", "E'a\\nb\\r\\t\"''\\\\'", "'Zoë 🦉, #'", "' x '", "'null'"]),
        ("i8", "int8", ["9223372036854775807", "-9223372036854775808", "0"]),
        ("n", "numeric", ["123456789012345678901234567890.1230", "-0.10", "1e-20", "1e60"]),
        ("nd", "numeric(30,10)", ["12345678901234567890.1234567890", "-0.0000000001"]),
        ("f8", "float8", ["0.1", "1.7976931348623157e308", "5e-324", "-0.0"]),
        ("b", "bool", ["true", "false"]),
        ("ts", "timestamptz", ["'2026-11-01 12:34:56.789012Z'", "'1900-01-01Z'", "'2299-12-31 23:59:59.999999Z'"]),
        ("d", "date", ["'2000-02-29'", "'1900-01-01'", "'2299-12-31'"]),
        ("u", "uuid", ["'c806afe9-75bd-49a1-8bd2-f4bc56b1d84c'"]),
        (
            "j", "jsonb",
            [
                "'{\"a\": 1.50, \"b\": [123456789012345678901234567890, \"#5#\"]}'", "'\"12\"'", "'12.0'", "'[]'",
                "'true'",
                "'\"\"'",
            ]
        ),
        ("by", "bytea", ["'\\x00ff41'", "''"]),
        ("select", "text", ["'a reserved word'"]), ("UPPER case", "text", ["'quoted'"]),
    ]

    @Test(
        "Every type, in both formats and each codec", arguments: Target.allCases,
        ["ndjson", "csv", "{format: csv, csv: postgres}"])
    func everyType(_ target: Target, _ format: String) throws {
        let settings =
            format.hasPrefix("{")
            ? String(format.dropFirst().dropLast()) + ", compression: {codec: gzip}" : "format: \(format)"
        let columns = Self.types.map { "\"\($0.name)\" \($0.type)" }.joined(separator: ", ")
        let inserts = Self.types.flatMap { column in
            column.values.map { "INSERT INTO events (\"\(column.name)\") VALUES (\($0));" }
        }
        let shop = try Shop(
            table: """
                CREATE TABLE events (id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY, \(columns));
                INSERT INTO events DEFAULT VALUES; \(inserts.joined(separator: "\n"))
                """,
            dataset: "events: {table: public.events, key: id, \(settings)}")
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
        let names = ["id"] + Self.types.map(\.name)
        func query(_ target: Target) -> String {
            let texts = names.map { name in
                switch name {
                case "ts": target.micros(name)
                case "by": target.hexadecimal(name)
                default: target.text(name)
                }
            }
            return "SELECT \(texts.joined(separator: ", ")) FROM events ORDER BY events.id"
        }
        let found = try target.rows([script(shop, target)], query(target), shop)
        let wanted = try LoadTargets.postgres(
            "SELECT 1", query: query(.postgres), server: shop.server, database: shop.database)
        try #require(found.count == wanted.count && !found.isEmpty)
        for (row, source) in zip(found, wanted) {
            for (index, name) in names.enumerated() {
                let (value, text) = (row[index], source[index])
                let isSame: Bool
                switch name {
                case "f8": isSame = value.flatMap(Double.init) == text.flatMap(Double.init)
                case "nd": isSame = value.map(Self.trimmed) == text.map(Self.trimmed)
                // Spaces between tokens.
                case "j":
                    isSame =
                        value?.replacingOccurrences(of: " ", with: "") == text?.replacingOccurrences(of: " ", with: "")
                default: isSame = value == text
                }
                #expect(isSame, "row \(source[0] ?? ""), \(name): \(value ?? "NULL") is not \(text ?? "NULL")")
            }
        }
    }

    /// A decimal without the zeros that its type adds.
    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }

    // MARK: Versions

    @Test(
        "Files of earlier versions load beside those of later ones: new columns are NULL there, widened values text",
        arguments: Target.allCases)
    func versions(_ target: Target) throws {
        let shop = try Shop(
            table: "CREATE TABLE events (event_id int PRIMARY KEY, occurred_at timestamptz NOT NULL, payload jsonb)",
            dataset: Self.evolving("format: ndjson"))
        func add(_ first: Int, _ payload: String) throws {
            try shop.sql(
                """
                INSERT INTO events SELECT n, timestamptz '2026-11-01Z' + n % 3 * interval '1 day', \(payload)
                FROM generate_series(\(first), \(first + 29)) n
                """)
            let run = try shop.tidemark("run")
            #expect(run.status == 0, "\(run.all)")
        }
        try add(1, "jsonb_build_object('count', n, 'name', 'n' || n)")
        let first = try script(shop, target)
        // `count` stops to fit, and `late` comes: both go to _extra once, and have columns from then on.
        let change =
            "jsonb_build_object('count', CASE WHEN n % 2 = 0 THEN to_jsonb(n || ' or so') ELSE to_jsonb(n / 8.0) END, 'late', n)"
        try add(101, change)
        try shop.write(pipeline: Self.evolving("format: csv"))
        try add(201, change)
        try shop.write(pipeline: Self.evolving("format: csv\n    csv: {header: false, delimiter: ';', 'null': '\\N'}"))
        try add(301, change)
        let names = ["event_id", "payload_count", "payload_name", "payload_late", "event_date"]
        let query = "SELECT \(names.map(target.text).joined(separator: ", ")) FROM events ORDER BY events.event_id"
        let all = try target.rows([script(shop, target)], query, shop)
        #expect(all.count == 120)
        let source = try LoadTargets.postgres(
            "SELECT 1",
            query: """
                SELECT event_id::text AS a, payload->>'count' AS b, payload->>'name' AS c, payload->>'late' AS d,
                    to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS e FROM events ORDER BY events.event_id
                """, server: shop.server, database: shop.database)
        for (row, wanted) in zip(all, source) where !(101...130).contains(Int(row[0] ?? "") ?? 0) {
            #expect(row == wanted)
        }
        // The run in which the documents changed still had the earlier columns.
        for row in all where (101...130).contains(Int(row[0] ?? "") ?? 0) { #expect(row[3] == nil) }
        #expect(all.contains { $0[1]?.hasSuffix(" or so") == true })

        // In steps, into a table of the first version: the same rows.
        let version = try #require(
            first.split(separator: " ").last.flatMap { Int($0.trimmingCharacters(in: .newlines)) })
        let rest = try script(shop, target, "--since", String(version))
        #expect(try target.rows([first, rest], query, shop) == all)
    }

    private static func evolving(_ format: String) -> String {
        """
        events:
            table: public.events
            key: event_id
            flatten: [{column: payload}]
            schema: {mode: evolve, min_count: 1}
            partition_by: [{column: occurred_at, by: day, as: event_date}]
            \(format)
        """
    }

    // MARK: Several tables

    @Test("A split dataset and the elements of arrays are tables of their own", arguments: Target.allCases)
    func tables(_ target: Target) throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id int PRIMARY KEY, event_type text, payload jsonb);
                INSERT INTO events SELECT n, (ARRAY['page view', 'order_paid', 'Page_View', NULL])[1 + n % 4],
                    jsonb_build_object('n', n, 'items', (SELECT jsonb_agg(jsonb_build_object('sku', 's' || i, 'price', n / 8.0))
                        FROM generate_series(1, n % 3) i))
                FROM generate_series(1, 40) n;
                """,
            dataset: """
                events:
                    table: public.events
                    key: event_id
                    split_by: event_type
                    flatten: [{column: payload, arrays: explode}]
                """)
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
        let text = try script(shop, target, "--table-prefix", "raw_")
        let tables = text.split(separator: "\n").compactMap { line in
            line.hasPrefix("CREATE TABLE IF NOT EXISTS") ? String(line.split(separator: " ")[5]) : nil
        }
        // Three values, NULL and the rest, each with its items; the rest has none yet.
        #expect(tables.count == 9, "\(tables)")
        #expect(tables.allSatisfy { $0.dropFirst().hasPrefix("raw_events_") })
        let parents = tables.filter { !$0.contains("items") && !$0.contains("other") }
        let children = tables.filter { $0.contains("items") }
        let rows = try target.rows(
            [text],
            (parents.map {
                "SELECT \(target.text("event_id")), \(target.text("payload_n")), 'parent' AS kind FROM \($0)"
            }
                + children.map {
                    "SELECT \(target.text("event_id")), \(target.text("price")), \(target.text("sku")) FROM \($0)"
                })
                .joined(separator: " UNION ALL "), shop)
        let source = try LoadTargets.postgres(
            "SELECT 1",
            query: """
                SELECT event_id::text AS a, payload->>'n' AS b, 'parent' AS c FROM events UNION ALL
                SELECT event_id::text, i->>'price', i->>'sku' FROM events, jsonb_array_elements(NULLIF(payload->'items', 'null')) i
                """, server: shop.server, database: shop.database)
        #expect(Self.sorted(rows) == Self.sorted(source))
        // One of them by its own name.
        let one = try script(shop, target, "--dataset", "events/order_paid")
        #expect(one.components(separatedBy: "CREATE TABLE IF NOT EXISTS").count == 2)
    }

    private static func sorted(_ rows: [[String?]]) -> [String] { rows.map { "\($0)" }.sorted() }

    // MARK: The command

    @Test("What was replaced is refused with a way on, as is what a warehouse cannot read")
    func refusals() throws {
        let shop = try Shop(
            table: "CREATE TABLE sizes (id int PRIMARY KEY, name text); INSERT INTO sizes VALUES (1, 'S'), (2, 'M')",
            dataset: "sizes: {table: public.sizes, key: id, mode: snapshot}")
        #expect(try shop.tidemark("load-sql", "--for", "duckdb").errors.contains("nothing has been exported yet"))
        #expect(try shop.tidemark("run").status == 0)
        let first = try script(shop, .duckdb)
        #expect(
            try LoadTargets.duckdb(first, query: "SELECT id::VARCHAR, name FROM sizes ORDER BY id") == [
                ["1", "S"], ["2", "M"],
            ])
        let version = try #require(first.split(separator: " ").last?.trimmingCharacters(in: .newlines))
        try shop.sql("UPDATE sizes SET name = 'L' WHERE id = 2")
        #expect(try shop.tidemark("run").status == 0)
        let since = try shop.tidemark("load-sql", "--for", "duckdb", "--since", version)
        #expect(since.status == 2)
        #expect(
            since.errors.contains("Empty its table of sizes, and load it anew with --dataset sizes, without --since."))
        #expect(since.output.isEmpty)
        let anew = try script(shop, .duckdb)
        #expect(
            try LoadTargets.duckdb(anew, query: "SELECT id::VARCHAR, name FROM sizes ORDER BY id") == [
                ["1", "S"], ["2", "L"],
            ])

        for (arguments, reason) in [
            (["--for", "bigquery"], "BigQuery loads from gs://… only"),
            (
                ["--for", "bigquery", "--location", "gs://lake/shop"],
                "compressed with zstd, which BigQuery does not read"
            ),
            (["--for", "redshift"], "loads from s3://… only"),
            (["--for", "duckdb", "--dataset", "prices"], "no such dataset"),
            (["--for", "oracle"], "oracle"), (["--for", "duckdb", "--since", "99"], "the lake is at version"),
            (["--for", "duckdb", "--manifests", "/tmp/x"], "belong to --for redshift"),
        ] {
            let outcome = try Tidemark.run(["load-sql"] + arguments + [shop.pipeline], shop.environment)
            #expect(outcome.status == 2, "\(arguments): \(outcome.all)")
            #expect(outcome.errors.contains(reason), "\(arguments): \(outcome.all)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test("Redshift's manifests are written, and no script holds a secret")
    func manifests() throws {
        let shop = try Shop(
            table:
                "CREATE TABLE events (id int PRIMARY KEY, at timestamptz); INSERT INTO events SELECT n, '2026-11-01Z' FROM generate_series(1, 9) n",
            dataset: "events: {table: public.events, key: id, partition_by: [{column: at, by: day}]}")
        #expect(try shop.tidemark("run").status == 0)
        let folder = shop.folder + "/manifests"
        let outcome = try Tidemark.run(
            [
                "load-sql", "--for", "redshift", "--location", "s3://lake/shop", "--manifests", folder,
                "--manifest-url",
                "s3://lake/load/", shop.pipeline,
            ], ["SHOP_DATABASE_URL": shop.database.tcpURL])
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(!outcome.all.contains(PostgresServer.password))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let name = try #require(names.first)
        #expect(names.count == 1 && outcome.output.contains("FROM 's3://lake/load/\(name)'"))
        struct Manifest: Decodable {
            struct Entry: Decodable {
                let url: String
                let mandatory: Bool
                let meta: [String: Int]
            }
            let entries: [Entry]
        }
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
        let file = try #require(shop.liveFiles().first)
        #expect(manifest.entries.map(\.url) == ["s3://lake/shop/\(file)"])
        #expect(manifest.entries[0].mandatory)
        #expect(
            manifest.entries[0].meta["content_length"]
                == (try Data(contentsOf: URL(fileURLWithPath: "\(shop.lake)/\(file)")).count))
    }
}
