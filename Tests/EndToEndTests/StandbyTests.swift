import Foundation
import TestSupport
import Testing

@Suite("Exports from a standby", .serialized)
struct StandbyTests {
    /// A shop on a primary, and its standby.
    private struct Pair {
        let small: SmallShop
        let standby: PostgresServer
        var shop: Shop { small.shop }
        var primary: PostgresServer { shop.server }

        init(rows: Int = 300, standby settings: [String: String] = [:]) throws {
            small = try SmallShop(rows: rows)
            standby = try PostgresServer.standby(of: small.shop.server, settings: settings)
            try standby.waitForReplay(of: small.shop.server)
        }

        /// The url of the shop's database on the standby.
        var onStandby: [String: String] { ["SHOP_DATABASE_URL": standby.database(shop.database.name).url] }

        /// A url of both servers: sessions go to the first that answers.
        func url(first: PostgresServer, second: PostgresServer, attributes: String = "any") -> [String: String] {
            let hosts = "host=\(first.folder),\(second.folder)&port=\(first.port),\(second.port)"
            return [
                "SHOP_DATABASE_URL":
                    "postgresql:///\(shop.database.name)?\(hosts)&user=postgres&target_session_attrs=\(attributes)"
            ]
        }
    }

    @Test("Every event that the primary commits comes once, behind savepoints, long and prepared transactions")
    func whileThePrimaryWrites() throws {
        let pair = try Pair()
        let lake = pair.small.lake()
        #expect(try pair.small.tidemark("run", to: lake, pair.onStandby).status == 0)
        let long = try Session(pair.shop)
        try long.send("BEGIN; INSERT INTO orders (payload) VALUES ('{}'); SAVEPOINT a;")
        try long.send("INSERT INTO orders (payload) VALUES ('{}'); RELEASE a; SAVEPOINT b;")
        try pair.shop.sql("BEGIN; INSERT INTO orders (payload) VALUES ('{}'); PREPARE TRANSACTION 'two-phase';")
        for _ in 1...5 {
            try pair.small.insert(10)
            try pair.shop.sql(
                """
                BEGIN; SAVEPOINT a; INSERT INTO orders (payload) VALUES ('{}'); ROLLBACK TO a;
                INSERT INTO orders (payload) VALUES ('{}'); SAVEPOINT b; INSERT INTO orders (payload) VALUES ('{}'); COMMIT;
                """)
            try pair.standby.waitForReplay(of: pair.primary)
            let run = try pair.small.tidemark("run", to: lake, pair.onStandby)
            #expect(run.status == 0, "\(run.all)")
        }
        try long.send("INSERT INTO orders (payload) VALUES ('{}'); COMMIT;")
        try long.end()
        try pair.standby.waitForReplay(of: pair.primary)
        #expect(try pair.small.tidemark("run", to: lake, pair.onStandby).status == 0)
        let held = try #require(try SmallShop.contents(of: [lake]).first?.ids["orders"])
        // Of the long transaction two rows are older than the prepared one; the third has a later subtransaction's id.
        #expect(held.count == 302 && Set(held).count == 302, "a prepared transaction holds back what is newer")
        try pair.shop.sql("COMMIT PREPARED 'two-phase'")
        try pair.standby.waitForReplay(of: pair.primary)
        #expect(try pair.small.tidemark("run", to: lake, pair.onStandby).status == 0)
        try pair.small.expectWhole([(lake, "runs on a standby")])
    }

    @Test("A unit that the standby cancels, since it stands in the way of replay, is read again")
    func conflictWithRecovery() throws {
        let pair = try Pair(
            rows: 150_000, standby: ["max_standby_streaming_delay": "0", "hot_standby_feedback": "off"])
        let lake = pair.small.lake()
        // Dead rows for VACUUM to remove while a COPY of the standby may still see them.
        try pair.shop.sql("CREATE TABLE junk AS SELECT n FROM generate_series(1, 1000) n")
        let run = try pair.small.start("run", to: lake, pair.onStandby)
        while run.process.isRunning, !run.errorsSoFar().contains("is read again") {
            let copies = try pair.standby.sql(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY (SELECT%4294967295%'")
            if copies.isEmpty { continue }
            try pair.shop.sql(
                "DELETE FROM junk; INSERT INTO junk SELECT n FROM generate_series(1, 1000) n; VACUUM junk")
        }
        let outcome = try run.wait(atMost: 120)
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.errors.contains("is read again") && outcome.errors.contains("40001"), "\(outcome.all)")
        try pair.standby.waitForReplay(of: pair.primary)
        #expect(try pair.small.tidemark("run", to: lake, pair.onStandby).status == 0)
        try pair.small.expectWhole([(lake, "conflicts with recovery")])
    }

    @Test(
        "A unit that lands on a standby which lags waits, or connects again, until the whole window is there",
        .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
    func lagging() throws {
        let pair = try Pair()
        let lake = pair.small.lake()
        let url = pair.url(first: pair.primary, second: pair.standby)
        #expect(try pair.small.tidemark("run", to: lake, url).status == 0)
        try pair.standby.sql("SELECT pg_wal_replay_pause()")
        try pair.small.insert(200)
        // Planned on the primary; then nobody finds its socket any more, so that the workers' sessions go to the standby.
        let run = try pair.small.start("run", to: lake, url.merging(FaultHook.pause(after: 2)) { $1 })
        defer { if run.process.isRunning { run.signal(SIGKILL) } }
        try #require(try run.waitUntilStopped())
        let socket = "\(pair.primary.folder)/.s.PGSQL.\(pair.primary.port)"
        try FileManager.default.moveItem(atPath: socket, toPath: socket + ".away")
        run.signal(SIGCONT)
        let deadline = Date(timeIntervalSinceNow: 30)
        while !run.errorsSoFar().contains("is read again") {
            try #require(run.process.isRunning && Date() < deadline, "\(run.errorsSoFar())")
            usleep(20_000)
        }
        try pair.standby.sql("SELECT pg_wal_replay_resume()")
        let outcome = try run.wait(atMost: 60)
        #expect(outcome.status == 0, "\(outcome.all)")
        try FileManager.default.moveItem(atPath: socket + ".away", toPath: socket)
        try pair.small.expectWhole([(lake, "units on a standby that lagged")])
    }

    @Test("A standby that has become the primary stops the run at once: rows that it never got may be in the lake")
    func failover() throws {
        let pair = try Pair()
        let lake = pair.small.lake()
        // Much to write for the checkpoint that follows the promotion, which takes its time.
        try pair.small.insert(100_000)
        try pair.standby.waitForReplay(of: pair.primary)
        #expect(try pair.small.tidemark("run", to: lake).status == 0)
        pair.primary.stop()
        try pair.standby.promote()
        let outcome = try pair.small.tidemark("run", to: lake, pair.onStandby)
        #expect(outcome.status == 1 && outcome.errors.contains("timeline"), "\(outcome.all)")
        try pair.standby.sql("CHECKPOINT")
        let later = try pair.small.tidemark("run", to: lake, pair.onStandby)
        #expect(later.status == 1 && later.errors.contains("timeline"), "\(later.all)")
    }
}
