import Foundation

/// Warehouses that tests can have: they run a load script as it was printed, then a query.
public enum LoadTargets {
    /// Runs a script in a DuckDB that is gone afterwards.
    ///
    /// - Parameters:
    ///   - script: the statements.
    ///   - query: what is asked then.
    /// - Returns: the rows, each value as text; nil is NULL.
    public static func duckdb(_ script: String, query: String) throws -> [[String?]] {
        try python(
            """
            import duckdb, json, sys
            script, query = json.load(open(sys.argv[1]))
            c = duckdb.connect(); c.execute("SET TimeZone = 'UTC'")
            c.execute(script)
            rows = c.execute(query).fetchall()
            print(json.dumps([[None if v is None else v if isinstance(v, str) else str(v) for v in r] for r in rows]))
            """, script, query)
    }

    /// Runs a script in a ClickHouse (chDB) that is gone afterwards.
    ///
    /// - Parameter environment: what it finds in its environment besides.
    public static func clickhouse(
        _ script: String, query: String, environment: [String: String] = [:]
    ) throws -> [[String?]] {
        try python(
            """
            import json, sys
            from chdb import session
            script, query = json.load(open(sys.argv[1]))
            s = session.Session()
            s.query(script)
            text = str(s.query(query + ' SETTINGS output_format_json_quote_64bit_integers = 1', 'JSONCompactEachRow'))
            rows = [json.loads(line) for line in text.split('\\n') if line]
            print(json.dumps([[None if v is None else v if isinstance(v, str) else str(v) for v in r] for r in rows]))
            """, script, query, environment)
    }

    /// Runs a script with psql.
    public static func postgres(
        _ script: String, query: String, server: PostgresServer, database: PostgresServer.Database
    ) throws -> [[String?]] {
        try server.sql(script, in: database)
        let lines = try server.sql(
            "SET TimeZone = 'UTC'; SELECT row_to_json(q)::text FROM (\(query)) q", in: database)
        return try python(
            """
            import json, sys
            class Raw(str): pass
            script, query = json.load(open(sys.argv[1]))
            rows = [json.loads(line, parse_int=Raw, parse_float=Raw) for line in script.split('\\n') if line]
            print(json.dumps([[None if v is None else v if isinstance(v, str) else json.dumps(v) for v in r.values()] for r in rows]))
            """, lines, "")
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it printed.
    /// - Throws: what it said, unless its exit code is 0.
    @discardableResult
    public static func run(_ arguments: [String]) throws -> String { try PostgresServer.Command(arguments).checked() }

    private static func python(
        _ program: String, _ script: String, _ query: String, _ environment: [String: String] = [:]
    ) throws -> [[String?]] {
        let folder = try TemporaryFolder()
        try folder.write(JSONEncoder().encode([script, query]), to: "input.json")
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let text = try run(
            ["/usr/bin/env"] + variables + [try TestTools.path("python"), "-c", program, folder.path("input.json")])
        return try JSONDecoder().decode([[String?]].self, from: Data(text.utf8))
    }
}
