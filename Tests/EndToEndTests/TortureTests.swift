import Foundation
import Synchronization
import TestSupport
import Testing

/// Writers of every kind against exports that are killed, paused and cut off: at the end the lake holds every committed
/// event once.
///
/// `scripts/torture` runs it for longer. `TIDEMARK_TORTURE_SECONDS` (default 12) and `TIDEMARK_TORTURE_SEED` (default: a new
/// one) set its length and its dice.
@Suite("Torture")
struct TortureTests {
    private static let table = """
        CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, event_type text, occurred_at timestamptz NOT NULL,
            payload jsonb) PARTITION BY LIST (event_type);
        CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
        CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
        CREATE TABLE events_rest PARTITION OF events FOR VALUES IN ('c', 'd');
        INSERT INTO events (event_type, occurred_at, payload)
            SELECT (ARRAY['a', 'b', 'c'])[1 + n % 3], timestamptz '2026-11-01Z' + n * interval '1 s', jsonb_build_object('n', n)
            FROM generate_series(1, 20000) n;
        """

    @Test("Every committed event is in the lake once, whatever happened to writers, runs, connections")
    func torture() throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["TIDEMARK_TORTURE_SECONDS"].flatMap(Double.init) ?? 12
        let seed = environment["TIDEMARK_TORTURE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        let shop = try Shop(
            table: Self.table,
            dataset: """
                events:
                    table: public.events
                    key: event_id
                    flatten: [{column: payload}]
                    partition_by: [{column: occurred_at, by: day}]
                """)
        let end = Date(timeIntervalSinceNow: seconds)
        let writers = Writers(shop, seed: seed, until: end)
        writers.start()
        var dice = Dice(seed: seed)
        var tally = Tally()
        while Date() < end { try torment(shop, &dice, &tally) }
        writers.join()
        try shop.sql(writers.endPrepared(commit: true))
        // A partition may be left detached: its rows are the table's again.
        try shop.sql(Writers.attach)
        for _ in 0..<2 {
            let last = try shop.tidemark("run")
            #expect(last.status == 0, "seed \(seed): \(last.all)")
        }
        let table = try shop.tableIDs()
        let lake = try shop.exportedIDsOfManyFiles()
        let lost = Set(table).subtracting(lake)
        let repeated = lake.count - Set(lake).count
        let strange = Set(lake).subtracting(table)
        print(
            """
            torture: seed \(seed), \(Int(seconds)) s, \(table.count) rows in the table, \(lake.count) in the lake, \
            \(tally.runs) runs, \(tally.kills) killed, \(tally.pauses) paused and overtaken, \(tally.cuts) times connections cut, \
            \(lost.count) rows lost, \(repeated) repeated, \(strange.count) that were never committed
            """)
        #expect(lost.isEmpty, "seed \(seed): lost \(lost.sorted().prefix(5))")
        #expect(repeated == 0, "seed \(seed)")
        #expect(strange.isEmpty, "seed \(seed)")
        #expect(tally.kills > 0 && tally.cuts > 0, "the dice must have done something")
        let committed = try Set(shop.committedFiles())
        #expect(committed.isSubset(of: shop.files()), "seed \(seed): every committed file is there")
    }

    private struct Tally {
        var runs = 0
        var kills = 0
        var pauses = 0
        var cuts = 0
    }

    /// One run, and what befalls it.
    private func torment(_ shop: Shop, _ dice: inout Dice, _ tally: inout Tally) throws {
        let run = try shop.start("run", "-q")
        tally.runs += 1
        // The first ten runs meet each fate in turn, so that a short torture holds all of them.
        switch tally.runs <= 10 ? (tally.runs * 3) % 10 : dice.roll(10) {
        case 0...3:
            Thread.sleep(forTimeInterval: Double(dice.roll(600)) / 1_000)
            run.signal(SIGKILL)
            tally.kills += 1
        case 4...5:
            // Its connections go one by one while it works; a unit is read again, or the run fails and is taken over.
            for _ in 0..<3 where run.process.isRunning {
                Thread.sleep(forTimeInterval: Double(dice.roll(200)) / 1_000)
                try cutConnections(shop, onlyCopy: dice.roll(2) == 0)
                tally.cuts += 1
            }
        case 6:
            // It falls asleep and loses its lock; another takes its run over; then it wakes.
            Thread.sleep(forTimeInterval: Double(dice.roll(500)) / 1_000)
            run.signal(SIGSTOP)
            try cutConnections(shop, onlyCopy: false)
            let other = try shop.tidemark("run", "-q")
            if other.status == 0 { tally.pauses += 1 }
            run.signal(SIGCONT)
        default: break
        }
        let outcome = try run.wait()
        let expected = outcome.wasKilled || [0, 1, 4].contains(outcome.status)
        #expect(expected, "\(outcome.status): \(outcome.all)")
    }

    private func cutConnections(_ shop: Shop, onlyCopy: Bool) throws {
        try shop.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'tidemark' \(onlyCopy ? "AND query LIKE 'COPY (SELECT%'" : "")
            """)
    }
}

/// Sessions that write as applications do, and worse.
private final class Writers: Sendable {
    private let url: String
    private let psql: String
    private let seed: UInt64
    private let end: Date
    private let group = DispatchGroup()

    init(_ shop: Shop, seed: UInt64, until end: Date) {
        url = shop.database.url
        psql = shop.server.programs + "/psql"
        self.seed = seed
        self.end = end
    }

    /// Starts six writers and one who detaches a partition, writes to it and attaches it again.
    func start() {
        for number in 1...6 { work(number) { dice in self.transaction(number, &dice) } }
        work(7) { dice in
            """
            ALTER TABLE events DETACH PARTITION events_b;
            INSERT INTO events_b (event_id, event_type, occurred_at) SELECT nextval('events_event_id_seq'), 'b', now()
                FROM generate_series(1, \(1 + dice.roll(5)));
            SELECT pg_sleep(\(Double(dice.roll(400)) / 1_000));
            \(Self.attach)
            SELECT pg_sleep(0.3);
            """
        }
    }

    /// Waits until all have ended.
    func join() { group.wait() }

    static let attach = """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = 'events_b'::regclass) THEN
                ALTER TABLE events ATTACH PARTITION events_b FOR VALUES IN ('b');
            END IF;
        END $$;
        """

    /// Statements that end all prepared transactions.
    func endPrepared(commit: Bool) -> String {
        """
        SELECT format('\(commit ? "COMMIT" : "ROLLBACK") PREPARED %L', gid) FROM pg_prepared_xacts
            WHERE database = current_database() \\gexec
        """
    }

    private func work(_ number: Int, _ script: @escaping @Sendable (inout Dice) -> String) {
        group.enter()
        let thread = Thread { [self] in
            var dice = Dice(seed: seed &* 31 &+ UInt64(number))
            while Date() < end { run(script(&dice)) }
            group.leave()
        }
        thread.start()
    }

    /// One transaction: hold times, savepoints, rollbacks, exception blocks, prepared transactions, times out of order.
    private func transaction(_ number: Int, _ dice: inout Dice) -> String {
        var sql = dice.roll(12) == 0 ? endPrepared(commit: dice.roll(3) > 0) + "\n" : ""
        sql += "BEGIN;\n"
        for step in 0...dice.roll(4) {
            let insert = """
                INSERT INTO events (event_type, occurred_at, payload)
                SELECT (ARRAY['a', 'b', 'c', 'd'])[1 + g % 4], now() - (g % 5) * interval '1 day',
                    jsonb_build_object('w', \(number), 'g', g) FROM generate_series(\(dice.roll(3)), \(3 + dice.roll(20))) g;
                """
            switch dice.roll(5) {
            case 0: sql += "SAVEPOINT s\(step);\n\(insert)\nROLLBACK TO s\(step);\n"
            case 1: sql += "SAVEPOINT s\(step);\n\(insert)\nRELEASE s\(step);\n"
            case 2:
                sql +=
                    "DO $$ BEGIN \(insert) BEGIN \(insert) RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END; END $$;\n"
            default: sql += insert + "\n"
            }
            sql += "SELECT pg_sleep(\(Double(dice.roll(dice.roll(4) == 0 ? 700 : 40)) / 1_000));\n"
        }
        switch dice.roll(10) {
        case 0: sql += "ROLLBACK;"
        case 1: sql += "PREPARE TRANSACTION 'p\(number)-\(UUID().uuidString)';"
        default: sql += "COMMIT;"
        }
        return sql
    }

    /// Runs a script; one that fails (a deadlock with the detaching, too many prepared transactions) has written nothing.
    private func run(_ script: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: psql)
        process.arguments = ["-X", "-qAt", "-d", url]
        // Who waits for a partition that a prepared transaction holds gives up, or all would wait for ever.
        process.environment = ProcessInfo.processInfo.environment.merging(["PGOPTIONS": "-c lock_timeout=700"]) { $1 }
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        try? input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// Dice that fall the same way for the same seed.
private struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// A number from 0 to `sides` - 1.
    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, sides)))
    }
}
