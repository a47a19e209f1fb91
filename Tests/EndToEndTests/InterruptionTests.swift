import Foundation
import TestSupport
import Testing

@Suite("Kill it at any moment, run it again")
struct InterruptionTests {
    @Test(
        "After kill -9 at any moment the next run ends with every event once, and no other file",
        arguments: [0.15, 0.4, 0.7, 1.0, 1.4])
    func killed(after seconds: Double) throws {
        let shop = try Shop()
        try shop.insert(30_000)
        let running = try shop.start("run")
        Thread.sleep(forTimeInterval: seconds)
        running.signal(SIGKILL)
        let killed = try running.wait()
        let next = try shop.tidemark("run")
        #expect(next.status == 0, "\(killed.all)\n\(next.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(
            try shop.files() == shop.committedFiles(), "once a run has committed, so do all files under the dataset")
    }

    @Test(
        "SIGINT ends a run with 130 and SIGTERM with 143; the next run goes on",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func interrupted(signal: Int32, status: Int32) throws {
        let shop = try Shop()
        try shop.insert(60_000)
        let running = try shop.start("run")
        // Until the run is open: then there is something to go on with.
        while !FileManager.default.fileExists(atPath: shop.lake + "/_tidemark/run/0000000001/plan.json") {
            try #require(running.process.isRunning)
            Thread.sleep(forTimeInterval: 0.01)
        }
        running.signal(signal)
        let outcome = try running.wait()
        #expect(!outcome.wasKilled)
        #expect(outcome.status == status, "\(outcome.all)")
        #expect(outcome.errors.contains("goes on where it was"))
        let next = try shop.tidemark("run")
        #expect(next.status == 0, "\(next.all)")
        #expect(next.errors.contains("taken over"))
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.files() == shop.committedFiles())
    }

    @Test("A connection that breaks in the middle of a COPY costs a unit's work, not a row")
    func connectionLost() throws {
        let shop = try Shop()
        try shop.insert(60_000)
        let running = try shop.start("run")
        var cut = 0
        while running.process.isRunning, cut < 2 {
            let ended = try shop.sql(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE query LIKE 'COPY (SELECT%4294967295%' AND state = 'active' AND pid <> pg_backend_pid()
                """)
            if ended.trimmingCharacters(in: .whitespacesAndNewlines) != "0" { cut += 1 }
            Thread.sleep(forTimeInterval: 0.05)
        }
        let outcome = try running.wait()
        #expect(cut > 0, "the test must cut a connection to say anything")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.errors.contains("is read again"))
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.files() == shop.committedFiles())
    }

    @Test("While one run holds the pipeline another exits 4 and names the holder; with --wait it waits")
    func held() throws {
        let shop = try Shop()
        try shop.insert(60_000)
        let first = try shop.start("run")
        while !FileManager.default.fileExists(atPath: shop.lake + "/_tidemark/log/0000000001.json") {
            try #require(first.process.isRunning)
            Thread.sleep(forTimeInterval: 0.01)
        }
        first.signal(SIGSTOP)
        let second = try shop.tidemark("run")
        #expect(second.status == 4, "\(second.all)")
        #expect(second.errors.contains("process \(first.process.processIdentifier)"))
        let waiting = try shop.start("run", "--wait", "2m")
        first.signal(SIGCONT)
        #expect(try first.wait().status == 0)
        let waited = try waiting.wait()
        #expect(waited.status == 0, "\(waited.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("An open run can be given up by hand: its files vanish, what was committed stays, all events come once")
    func abandoned() throws {
        let shop = try Shop()
        try shop.insert(10)
        #expect(try shop.tidemark("run").status == 0)
        let committed = shop.files()
        #expect(try shop.tidemark("abandon").output.contains("no run is open"))
        try shop.insert(60_000, from: 100)
        let running = try shop.start("run")
        while shop.files() == committed, running.process.isRunning { Thread.sleep(forTimeInterval: 0.005) }
        running.signal(SIGSTOP)
        let refused = try shop.tidemark("abandon")
        #expect(refused.status == 4, "a run whose holder is alive is not given up: \(refused.all)")
        running.signal(SIGKILL)
        _ = try running.wait()
        let outcome = try shop.tidemark("abandon")
        #expect(outcome.status == 0 && outcome.output.contains("is abandoned"), "\(outcome.all)")
        #expect(shop.files() == committed)
        #expect(try shop.tidemark("status").output.contains("abandoned: by hand"))
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Changed settings do not go on with an open run: it is abandoned, its files vanish, all events come once")
    func changedSettings() throws {
        let shop = try Shop()
        try shop.insert(60_000)
        let running = try shop.start("run")
        while shop.files().isEmpty, running.process.isRunning { Thread.sleep(forTimeInterval: 0.005) }
        running.signal(SIGKILL)
        _ = try running.wait()
        try shop.write(pipeline: Shop.dataset, extra: "defaults: {compression: {level: 5}}")
        let next = try shop.tidemark("run")
        #expect(next.status == 0, "\(next.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.files() == shop.committedFiles())
    }
}
