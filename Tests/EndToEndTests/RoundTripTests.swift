import Foundation
import TestSupport
import Testing

@Suite("Every value comes back from the files as it was in the table, whoever reads them")
struct RoundTripTests {
    @Test("Python's csv and json modules", arguments: ["python"])
    func python(reader: String) throws {
        let differences = try RoundTrip.shared.get().differences(reader)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test(
        "Python rebuilds each of the documents from their columns and _extra, keys and digits exact",
        arguments: ["flat"])
    func documents(reader: String) throws {
        let differences = try RoundTrip.shared.get().differences(reader)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("verify --full, which finds the same keys in files of every form")
    func verify() throws {
        let outcome = try RoundTrip.shared.get().shop.tidemark("verify", "--full")
        #expect(outcome.status == 0, "\(outcome.all)")
    }

    @Test("DuckDB and ClickHouse, from the compressed files", arguments: ["duckdb", "chdb"])
    func databases(reader: String) throws {
        let differences = try RoundTrip.shared.get().differences(reader)
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test(
        "PostgreSQL's COPY FROM, into a table of the source's types",
        arguments: RoundTrip.outputs.map(\.name).filter { !$0.hasPrefix("flat") })
    func postgres(name: String) throws {
        let output = try #require(RoundTrip.outputs.first { $0.name == name })
        let differences = try RoundTrip.shared.get().differences(inPostgres: output)
        #expect(differences.isEmpty, "\(differences)")
    }

    // MARK: - What users of other tools complain of, each tried on the same files

    /// A file as DuckDB reads it, with columns of the types that are named and all others as text.
    private func file(_ name: String, _ types: [String: String] = [:]) throws -> String {
        let trip = try RoundTrip.shared.get()
        let output = try #require(RoundTrip.outputs.first { $0.name == name })
        let columns = RoundTrip.columns.map { "'\($0.name)': '\(types[$0.name] ?? "VARCHAR")'" }.joined(separator: ", ")
        if output.format == "ndjson" {
            return
                "read_json('\(trip.shop.lake)/\(name)/*', format = 'newline_delimited', maximum_object_size = 64000000, columns = {\(columns)})"
        }
        return """
            read_csv('\(trip.shop.lake)/\(name)/*', header = \(output.header), delim = '\(output.delimiter)', quote = '"', escape = '"',
                nullstr = '\(output.null)', allow_quoted_nulls = false, auto_detect = false, max_line_size = 16000000, columns = {\(columns)})
            """
    }

    private func compare(_ query: String, in names: [String], _ types: [String: String] = [:]) throws {
        let wanted = try RoundTrip.shared.get().shop.sql(query.replacingOccurrences(of: "FILE", with: "things"))
            .split(separator: "\n").map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
        #expect(!wanted.isEmpty)
        for name in names {
            let found = try DuckDB.query(query.replacingOccurrences(of: "FILE", with: try file(name, types)))
            #expect(found.map { $0.map { $0 ?? "" } } == wanted, "\(name)")
        }
    }

    @Test(
        "Airbyte #12057: a bigint is never in scientific notation", arguments: ["postgres", "tabs", "lines", "strings"])
    func scientificNotation(name: String) throws {
        let found = try DuckDB.query("SELECT count(*) FROM \(try file(name)) WHERE i8 NOT SIMILAR TO '-?[0-9]+'")
        #expect(found == [["0"]])
    }

    @Test("pgstream #686: 1234567890123456789 stays so, and so do 2^53 + 1 and both ends of bigint")
    func largeIntegers() throws {
        try compare(
            "SELECT i8::text, count(*) FROM FILE WHERE i8 IS NOT NULL GROUP BY i8 ORDER BY i8::bigint",
            in: ["postgres", "bigquery", "lines", "strings"], ["i8": "BIGINT"])
    }

    @Test("duckdb-postgres #13: numeric does not become double")
    func numericDigits() throws {
        try compare(
            "SELECT num::text, count(*) FROM FILE WHERE num IS NOT NULL GROUP BY 1 ORDER BY md5(num::text)",
            in: ["postgres", "redshift", "quoted", "strings"])
    }

    @Test("datafusion-table-providers #719: numbers are not rounded to the first row's scale")
    func scales() throws {
        try compare(
            "SELECT dec::text FROM FILE WHERE dec::text <> 'NaN' GROUP BY 1 ORDER BY 1",
            in: ["postgres", "snowflake", "strings"])
        try compare(
            "SELECT sum(dec::decimal(38, 4))::text FROM FILE WHERE dec::text <> 'NaN'", in: ["tabs", "strings"])
    }

    @Test("OLake #984: a large JSONB does not become NULL")
    func largeDocuments() throws {
        try compare(
            "SELECT count(*) FROM FILE WHERE length(doc::text) > 1000000",
            in: ["postgres", "snowflake", "lines", "sparse"])
    }

    @Test("dlt #1303: an array stays one value in one row")
    func arrays() throws {
        try compare("SELECT count(*), count(DISTINCT id) FROM FILE", in: ["duckdb", "lines"])
        try compare(
            "SELECT count(*) FROM FILE WHERE doc::text LIKE '[%'", in: ["duckdb", "lines"])
    }

    @Test("Sling #461: a document is JSON in NDJSON, not a string with escapes")
    func realJSON() throws {
        let trip = try RoundTrip.shared.get()
        let kinds = try DuckDB.python(
            """
            import json, sys
            kinds = {}
            for line in open(sys.argv[1]):
                row = json.loads(line)
                kinds[row['id']] = type(row['doc']).__name__
            print([sum(k == name for k in kinds.values()) for name in ('dict', 'list', 'str')])
            """, arguments: [trip.shop.folder + "/plain/lines.ndjson"])
        let wanted = try trip.shop.sql(
            """
            SELECT format('[%s, %s, %s]', count(*) FILTER (WHERE jsonb_typeof(doc) = 'object'),
                count(*) FILTER (WHERE jsonb_typeof(doc) = 'array'), count(*) FILTER (WHERE jsonb_typeof(doc) = 'string')) FROM things
            """)
        #expect(
            kinds.trimmingCharacters(in: .whitespacesAndNewlines)
                == wanted.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(!wanted.hasPrefix("[0"))
    }

    @Test("Sling #306: each record has as many fields as the header", arguments: ["postgres", "quoted", "bigquery"])
    func fieldCounts(name: String) throws {
        let trip = try RoundTrip.shared.get()
        let output = try #require(RoundTrip.outputs.first { $0.name == name })
        let counts = try DuckDB.python(
            """
            import csv, sys
            csv.field_size_limit(1 << 30)
            print(sorted({len(r) for r in csv.reader(open(sys.argv[1], newline=''), delimiter=sys.argv[2], strict=True)}))
            """, arguments: ["\(trip.shop.folder)/plain/\(name).csv", output.delimiter])
        #expect(counts == "[\(RoundTrip.columns.count + 1)]\n")
    }

    @Test("NULL and the empty string stay apart, in each preset and in NDJSON")
    func nulls() throws {
        try compare(
            "SELECT count(*), count(t), sum(CASE WHEN t = '' THEN 1 ELSE 0 END), sum(CASE WHEN t IN ('NULL', '\\N', 'null') THEN 1 ELSE 0 END) FROM FILE",

            in: [
                "postgres", "duckdb", "snowflake", "redshift", "bigquery", "quoted", "tabs", "lines", "sparse",
                "strings",
            ])
    }

    @Test("Without settings of ours DuckDB finds out the rest by itself from NDJSON")
    func sniffed() throws {
        let trip = try RoundTrip.shared.get()
        let found = try DuckDB.query(
            "SELECT count(*), count(i8), max(i8), min(i8), count(doc_user) FROM (SELECT id, i8, doc AS doc_user FROM read_json('\(trip.shop.lake)/lines/*', maximum_object_size = 64000000, columns = {id: 'BIGINT', i8: 'BIGINT', doc: 'JSON'}))"
        )
        let wanted = try trip.shop.sql(
            "SELECT count(*), count(i8), max(i8), min(i8), count(NULLIF(doc, 'null')) FROM things"
        ).trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "|").map(String.init)
        #expect(found.first?.compactMap { $0 } == wanted)
    }

    @Test("A row of one column that is NULL is no empty line, which readers skip: _extra stands beside it")
    func singleColumn() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (id int, t text);
                INSERT INTO events VALUES (1, 'a'), (2, NULL), (3, ''), (4, '\\.'), (5, '\\N'), (6, NULL);
                """,
            dataset: """
                events: {table: public.events, key: id, format: csv, columns: [t], compression: {codec: none}}
                """)
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        let file = "\(shop.lake)/events/000001-0001-0001.csv"
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "t,_extra\na,\n,\n\"\",\n\"\\.\",\n\\N,\n,\n")
        let back = try shop.sql(
            """
            CREATE TEMP TABLE back (t text, _extra json);
            \\copy back FROM '\(file)' WITH (FORMAT csv, HEADER)
            SELECT count(*), count(t), count(*) FILTER (WHERE t = ''), count(*) FILTER (WHERE t IN ('\\.', '\\N')) FROM back
            """)
        #expect(back == "6|4|1|2\n")
    }
}
