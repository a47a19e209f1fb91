import Foundation
import TestSupport
import Testing

@Suite("Every committed event exactly once")
struct WindowTests {
    @Test("A first run exports all, a second what is new, a third nothing")
    func increments() throws {
        let shop = try Shop()
        try shop.insert(1_000)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("1,000 rows"))
        #expect(try Set(shop.exportedIDs()) == Set(shop.tableIDs()))
        let before = shop.files()

        try shop.insert(10, from: 1_001)
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(Set(shop.files()).isSuperset(of: before), "files are never rewritten")

        let third = try shop.tidemark("run")
        #expect(third.status == 0)
        #expect(third.output.contains("nothing new"))
        #expect(try shop.exportedIDs().count == 1_010)
        #expect(try shop.files() == shop.committedFiles())
    }

    @Test(
        "A transaction that begins before a run and commits after it, with an old timestamp, is in the next run, once",
        arguments: [false, true])
    func lateCommit(savepoint: Bool) throws {
        let shop = try Shop()
        try shop.insert(100)
        let late = try Session(shop)
        try late.send("BEGIN; SELECT pg_current_xact_id();")
        if savepoint { try late.send("SAVEPOINT a;") }
        try late.send(
            "INSERT INTO events (event_type, occurred_at, payload) VALUES ('late', '2020-01-01Z', '{\"n\": 0}');")
        if savepoint {
            try late.send(
                "RELEASE a; SAVEPOINT b; INSERT INTO events (event_type, occurred_at) VALUES ('late', '2020-01-02Z');")
        }
        // Others commit meanwhile, with higher ids.
        try shop.insert(5, from: 500)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("oldest open transaction"), "the summary names what holds the horizon back")
        #expect(try !shop.exportedIDs().isEmpty)
        #expect(try shop.exportedIDs().count == 100, "rows behind an open transaction wait for it")

        try late.send("COMMIT;")
        try late.end()
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Rows that were rolled back never come, and a prepared transaction's come when it is committed")
    func rolledBackAndPrepared() throws {
        let shop = try Shop()
        try shop.sql("BEGIN; INSERT INTO events (event_type, occurred_at) VALUES ('no', now()); ROLLBACK;")
        try shop.sql(
            "BEGIN; INSERT INTO events (event_type, occurred_at) VALUES ('two-phase', now()); PREPARE TRANSACTION '\(shop.database.name)';"
        )
        try shop.insert(3)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("prepared transaction '\(shop.database.name)'"))
        #expect(try shop.exportedIDs().isEmpty)
        try shop.sql("COMMIT PREPARED '\(shop.database.name)'")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.exportedIDs().count == 4)
    }

    @Test("Partitions are leaves of their own: one attached later with old rows is read from its beginning")
    func attachedPartition() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id uuid NOT NULL DEFAULT gen_random_uuid(), event_type text,
                    occurred_at timestamptz NOT NULL, payload jsonb) PARTITION BY RANGE (occurred_at);
                CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-11-01Z') TO ('2026-11-02Z');
                CREATE TABLE events_2 (LIKE events INCLUDING ALL);
                INSERT INTO events_2 (event_type, occurred_at) SELECT 'old', '2026-11-02 01:00Z' FROM generate_series(1, 7);
                """)
        try shop.insert(20, days: 1)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().count == 20)
        try shop.sql("ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM ('2026-11-02Z') TO ('2026-11-03Z')")
        try shop.insert(20, from: 100, days: 2)
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }
}

/// A psql session that stays open, for transactions that take their time.
final class Session {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ shop: Shop) throws {
        process.executableURL = URL(fileURLWithPath: shop.server.programs + "/psql")
        process.arguments = ["-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", shop.database.url]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Sends statements and waits until they are done.
    func send(_ sql: String) throws {
        let mark = "done-\(UUID().uuidString)"
        try input.fileHandleForWriting.write(contentsOf: Data("\(sql)\n\\echo \(mark)\n".utf8))
        var seen = ""
        while !seen.contains(mark) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw DuckDB.Failure(description: "psql ended during: \(sql)") }
            seen += String(decoding: data, as: UTF8.self)
        }
    }

    /// Ends the session.
    func end() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
