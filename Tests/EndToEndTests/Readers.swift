import Foundation
import TestSupport

/// Somebody else's reader of what was written: DuckDB, from the tests' Python environment.
enum DuckDB {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Runs a query and gives its rows, each value as DuckDB prints it as text; nil is NULL.
    static func query(_ sql: String) throws -> [[String?]] {
        let script = """
            import duckdb, json, sys
            c = duckdb.connect(); c.execute("SET TimeZone = 'UTC'")
            rows = c.execute(sys.stdin.read()).fetchall()
            print(json.dumps([[None if v is None else v if isinstance(v, str) else str(v) for v in r] for r in rows]))
            """
        let text = try python(script, input: sql)
        return try JSONDecoder().decode([[String?]].self, from: Data(text.utf8))
    }

    /// Runs a Python script in the tests' environment.
    static func python(_ script: String, input: String = "", arguments: [String] = []) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try TestTools.path("python"))
        process.arguments = ["-c", script] + arguments
        let (stdin, stdout, stderr) = (Pipe(), TemporaryFile(), TemporaryFile())
        process.standardInput = stdin
        process.standardOutput = try stdout.open()
        process.standardError = try stderr.open()
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: try stderr.text()) }
        return try stdout.text()
    }
}
