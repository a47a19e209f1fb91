import Foundation
import TestSupport
import Testing

/// Writers of every kind against exports that are killed, put to sleep, cut off and lied to by their store: at the end the
/// lake holds every committed event once.
///
/// `scripts/torture` runs it for longer. `TIDEMARK_TORTURE_SECONDS` and `TIDEMARK_TORTURE_SEED` (default: a new one) set its
/// length and its dice; `TIDEMARK_TORTURE_STANDBY=1` exports from a standby of the server that is written to. With none of
/// them both ways are gone for a while.
@Suite("Torture", .serialized)
struct TortureTests {
    /// Where exports read.
    enum Source: String {
        case primary = "the primary"
        case standby = "a standby"
    }

    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["TIDEMARK_TORTURE_SECONDS"].flatMap(Double.init)
    private static let sources: [Source] =
        environment["TIDEMARK_TORTURE_STANDBY"] == "1"
        ? [.standby] : seconds == nil ? [.primary, .standby] : [.primary]

    @Test(
        "Every committed event is in the lake once, whatever happened to writers, runs, connections and the store",
        arguments: sources)
    func torture(source: Source) throws {
        let seconds = Self.seconds ?? (source == .primary ? 12 : 10)
        let seed = Self.environment["TIDEMARK_TORTURE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
        let chamber = try Chamber(source, seed: seed)
        let end = Date(timeIntervalSinceNow: seconds)
        let writers = TortureWriters(chamber.shop, seed: seed, until: end)
        writers.start()
        while Date() < end { try chamber.torment() }
        writers.join()
        try chamber.finish()

        let table = try chamber.shop.tableIDs()
        let (lake, strays) = try chamber.committedIDs()
        let lost = Set(table).subtracting(lake)
        let repeated = lake.count - Set(lake).count
        let strange = Set(lake).subtracting(table)
        let tally = Chamber.Count.allCases.map { "\(chamber.tally[$0, default: 0]) \($0.rawValue)" }
        print(
            """
            torture of exports from \(source.rawValue): seed \(seed), \(Int(seconds)) s, \(table.count) rows in the table, \
            \(lake.count) in the lake; \(tally.joined(separator: ", ")); \(strays) files that no commit names; \
            \(lost.count) rows lost, \(repeated) repeated, \(strange.count) that were never committed
            """)
        #expect(lost.isEmpty, "seed \(seed): lost \(lost.sorted().prefix(5))")
        #expect(repeated == 0, "seed \(seed)")
        #expect(strange.isEmpty, "seed \(seed)")
        #expect(chamber.tally[.kills, default: 0] > 0, "the dice must have done something")
    }
}

/// The shop that is tortured, and what befalls its runs.
private final class Chamber {
    /// What is counted.
    enum Count: String, CaseIterable {
        case runs, kills, cuts, pauses, overtaken
        case faulty = "runs with store faults"
        case pairs = "started together"
        case abandons, backfills
    }

    /// What befalls a run.
    private enum Fate: CaseIterable {
        case nothing, killed, diedAtAWrite, cutOff, asleep, asleepAtAWrite, storeFails, twins, abandoned, rewritten
    }

    /// The writes that a run falls asleep at: its first entry, its chunks, its results, its commit, and what comes after that.
    private static let places = [
        "1:put _tidemark/log/", "1:/plan.json", "1:put events/", "3:put events/", "6:put events/", "1:/unit/",
        "3:/unit/",
        "3:put _tidemark/log/", "1:/manifest/", "1:delete ", "1:/done/", "1:/checkpoint/",
    ]

    let shop: Shop
    private(set) var tally: [Count: Int] = [:]
    private let standby: PostgresServer?
    private var dice: Dice
    private let seed: UInt64
    /// Runs that another has overtaken and that wake later.
    private var sleepers: [Tidemark.Running] = []

    init(_ source: TortureTests.Source, seed: UInt64) throws {
        shop = try Shop(
            server: PostgresServer(settings: ["max_prepared_transactions": "20"]), table: TortureWriters.table,
            dataset: """
                events:
                    table: public.events
                    key: event_id
                    flatten: [{column: payload}]
                    partition_by: [{column: occurred_at, by: day}]
                """)
        standby =
            source == .primary
            ? nil : try PostgresServer.standby(of: shop.server, settings: ["max_standby_streaming_delay": "300ms"])
        dice = Dice(seed: seed)
        self.seed = seed
    }

    deinit { for sleeper in sleepers { sleeper.signal(SIGKILL) } }

    // MARK: Runs

    private var environment: [String: String] {
        guard let standby else { return shop.environment }
        return ["SHOP_DATABASE_URL": standby.database(shop.database.name).url]
    }

    private func start(_ more: [String: String] = [:]) throws -> Tidemark.Running {
        tally[.runs, default: 0] += 1
        return try Tidemark.start(["run", "-q", shop.pipeline], environment.merging(more) { $1 })
    }

    /// Waits for a run's end. It may have failed, or met another; it may not hang.
    private func end(_ run: Tidemark.Running) throws {
        let outcome = try run.wait(atMost: 60)
        let isExpected = outcome.wasKilled ? outcome.status == SIGKILL : [0, 1, 4].contains(outcome.status)
        #expect(isExpected, "seed \(seed): \(outcome.status): \(outcome.all)")
    }

    /// Ends the program's sessions.
    private func cutConnections(onlyCopy: Bool = false) throws {
        let server = standby ?? shop.server
        try server.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name LIKE 'tidemark%' \(onlyCopy ? "AND query LIKE 'COPY (SELECT%'" : "")
            """, in: server.database(shop.database.name))
        tally[.cuts, default: 0] += 1
    }

    // MARK: Fates

    /// One run, and what befalls it. The first runs meet each fate in turn, so that a short torture holds all of them.
    func torment() throws {
        let fates = Fate.allCases
        let number = tally[.runs, default: 0]
        let fate = fates[number < fates.count ? (number * 2 + 1) % fates.count : dice.roll(fates.count)]
        try befall(fate)
        if !sleepers.isEmpty, dice.roll(3) == 0 { try wake(sleepers.removeFirst()) }
    }

    private func befall(_ fate: Fate) throws {
        switch fate {
        case .nothing: try end(start())
        case .killed: try kill(start())
        case .diedAtAWrite:
            let run = try start(FaultHook.crash(at: 1 + dice.roll(25)))
            try end(run)
            // It may have had fewer writes.
            if run.process.terminationReason == .uncaughtSignal { tally[.kills, default: 0] += 1 }
        case .cutOff:
            let run = try start()
            // Its connections go one by one while it works; a unit is read again, or the run fails and is taken over.
            for _ in 0..<3 where run.process.isRunning {
                Thread.sleep(forTimeInterval: Double(dice.roll(200)) / 1_000)
                try cutConnections(onlyCopy: dice.roll(2) == 0)
            }
            try end(run)
        case .asleep:
            let run = try start()
            Thread.sleep(forTimeInterval: Double(dice.roll(500)) / 1_000)
            run.signal(SIGSTOP)
            try overtake(run)
        case .asleepAtAWrite:
            let place = Self.places[dice.roll(Self.places.count)]
            let run = try start(["TIDEMARK_TEST_PAUSE_AT": place])
            // It may end before it comes to such a write.
            if try run.waitUntilStopped() { try overtake(run) } else { try end(run) }
        case .storeFails:
            try end(start(FaultHook.failures(0.02 + Double(dice.roll(10)) / 100, seed: dice.roll(1_000_000))))
            tally[.faulty, default: 0] += FaultHook.isBuiltIn ? 1 : 0
        case .twins:
            let runs = try [start(), start()]
            for run in runs { try end(run) }
            tally[.pairs, default: 0] += 1
        case .abandoned:
            try kill(start())
            let outcome = try Tidemark.run(["abandon", shop.pipeline], environment)
            #expect([0, 1, 4].contains(outcome.status), "seed \(seed): \(outcome.all)")
            tally[.abandons, default: 0] += 1
        case .rewritten: try rewrite()
        }
    }

    /// A day of history is written anew, beside a run or alone; some die on the way and are gone on with later.
    private func rewrite() throws {
        let day = 1 + dice.roll(28)
        let arguments = ["--from", "2026-11-\(day < 10 ? "0" : "")\(day)", "--to", "2026-12-01"]
        let more = dice.roll(3) == 0 ? FaultHook.crash(at: 1 + dice.roll(40)) : [:]
        let backfill = try Tidemark.start(
            ["backfill", "-q", "--keep-old", shop.pipeline] + arguments, environment.merging(more) { $1 })
        tally[.backfills, default: 0] += 1
        let run = dice.roll(2) == 0 ? try start() : nil
        Thread.sleep(forTimeInterval: Double(dice.roll(2_000)) / 1_000)
        if dice.roll(2) == 0 { backfill.signal(SIGKILL) }
        try end(backfill)
        if let run { try end(run) }
    }

    private func kill(_ run: Tidemark.Running) throws {
        Thread.sleep(forTimeInterval: Double(dice.roll(600)) / 1_000)
        run.signal(SIGKILL)
        try end(run)
        tally[.kills, default: 0] += 1
    }

    /// A run sleeps and loses its lock; another takes over; it wakes at once, or when several others have run.
    private func overtake(_ run: Tidemark.Running) throws {
        tally[.pauses, default: 0] += 1
        try cutConnections()
        let other = try start()
        try end(other)
        if other.process.terminationStatus == 0 { tally[.overtaken, default: 0] += 1 }
        if dice.roll(2) == 0 { try wake(run) } else { sleepers.append(run) }
    }

    private func wake(_ run: Tidemark.Running) throws {
        run.signal(SIGCONT)
        try end(run)
    }

    // MARK: The end

    /// Wakes who still sleeps, and exports what is left.
    func finish() throws {
        while let sleeper = sleepers.popLast() { try wake(sleeper) }
        try shop.sql(TortureWriters.endPrepared(commit: true))
        try shop.sql(TortureWriters.attachAll)
        try standby?.waitForReplay(of: shop.server)
        for _ in 0..<2 {
            let last = try start()
            let outcome = try last.wait(atMost: 120)
            #expect(outcome.status == 0, "seed \(seed): \(outcome.all)")
        }
    }

    /// The ids in the files that commits name, which must all be there, and how many other files there are. A run that is
    /// killed after it was overtaken leaves some.
    func committedIDs() throws -> (ids: [String], strays: Int) {
        let (files, live) = (Set(shop.files()), Set(try shop.liveFiles()))
        #expect(live.isSubset(of: files), "seed \(seed): every live file is there")
        let text = try DuckDB.python(
            """
            import json, os, subprocess, sys
            files = [os.path.join(sys.argv[1], key) for key in json.load(sys.stdin)]
            ids = []
            for i in range(0, len(files), 500):
                text = subprocess.run(['zstd', '-dcq'] + files[i:i + 500], capture_output=True, check=True).stdout.decode()
                ids += [str(json.loads(line)['event_id']) for line in text.split('\\n')[:-1]]
            print(json.dumps(ids))
            """, input: String(decoding: JSONEncoder().encode(live.intersection(files).sorted()), as: UTF8.self),
            arguments: [shop.lake])
        return (
            try JSONDecoder().decode([String].self, from: Data(text.utf8)),
            files.subtracting(try shop.committedFiles()).count
        )
    }
}
