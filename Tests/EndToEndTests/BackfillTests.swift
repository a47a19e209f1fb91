import Foundation
import TestSupport
import Testing

@Suite("A backfill writes output partitions anew, beside the nightly runs")
struct BackfillTests {
    @Test("Each day is a run of its own; the old files go, the new ones come, every row stays once")
    func days() throws {
        let shop = try Shop()
        try shop.insert(300, days: 5)
        #expect(try shop.tidemark("run").status == 0)
        let old = try shop.liveFiles()
        // Rows above the watermark are the next export's, not the backfill's.
        try shop.insert(10, from: 1_000, days: 5)
        let outcome = try shop.tidemark("backfill", "--from", "2026-11-02", "--to", "2026-11-04")
        #expect(outcome.status == 0, "\(outcome.all)")
        let live = try shop.liveFiles()
        #expect(live.count == 5)
        #expect(Set(live).intersection(old).count == 3, "the other days' files are untouched")
        #expect(try shop.liveIDs().count == 300)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(Set(shop.files()).isSuperset(of: old), "what was replaced stays for the grace")
        let kinds = try shop.tidemark("status").output.components(separatedBy: "backfill").count - 1
        #expect(kinds == 2)
        let before = try shop.tidemark("status", "--runs", "0").output
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try shop.tidemark("backfill", "--from", "2026-11-02", "--to", "2026-11-03").status == 0)
        let after = try shop.tidemark("status", "--runs", "0").output
        func upTo(_ text: String) -> String? { text.firstMatch(of: /\d{4}-\d\d-\d\dT\S+/).map { String($0.output) } }
        #expect(upTo(before) != nil && upTo(before) == upTo(after), "a backfill brings nothing new")
    }

    @Test("Replaced files are deleted by the next command once the grace is over")
    func grace() throws {
        let shop = try Shop()
        try shop.insert(30)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-12-01").status == 0)
        #expect(shop.files().count == 6)
        try shop.write(pipeline: Shop.dataset, destination: "{url: \"file:\(shop.lake)\", grace: 0}")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.files() == shop.liveFiles())
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Fewer rows than before are refused unless they are allowed, and the present files stay")
    func fewer() throws {
        let shop = try Shop()
        try shop.insert(30)
        #expect(try shop.tidemark("run").status == 0)
        let old = try shop.liveFiles()
        try shop.sql("DELETE FROM events WHERE payload->>'n' = '3'")
        let refused = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-12-01")
        #expect(refused.status == 1 && refused.errors.contains("--allow-fewer"), "\(refused.all)")
        #expect(try shop.liveFiles() == old && shop.files() == old)
        let allowed = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-12-01", "--allow-fewer")
        #expect(allowed.status == 0, "\(allowed.all)")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Files of a partition that the source has dropped are not removed by accident")
    func droppedLeaf() throws {
        let shop = try Shop(table: Self.partitioned)
        try shop.insert(40, days: 2)
        #expect(try shop.tidemark("run").status == 0)
        let all = try shop.liveIDs().sorted()
        try shop.sql("DROP TABLE events_1")
        let refused = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-03")
        #expect(refused.status == 1 && refused.errors.contains("public.events_1"), "\(refused.all)")
        #expect(try shop.liveIDs().sorted() == all)
        let kept = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-03", "--keep-old")
        #expect(kept.status == 0, "\(kept.all)")
        #expect(try shop.liveIDs().sorted() == all)
    }

    @Test("A layout that was changed is no hindrance: old files are found by what they hold")
    func otherLayout() throws {
        let shop = try Shop()
        try shop.write(
            pipeline: Shop.dataset.replacingOccurrences(of: "by: day, as: event_date", with: "by: month, as: month"))
        try shop.insert(90, days: 40)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveFiles().count == 2)
        try shop.write(pipeline: Shop.dataset)
        let outcome = try shop.tidemark("backfill", "--from", "2026-11-10", "--to", "2026-11-11")
        #expect(outcome.status == 0, "\(outcome.all)")
        let live = try shop.liveFiles()
        #expect(live.filter { $0.contains("event_date=2026-11-") }.count == 30, "all days that the old file held")
        #expect(live.filter { $0.contains("month=2026-12") }.count == 1)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("After kill -9 the same command goes on where it was; exports run beside it")
    func killed() throws {
        let shop = try Shop()
        try shop.insert(20_000, days: 20)
        #expect(try shop.tidemark("run").status == 0)
        let running = try shop.start("backfill", "--from", "2026-11-01", "--to", "2026-12-01")
        // Until a few days are done.
        while try shop.log().filter({ $0.contains("\"backfill\":{") }).count < 4 {
            try #require(running.process.isRunning)
            Thread.sleep(forTimeInterval: 0.005)
        }
        try shop.insert(10, from: 50_000)
        running.signal(SIGSTOP)
        let beside = try shop.tidemark("run")
        #expect(beside.status == 0, "an export does not wait for a backfill: \(beside.all)")
        let second = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-12-01")
        #expect(second.status == 4, "two backfills do: \(second.all)")
        running.signal(SIGKILL)
        _ = try running.wait()
        let before = try shop.log().count
        let again = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-12-01")
        #expect(again.status == 0, "\(again.all)")
        #expect(try shop.log().count - before < 2 * 20, "days that were done are not done again")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.liveFiles().filter { $0.contains("/000001-") }.isEmpty, "all days were written anew")
        let fresh = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-02")
        #expect(fresh.status == 0 && fresh.output.contains("in place of"), "\(fresh.all)")
    }

    @Test(
        "A backfill that was planned before its table was exported anew writes nothing twice",
        .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
    func besideReExport() throws {
        let shop = try Shop()
        try shop.insert(30)
        try shop.write(pipeline: Shop.dataset + "\n    initial: none")
        #expect(try shop.tidemark("run").status == 0)
        try shop.insert(3, from: 100)
        #expect(try shop.tidemark("run").status == 0)
        // It only adds: what it writes was never exported.
        let backfill = try Tidemark.start(
            ["backfill", "--from", "2026-11-01", "--to", "2026-11-02", shop.pipeline],
            shop.environment.merging(FaultHook.pause(at: 2, of: "put _tidemark/log/")) { $1 })
        #expect(try backfill.waitUntilStopped())
        let anew = try shop.tidemark("run", "--re-export", "events")
        #expect(anew.status == 0, "\(anew.all)")
        backfill.signal(SIGCONT)
        let outcome = try backfill.wait()
        #expect(outcome.status == 1 && outcome.errors.contains("meanwhile"), "\(outcome.all)")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.files().filter { $0.contains("/000005-") }.isEmpty, "what it wrote is deleted")
    }

    @Test("What the first load left out and a backfill brought is neither missing nor extra")
    func verified() throws {
        let shop = try Shop()
        try shop.insert(30)
        try shop.write(pipeline: Shop.dataset + "\n    initial: none")
        #expect(try shop.tidemark("run").status == 0)
        try shop.insert(3, from: 100)
        #expect(try shop.tidemark("run").status == 0)
        for day in 1...3 {
            #expect(try shop.tidemark("verify", "--full").status == 0)
            let outcome = try shop.tidemark("backfill", "--from", "2026-11-0\(day)", "--to", "2026-11-0\(day + 1)")
            #expect(outcome.status == 0, "\(outcome.all)")
        }
        let full = try shop.tidemark("verify", "--full")
        #expect(full.status == 0, "\(full.all)")
        let repair = try shop.tidemark("verify", "--repair")
        #expect(repair.status == 0 && repair.output.contains("nothing to repair"), "\(repair.all)")
        #expect(try shop.tidemark("verify", "--partition", "events").status == 0)
    }

    @Test("A backfill reads only partitions that can hold its rows")
    func pruned() throws {
        let shop = try Shop(table: Self.partitioned)
        try shop.insert(40, days: 2)
        #expect(try shop.tidemark("run").status == 0)
        let outcome = try shop.tidemark("backfill", "--from", "2026-11-02", "--to", "2026-11-03")
        #expect(outcome.status == 0, "\(outcome.all)")
        let text = try String(
            contentsOfFile: shop.lake + "/_tidemark/run/0000000003/plan.json", encoding: .utf8)
        let plan = try JSONDecoder().decode(Plan.self, from: Data(text.utf8))
        #expect(plan.units.count == 1)
        #expect(text.contains("its partition bounds exclude"))
    }

    private struct Plan: Decodable {
        struct Unit: Decodable { let number: Int }
        let units: [Unit]
    }

    static let partitioned = """
        CREATE TABLE events (event_id uuid NOT NULL DEFAULT gen_random_uuid(), event_type text,
            occurred_at timestamptz NOT NULL, payload jsonb) PARTITION BY RANGE (occurred_at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-11-01Z') TO ('2026-11-02Z');
        CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-11-02Z') TO ('2026-11-03Z');
        """

    @Test("What cannot be backfilled is said: an empty range, a dataset without days")
    func refused() throws {
        let shop = try Shop()
        try shop.insert(3)
        #expect(try shop.tidemark("run").status == 0)
        let empty = try shop.tidemark("backfill", "--from", "2026-11-02", "--to", "2026-11-02")
        #expect(empty.status == 2 && empty.errors.contains("the range is empty"), "\(empty.all)")
        let wrong = try shop.tidemark("backfill", "--from", "yesterday", "--to", "2026-11-02")
        #expect(wrong.status == 2 && wrong.errors.contains("--from yesterday"), "\(wrong.all)")
        let nothing = try shop.tidemark("backfill", "--from", "2020-01-01", "--to", "2020-02-01")
        #expect(nothing.status == 0 && nothing.output.contains("nothing to write anew"), "\(nothing.all)")
        let dry = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-03", "--dry-run")
        #expect(dry.status == 0 && dry.output.contains("2026-11-02T00:00:00Z"), "\(dry.all)")
        try shop.write(pipeline: "events: {table: public.events, key: event_id}")
        let without = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-03")
        #expect(without.status == 2 && without.errors.contains("partition_by"), "\(without.all)")
    }
}
