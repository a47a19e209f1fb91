import Foundation
import TestSupport
import Testing

@Suite("What a source does to an export")
struct SourceTrialsTests {
    @Test("SELECT on the parent alone is not enough for a partition, and the error says what to grant")
    func leafPrivileges() throws {
        let shop = try Shop(table: BackfillTests.partitioned)
        try shop.insert(10, days: 2)
        try shop.sql("CREATE ROLE reader LOGIN; GRANT SELECT ON events, events_1 TO reader")
        let reader = [
            "SHOP_DATABASE_URL": shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=reader")
        ]
        let refused = try shop.tidemark("run", environment: reader)
        #expect(refused.status == 1 && refused.errors.contains("events_2"), "\(refused.all)")
        #expect(refused.errors.contains("GRANT SELECT"), "\(refused.all)")
        try shop.sql("GRANT SELECT ON events_2 TO reader")
        let granted = try shop.tidemark("run", environment: reader)
        #expect(granted.status == 0, "\(granted.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("A policy on the parent hides rows of its partitions from some: the run is refused")
    func policyOnParent() throws {
        let shop = try Shop(table: BackfillTests.partitioned)
        try shop.insert(10, days: 2)
        try shop.sql(
            """
            CREATE ROLE reader LOGIN; GRANT SELECT ON events, events_1, events_2 TO reader;
            ALTER TABLE events ENABLE ROW LEVEL SECURITY; CREATE POLICY paid ON events USING (event_type = 'order_paid')
            """)
        let refused = try shop.tidemark(
            "run",
            environment: [
                "SHOP_DATABASE_URL": shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=reader")
            ])
        #expect(refused.status == 1 && refused.errors.contains("row-level security"), "\(refused.all)")
        #expect(shop.files().isEmpty)
    }

    @Test("Tables that inherit are leaves like partitions, and the parent's own rows one more")
    func inheritance() throws {
        let shop = try Shop()
        try shop.sql("CREATE TABLE events_child () INHERITS (events)")
        try shop.insert(10)
        try shop.sql(
            "INSERT INTO events_child (event_type, occurred_at) SELECT 'child', '2026-11-01Z' FROM generate_series(1, 5)"
        )
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().count == 15)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("A partition that is detached, written to and attached again loses nothing and repeats nothing")
    func detachedAndAttached() throws {
        let shop = try Shop(table: BackfillTests.partitioned)
        try shop.insert(10, days: 2)
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql("ALTER TABLE events DETACH PARTITION events_1")
        try shop.sql(
            "INSERT INTO events_1 (event_type, occurred_at) SELECT 'x', '2026-11-01 05:00Z' FROM generate_series(1, 3)")
        try shop.sql("INSERT INTO events (event_type, occurred_at) VALUES ('y', '2026-11-02Z')")
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql(
            "ALTER TABLE events ATTACH PARTITION events_1 FOR VALUES FROM ('2026-11-01Z') TO ('2026-11-02Z')")
        try shop.sql("INSERT INTO events (event_type, occurred_at) VALUES ('z', '2026-11-02Z')")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().count == 15)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test(
        "Rows that a crash of the server takes back, with synchronous_commit off, were not exported, and their ids lose nothing"
    )
    func asynchronousCommit() throws {
        let server = try PostgresServer(
            settings: [
                "synchronous_commit": "off", "wal_writer_delay": "10s", "autovacuum": "off", "bgwriter_delay": "10s",
            ])
        let shop = try Shop(server: server)
        try shop.insert(50)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        let exported = Set(try shop.exportedIDs())
        #expect(exported.count == 50)
        // Not flushed by anybody: these are taken back.
        try shop.insert(20, from: 100)
        server.kill()
        try server.start()
        let kept = Set(try shop.tableIDs())
        #expect(exported.isSubset(of: kept), "what was exported is in the table after the crash")
        #expect(kept.count == 50, "the test says something only if the crash took rows back")
        try shop.insert(30, from: 200)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Another database's writer holds the window back and is named; a reader that stays open does not")
    func otherDatabase() throws {
        let shop = try Shop()
        let other = try Shop(server: shop.server)
        let reader = try Session(shop)
        try reader.send("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM events;")
        try shop.insert(5)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().count == 5)
        let writer = try Session(other)
        try writer.send("BEGIN; INSERT INTO events (event_type, occurred_at) VALUES ('other', now());")
        try shop.insert(5, from: 10)
        let held = try shop.tidemark("run")
        #expect(held.status == 0 && held.output.contains("database \(other.database.name)"), "\(held.all)")
        #expect(try shop.exportedIDs().count == 5)
        #expect(try shop.tidemark("status").output.contains("held back by"))
        try writer.send("COMMIT;")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().count == 10)
        try writer.end()
        try reader.end()
    }

    /// What is done to the table between two units of a run.
    enum Change: String, CaseIterable {
        case vacuumFull = "VACUUM FULL events"
        case swap = "ALTER TABLE events RENAME TO events_old; CREATE TABLE events (LIKE events_old INCLUDING ALL)"
    }

    @Test(
        "A table that is rewritten or swapped between two units makes the run begin anew, not export half of each",
        .enabled(if: FaultHook.isBuiltIn, FaultHook.reason), arguments: Change.allCases)
    func changedBetweenUnits(change: Change) throws {
        let shop = try Shop()
        try shop.write(pipeline: Shop.dataset, extra: "workers: 1\nunit_size: 1MiB")
        try shop.sql(
            """
            INSERT INTO events (event_type, occurred_at, payload) SELECT 'x', '2026-11-01Z', jsonb_build_object('x', repeat('y', 900))
            FROM generate_series(1, 4000) n
            """)
        let run = try Tidemark.start(
            ["run", shop.pipeline],
            shop.environment.merging(FaultHook.pause(at: 2, of: "/unit/")) { $1 })
        #expect(try run.waitUntilStopped())
        for statement in change.rawValue.components(separatedBy: "; ") { try shop.sql(statement) }
        run.signal(SIGCONT)
        let outcome = try run.wait()
        #expect(outcome.status == 1 && outcome.errors.contains("is given up"), "\(outcome.all)")
        #expect(shop.files().isEmpty, "nothing of the run is left")
        let next = try shop.tidemark("run")
        #expect(next.status == 0, "\(next.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test(
        "A leaf that is dropped while a run is open: what was finished of it stays, else the run is given up and says so",
        .enabled(if: FaultHook.isBuiltIn, FaultHook.reason), arguments: [true, false])
    func droppedLeaf(finished: Bool) throws {
        let shop = try Shop(table: BackfillTests.partitioned)
        try shop.insert(40, days: 2)
        try shop.write(pipeline: Shop.dataset, extra: "workers: 1")
        let dead = try Tidemark.run(
            ["run", shop.pipeline],
            shop.environment.merging(["TIDEMARK_TEST_CRASH_AT": finished ? "1:/done/" : "1:/plan.json"]) { $1 })
        #expect(dead.wasKilled, "\(dead.all)")
        let before = Set(try shop.tableIDs())
        try shop.sql("DROP TABLE events_1")
        let next = try shop.tidemark("run")
        if finished {
            #expect(next.status == 0, "\(next.all)")
            #expect(try Set(shop.exportedIDs()) == before, "its rows were committed before it was dropped")
        } else {
            #expect(next.status == 1 && next.errors.contains("is given up"), "\(next.all)")
            #expect(next.errors.contains("events_1"))
            #expect(try shop.tidemark("run").status == 0)
            #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        }
    }
}
