import Foundation
import TestSupport
import Testing

@Suite("Values survive verbatim, as somebody else's reader sees them")
struct TypesTests {
    /// A column: its type, what PostgreSQL says its file text is, and values.
    struct Column {
        let name: String
        let type: String
        /// SQL that gives the text that a file should hold.
        let text: String
        let values: [String]
    }

    private static let moment = #"to_char(v AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#

    static let columns: [Column] = [
        Column(name: "b", type: "bool", text: "v::text", values: ["true", "false"]),
        Column(name: "i2", type: "int2", text: "v::text", values: ["-32768", "32767", "0"]),
        Column(name: "i4", type: "int4", text: "v::text", values: ["-2147483648", "2147483647"]),
        Column(
            name: "i8", type: "int8", text: "v::text",
            values: ["-9223372036854775808", "9223372036854775807", "1234567890123456789"]),
        Column(name: "f4", type: "float4", text: "v::text", values: ["0.1", "1", "-1.5", "3.4028235e+38", "1e-45"]),
        Column(
            name: "f8", type: "float8", text: "v::text",
            values: ["0.1", "1", "123456789.125", "5e-324", "-0.3", "100000"]),
        Column(
            name: "num", type: "numeric", text: "v::text",
            values: ["123456789012345678901234567890.10", "0.000", "-1e-20", "707.00", "1e400", "10000", "99990000"]),
        Column(name: "dec", type: "numeric(12,2)", text: "v::text", values: ["0.10", "-9999999999.99", "12"]),
        Column(
            name: "t", type: "text", text: "v",
            values: [
                "'plain'", "''", "'comma, \"quotes\"'", "E'line\\nend\\r\\nand tab\\t'", "'Zoë 🦀 漢字'", "E'\\\\.'",
                "'\\N'", "' '",
                "'NULL'", "E'\\x01\\x1f'", "'{\"a\": 1}'", "'2026-01-01'",
            ]),
        Column(name: "vc", type: "varchar(20)", text: "v", values: ["'varied'"]),
        Column(name: "u", type: "uuid", text: "v::text", values: ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"]),
        Column(
            name: "j", type: "json", text: "v::text", values: ["'{\"a\":  [1, 2.50, null]}'", "'\"text\"'", "'1.10'"]),
        Column(
            name: "jb", type: "jsonb", text: "v::text",
            values: ["'{\"n\": 123456789012345678901234567890.10, \"u\": \"\\u00e9\"}'", "'[]'"]),
        Column(name: "d", type: "date", text: "v::text", values: ["'0001-01-01'", "'2000-02-29'", "'9999-12-31'"]),
        Column(name: "ti", type: "time", text: "v::text", values: ["'00:00'", "'23:59:59.999999'", "'24:00'"]),
        Column(name: "tz", type: "timetz", text: "v::text", values: ["'04:05:06.7+05:30'"]),
        Column(
            name: "ts", type: "timestamp", text: moment,
            values: ["'2026-11-01 12:34:56.789012'", "'0001-01-01'", "'1999-12-31 23:59:59.999999'"]),
        Column(
            name: "tstz", type: "timestamptz", text: moment,
            values: ["'2026-11-01 12:34:56.000001+02'", "'9999-12-31 23:59:59.999999Z'"]),
        Column(
            name: "iv", type: "interval", text: "v::text",
            values: ["'1 year 2 mons -3 days 04:05:06.789'", "'0'", "'-1 s'"]),
        Column(name: "by", type: "bytea", text: "v::text", values: ["'\\x00ff41'", "''"]),
        Column(
            name: "ip", type: "inet",
            text: "host(v) || CASE WHEN masklen(v) IN (32, 128) THEN '' ELSE '/' || masklen(v) END",
            values: ["'10.1.2.3'", "'10.0.0.0/8'", "'2001:db8::1'"]),
        Column(name: "en", type: "mood", text: "v::text", values: ["'glad'", "'so-so'"]),
        Column(name: "dom", type: "positive", text: "v::text", values: ["7"]),
        Column(
            name: "ai", type: "int4[]", text: "array_to_json(v)::text",
            values: ["'{1,NULL,3}'", "'{}'", "'{{1,2},{3,4}}'"]),
        Column(
            name: "at", type: "text[]", text: "array_to_json(v)::text", values: ["ARRAY['a,b', 'say \"hi\"', NULL, '']"]
        ),
        Column(name: "pt", type: "point", text: "v::text", values: ["'(1.5,2)'"]),
        Column(name: "r", type: "int4range", text: "v::text", values: ["'[1,5)'"]),
    ]

    /// A table with a row for each value of each column, all other columns NULL, and one row that is all NULL.
    private func shop(format: String) throws -> Shop {
        let definitions = Self.columns.map { "\"\($0.name)\" \($0.type)" }.joined(separator: ", ")
        let inserts = Self.columns.flatMap { column in
            column.values.map { "INSERT INTO events (\"\(column.name)\") VALUES (\($0));" }
        }
        return try Shop(
            table: """
                CREATE TYPE mood AS ENUM ('glad', 'so-so'); CREATE DOMAIN positive AS int4 CHECK (value > 0);
                CREATE TABLE events (id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY, \(definitions));
                INSERT INTO events DEFAULT VALUES; \(inserts.joined(separator: "\n"))
                """,
            dataset: "events: {table: public.events, key: id, format: \(format)}")
    }

    /// What PostgreSQL says: for each row its id and each column's file text.
    private func expected(_ shop: Shop) throws -> [[String?]] {
        let texts = Self.columns.map { $0.text.replacingOccurrences(of: "v", with: "\"\($0.name)\"") }
        // `v` stands for the column; functions that have the letter in their names are not used above but as whole words.
        let list = zip(Self.columns, texts).map { column, _ in
            "(SELECT \(column.text) FROM (SELECT \"\(column.name)\" AS v) AS x)"
        }
        let lines = try shop.sql(
            "SET TimeZone = 'UTC'; SELECT json_build_array(id::text, \(list.joined(separator: ", "))) FROM events ORDER BY id"
        ).split(separator: "\n")
        return try lines.map { try JSONDecoder().decode([String?].self, from: Data($0.utf8)) }
    }

    private static let names = ["id"] + columns.map(\.name)

    private func compare(_ read: [[String?]], _ expected: [[String?]]) throws {
        try #require(read.count == expected.count)
        for (row, wanted) in zip(read, expected) {
            for (index, column) in Self.names.enumerated() {
                let (value, text) = (row[index], wanted[index])
                if value == text { continue }
                let same: Bool
                switch column {
                // Other forms of the same: digits of a floating-point number, spaces of JSON.
                case "f4": same = value.flatMap(Float.init) == text.flatMap(Float.init)
                case "f8": same = value.flatMap(Double.init) == text.flatMap(Double.init)
                case "ai", "at", "j", "jb": same = squeezed(value) == squeezed(text)
                default: same = false
                }
                #expect(same, "row \(wanted[0] ?? ""), \(column): \(value ?? "NULL") is not \(text ?? "NULL")")
            }
        }
    }

    private func squeezed(_ json: String?) -> String? { json?.replacingOccurrences(of: " ", with: "") }

    @Test("CSV: every type and edge value reads back as PostgreSQL prints it, NULL and the empty string apart")
    func csv() throws {
        let shop = try shop(format: "csv")
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.errors.contains("column pt of type point is read as its text"))
        // Python's csv cannot tell NULL from an empty string, so DuckDB reads: everything as text.
        let read = try DuckDB.query(
            """
            SELECT \(Self.names.map { "\"\($0)\"" }.joined(separator: ", ")) FROM read_csv('\(shop.lake)/events/*.csv.zst',
                header = true, all_varchar = true, nullstr = '', allow_quoted_nulls = false, delim = ',', quote = '"',
                escape = '"', auto_detect = false, columns = {\(try csvColumns(shop))}) ORDER BY id::bigint
            """)
        try compare(read, expected(shop))
    }

    /// DuckDB's column list, in the file's order.
    private func csvColumns(_ shop: Shop) throws -> String {
        let header = try DuckDB.python(
            """
            import subprocess, sys
            print(subprocess.run(['zstd', '-dcq', sys.argv[1]], capture_output=True).stdout.split(b'\\n')[0].decode())
            """, arguments: [shop.lake + "/" + shop.files()[0]])
        return header.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",")
            .map { "'\($0)': 'VARCHAR'" }.joined(separator: ", ")
    }

    @Test("NDJSON: every type and edge value reads back as PostgreSQL prints it")
    func ndjson() throws {
        let shop = try shop(format: "ndjson")
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        // Python's json keeps each number's digits when told so; DuckDB reads the same files in the other tests.
        let text = try DuckDB.python(
            """
            import json, subprocess, sys
            class Raw(str): pass
            out = []
            text = subprocess.run(['zstd', '-dcq', sys.argv[1]], capture_output=True, check=True).stdout.decode()
            names = json.loads(sys.argv[2])
            for line in text.split('\\n')[:-1]:
                row = json.loads(line, parse_int=Raw, parse_float=Raw)
                def show(v):
                    if v is None: return None
                    if isinstance(v, bool): return 'true' if v else 'false'
                    if isinstance(v, Raw): return str(v)
                    if isinstance(v, str): return v
                    return None
                cells = []
                for n in names:
                    v = row.get(n)
                    if n in ('j', 'jb', 'ai', 'at') and v is not None:
                        # The document's own text, cut out of the line.
                        start = line.index('"%s":' % n) + len(n) + 3
                        value, end = json.JSONDecoder().raw_decode(line[start:])
                        cells.append(line[start:start + end])
                    else:
                        cells.append(show(v))
                out.append(cells)
            out.sort(key=lambda c: int(c[0]))
            print(json.dumps(out))
            """,
            arguments: [
                shop.lake + "/" + shop.files()[0],
                String(decoding: try JSONEncoder().encode(Self.names), as: UTF8.self),
            ])
        let read = try JSONDecoder().decode([[String?]].self, from: Data(text.utf8))
        try compare(read, expected(shop))
    }

    @Test("What no column can hold goes to _extra and is counted: infinities, NaN, years before 1")
    func misfits() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (id int PRIMARY KEY, at timestamptz, day date, n numeric, f float8);
                INSERT INTO events VALUES (1, 'infinity', '-infinity', 'NaN', 'NaN'), (2, '0044-03-15 BC', '0044-03-15 BC', 1, 1),
                    (3, '2026-01-01Z', '2026-01-01', 'Infinity', '-Infinity');
                """,
            dataset: "events: {table: public.events, key: id, partition_by: [{column: at, by: day}]}")
        let outcome = try shop.tidemark("run", "--json")
        #expect(outcome.status == 0, "\(outcome.all)")
        let rows = try DuckDB.query(
            """
            SELECT id, "at", day, n, f, _extra, at_day FROM read_json('\(shop.lake)/events/**/*.zst', format = 'newline_delimited',
                hive_partitioning = true, hive_types_autocast = false,
                columns = {id: 'VARCHAR', 'at': 'VARCHAR', day: 'VARCHAR', n: 'VARCHAR', f: 'VARCHAR', _extra: 'VARCHAR', at_day: 'VARCHAR'}) ORDER BY id
            """)
        // DuckDB reads Hive's default partition as NULL.
        #expect(shop.files().contains { $0.hasPrefix("events/at_day=__HIVE_DEFAULT_PARTITION__/") })
        #expect(
            rows[0] == ["1", nil, nil, nil, nil, #"{"/at":"infinity","/day":"-infinity","/n":"NaN","/f":"NaN"}"#, nil])
        #expect(
            rows[1] == ["2", nil, nil, "1", "1", #"{"/at":"0044-03-15 00:00:00+00 BC","/day":"0044-03-15 BC"}"#, nil])
        #expect(
            rows[2] == [
                "3", "2026-01-01T00:00:00.000000Z", "2026-01-01", nil, nil, #"{"/n":"Infinity","/f":"-Infinity"}"#,
                "2026-01-01",
            ])
        #expect(outcome.output.contains("\"pointer\" : \"/at\""))
    }

    private static let specials = """
        CREATE TABLE events (id int PRIMARY KEY, at timestamptz, day date, n numeric, d numeric(5, 2), f float8);
        INSERT INTO events VALUES (1, 'infinity', '-infinity', 'NaN', 'NaN', 'NaN'),
            (2, '0044-03-15 BC', '12026-01-01', '-Infinity', 1.25, '-Infinity'), (3, '2026-01-01Z', '2026-01-01', 1, 2.75, 3);
        """

    @Test(
        "special_values: string writes the text that PostgreSQL prints, and verify knows it",
        arguments: ["ndjson", "csv"])
    func specialStrings(format: String) throws {
        let shop = try Shop(
            table: Self.specials,
            dataset: """
                events: {table: public.events, key: [id, at, n], special_values: string, format: \(format),
                    partition_by: [{column: at, by: day}], compression: {codec: none}}
                """)
        let outcome = try shop.tidemark("run", "--json")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(!outcome.output.contains("misfits\" : 1"), "\(outcome.output)")
        let read =
            format == "ndjson"
            ? "read_json('\(shop.lake)/events/**/*.ndjson', format = 'newline_delimited', columns = {id: 'VARCHAR', 'at': 'VARCHAR', day: 'VARCHAR', n: 'VARCHAR', d: 'VARCHAR', f: 'VARCHAR'})"
            : "read_csv('\(shop.lake)/events/**/*.csv', all_varchar = true)"
        let rows = try DuckDB.query("SELECT id, \"at\", day, n, d, f FROM \(read) ORDER BY id")
        #expect(rows[0] == ["1", "infinity", "-infinity", "NaN", "NaN", "NaN"])
        #expect(rows[1] == ["2", "0044-03-15 00:00:00+00 BC", "12026-01-01", "-Infinity", "1.25", "-Infinity"])
        #expect(rows[2] == ["3", "2026-01-01T00:00:00.000000Z", "2026-01-01", "1", "2.75", "3"])
        let verified = try shop.tidemark("verify", "--full")
        #expect(verified.status == 0, "\(verified.all)")
    }

    @Test(
        "special_values: fail ends the run, and names dataset, column and value",
        arguments: [("at", "infinity"), ("d", "NaN")])
    func specialFailure(column: String, value: String) throws {
        let shop = try Shop(
            table: Self.specials,
            dataset: "events: {table: public.events, key: id, special_values: fail, columns: [id, \(column)]}")
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 2)
        #expect(
            outcome.errors.contains(
                "Cannot export the column \(column) of dataset events: a row has the value \(value) in it"),
            "\(outcome.all)")
        try shop.sql("DELETE FROM events WHERE id < 3")
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
    }

    @Test("A timestamp without zone is read in the zone that the pipeline names")
    func timestampZone() throws {
        let shop = try Shop(
            table: "CREATE TABLE events (id int, at timestamp); INSERT INTO events VALUES (1, '2026-07-01 00:30')",
            dataset:
                "events: {table: public.events, key: id, timestamp_zone: Europe/Berlin, partition_by: [{column: at, by: day}]}"
        )
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(shop.files().first?.hasPrefix("events/at_day=2026-06-30/") == true, "\(shop.files())")
        let rows = try DuckDB.query(
            "SELECT \"at\" FROM read_json('\(shop.lake)/events/**/*.zst', columns = {'at': 'VARCHAR'})")
        #expect(rows == [["2026-06-30T22:30:00.000000Z"]])
    }
}
