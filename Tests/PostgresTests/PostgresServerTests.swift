import Foundation
import Postgres
import TestSupport
import Testing

/// The other tests rely on the throwaway server: what it promises is tested as well.
@Suite("The throwaway server")
struct PostgresServerTests {
    @Test("settings are taken, a stop stops it, a killed server comes back at the same address with its data")
    func lifeCycle() throws {
        let server = try PostgresServer(settings: ["max_prepared_transactions": "7", "wal_level": "logical"])
        let database = try server.createDatabase("life cycle")
        #expect(try server.sql("SHOW max_prepared_transactions; SHOW wal_level;", in: database) == "7\nlogical\n")
        try server.sql("CREATE TABLE t AS SELECT 1 AS a; CHECKPOINT;", in: database)
        let connection = try Connection(database.url, applicationName: "t")
        server.kill()
        #expect(errorOf { try connection.execute("SELECT 1") }?.isConnectionLost == true)
        try server.start()
        #expect(try server.sql("SELECT a FROM t", in: database) == "1\n")
        server.stop()
        #expect(errorOf { _ = try Connection(database.url, applicationName: "t") }?.isRetryable == true)
        try server.restart()
        #expect(try server.sql("SELECT a FROM t", in: database) == "1\n")
        #expect(try server.createDatabase("life cycle").name == "life cycle")
        #expect(throws: TestSupportError.self) { try server.sql("SELECT a FROM t", in: database) }
    }

    @Test("a server that is let go leaves no folder and no process")
    func letGo() throws {
        var server: PostgresServer? = try PostgresServer()
        let folder = try #require(server?.folder)
        let process = try #require(try server?.sql("SELECT pg_backend_pid()")).trimmingCharacters(in: .newlines)
        #expect(pid_t(process) != nil)
        server = nil
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test("a setting that the server refuses is an error with its words")
    func refusedSetting() {
        #expect {
            _ = try PostgresServer(settings: ["shared_buffers": "nonsense"])
        } throws: { error in
            "\(error)".contains("shared_buffers")
        }
    }
}
