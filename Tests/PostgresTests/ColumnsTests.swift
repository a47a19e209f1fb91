import Postgres
import TestSupport
import Testing

@Suite("Column types")
struct ColumnsTests {
    /// A database of its own, since types and extensions cannot be temporary.
    private func prepared() throws -> Connection {
        let connection = try Connection(PostgresServer.shared.createDatabase().url, applicationName: "postgres-tests")
        try connection.execute(
            """
            CREATE EXTENSION citext;
            CREATE TYPE mood AS ENUM ('sad', 'ok');
            CREATE TYPE pair AS (a int, b text);
            CREATE DOMAIN price AS numeric(10,2);
            CREATE DOMAIN net_price AS price NOT NULL;
            CREATE DOMAIN tags AS text[];
            CREATE DOMAIN mail AS citext;
            """)
        return connection
    }

    private func types(_ columns: [ColumnInfo]) -> [String: PostgresType] {
        Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0.type) })
    }

    @Test("a table's columns come in order, without dropped ones, each with the type to decode")
    func ofTable() throws {
        let connection = try prepared()
        try connection.execute(
            """
            CREATE TABLE everything (
              a bool, gone int, b int2, c int4 NOT NULL, d int8, e oid, f float4, g float8, h numeric, i text, j varchar(10),
              k char(3), l name, m uuid, n json, o jsonb, p date, q time, r timetz, s timestamp(3), t timestamptz, u interval,
              v bytea, w inet, x cidr, y citext, z xml, aa mood, ab price, ac net_price, ad int[], ae text[][], af mood[], ag tags,
              ah price[], ai pair, aj int4range, ak int4range[], al "char", am money, an int2vector, ao mail, ap numeric(5,-2),
              aq numeric(7), ar tags[], "With ""quote" bit(3), at citext[], au point, av pg_lsn);
            ALTER TABLE everything DROP COLUMN gone;
            """)
        let oid = try #require(
            try connection.query("SELECT 'everything'::regclass::oid")[0, "oid"].flatMap { UInt32($0) })
        let columns = try connection.columns(ofTable: oid)
        #expect(columns.map(\.name).prefix(3) == ["a", "b", "c"])
        #expect(columns.filter(\.notNull).map(\.name) == ["c", "ac"])
        let expected: [String: PostgresType] = [
            "a": .bool, "b": .int2, "c": .int4, "d": .int8, "e": .oid, "f": .float4, "g": .float8, "h": .numeric,
            "i": .text,
            "j": .text, "k": .text, "l": .text, "m": .uuid, "n": .json, "o": .jsonb, "p": .date, "q": .time,
            "r": .timetz,
            "s": .timestamp, "t": .timestamptz, "u": .interval, "v": .bytea, "w": .inet, "x": .cidr, "y": .text,
            "z": .text,
            "aa": .text, "ab": .numeric, "ac": .numeric, "ad": .array(.int4), "ae": .array(.text), "af": .array(.text),
            "ag": .array(.text), "ah": .array(.numeric), "ai": .other("pair"), "aj": .other("int4range"),
            "ak": .other("int4range[]"), "al": .other("\"char\""), "am": .other("money"), "an": .other("int2vector"),
            "ao": .text, "ap": .numeric, "aq": .numeric, "ar": .array(.array(.text)), "With \"quote": .other("bit"),
            "at": .array(.text), "au": .other("point"), "av": .other("pg_lsn"),
        ]
        let found = types(columns)
        #expect(found.count == expected.count)
        for (name, type) in expected { #expect(found[name] == type, "\(name)") }
        let byName = Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0) })
        func numbers(_ name: String) -> [Int?] { [byName[name]?.precision, byName[name]?.scale] }
        #expect(numbers("h") == [nil, nil])
        #expect(numbers("ab") == [10, 2])
        #expect(numbers("ac") == [10, 2])
        if connection.serverVersion >= 150_000 { #expect(numbers("ap") == [5, -2]) }
        #expect(numbers("aq") == [7, 0])
        #expect(byName["j"]?.typeName == "character varying(10)")
        #expect(byName["ac"]?.typeName == "net_price")
        #expect(byName["s"]?.typeName == "timestamp(3) without time zone")
    }

    @Test("a table that does not exist has no columns")
    func noTable() throws {
        #expect(try connect().columns(ofTable: 4_000_000_000) == [])
    }

    @Test("a query's columns are known without running it")
    func ofQuery() throws {
        let connection = try prepared()
        let columns = try connection.columns(
            ofQuery:
                "SELECT 1 AS one, 1.5::numeric(4,1) AS n, NULL::mood[] AS moods, now() AS t, 1/0 AS never, NULL AS unknown"
        )
        #expect(columns.map(\.name) == ["one", "n", "moods", "t", "never", "unknown"])
        #expect(columns.map(\.type) == [.int4, .numeric, .array(.text), .timestamptz, .int4, .text])
        #expect(columns.map(\.typeName).prefix(3) == ["integer", "numeric(4,1)", "mood[]"])
        #expect(columns[1].precision == 4 && columns[1].scale == 1)
        #expect(errorOf { _ = try connection.columns(ofQuery: "SELECT nothing") }?.sqlState == "42703")
        #expect(try connection.columns(ofQuery: "SELECT 1").count == 1)
    }
}
