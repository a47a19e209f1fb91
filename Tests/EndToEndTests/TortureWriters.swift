import Foundation
import TestSupport

/// Sessions that write as applications do, and worse.
final class TortureWriters: Sendable {
    /// The table that they write to, with its first rows. Many share a time.
    static let table = """
        CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, event_type text, occurred_at timestamptz NOT NULL,
            payload jsonb) PARTITION BY LIST (event_type);
        CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
        CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
        CREATE TABLE events_rest PARTITION OF events FOR VALUES IN ('c', 'd');
        INSERT INTO events (event_type, occurred_at, payload)
            SELECT (ARRAY['a', 'b', 'c'])[1 + n % 3], timestamptz '2026-11-01Z' + n / 7 * interval '7 s',
                jsonb_build_object('n', n)
            FROM generate_series(1, 20000) n;
        """

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

    /// Starts eight writers: one of them detaches a partition over and over, another makes new ones.
    func start() {
        for number in 1...6 { work(number) { dice in self.transaction(number, &dice) } }
        work(7) { dice in
            """
            ALTER TABLE events DETACH PARTITION events_b;
            \(Self.insertDirectly("events_b", "b", rows: 1 + dice.roll(5)))
            SELECT pg_sleep(\(Double(dice.roll(400)) / 1_000));
            \(Self.attach("b"))
            SELECT pg_sleep(0.3);
            """
        }
        work(8) { dice in self.partition("p\(dice.roll(12))", &dice) }
    }

    /// Waits until all have ended.
    func join() { group.wait() }

    /// Attaches whatever was left detached: its rows are the table's again.
    static let attachAll = (["b"] + (0..<12).map { "p\($0)" }).map(attach).joined(separator: "\n")

    /// Statements that end all prepared transactions.
    static func endPrepared(commit: Bool) -> String {
        """
        SELECT format('\(commit ? "COMMIT" : "ROLLBACK") PREPARED %L', gid) FROM pg_prepared_xacts
            WHERE database = current_database() \\gexec
        """
    }

    /// Attaches a partition that exists and is detached.
    private static func attach(_ type: String) -> String {
        """
        DO $$ BEGIN
            IF to_regclass('events_\(type)') IS NOT NULL
                AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('events_\(type)')) THEN
                ALTER TABLE events ATTACH PARTITION events_\(type) FOR VALUES IN ('\(type)');
            END IF;
        END $$;
        """
    }

    private static func insertDirectly(_ table: String, _ type: String, rows: Int) -> String {
        """
        INSERT INTO \(table) (event_id, event_type, occurred_at)
            SELECT nextval('events_event_id_seq'), '\(type)', now() FROM generate_series(1, \(rows));
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

    /// A partition that is made with rows in it and attached, or one that is there: written to, detached, attached again.
    private func partition(_ type: String, _ dice: inout Dice) -> String {
        var sql = """
            CREATE TABLE IF NOT EXISTS events_\(type) (LIKE events);
            \(Self.insertDirectly("events_\(type)", type, rows: 1 + dice.roll(5)))
            \(Self.attach(type))
            INSERT INTO events (event_type, occurred_at) SELECT '\(type)', now() FROM generate_series(1, \(1 + dice.roll(30)));
            """
        if dice.roll(3) == 0 {
            sql += """

                ALTER TABLE events DETACH PARTITION events_\(type);
                BEGIN;
                \(Self.insertDirectly("events_\(type)", type, rows: 1 + dice.roll(5)))
                SELECT pg_sleep(\(Double(dice.roll(300)) / 1_000));
                \(dice.roll(4) == 0 ? "ROLLBACK" : "COMMIT");
                \(Self.attach(type))
                """
        }
        return sql + "\nSELECT pg_sleep(\(Double(dice.roll(400)) / 1_000));"
    }

    /// One transaction: hold times, savepoints, rollbacks, exception blocks in exception blocks, prepared transactions, times
    /// out of order and times that are equal, rows of several partitions in one statement.
    private func transaction(_ number: Int, _ dice: inout Dice) -> String {
        var sql = dice.roll(12) == 0 ? Self.endPrepared(commit: dice.roll(3) > 0) + "\n" : ""
        sql += "BEGIN;\n"
        for step in 0...dice.roll(4) {
            let insert = """
                INSERT INTO events (event_type, occurred_at, payload)
                SELECT (ARRAY['a', 'b', 'c', 'd'])[1 + g % 4], now() - (g % 5) * interval '1 day',
                    jsonb_build_object('w', \(number), 'g', g) FROM generate_series(\(dice.roll(3)), \(3 + dice.roll(20))) g;
                """
            switch dice.roll(6) {
            case 0: sql += "SAVEPOINT s\(step);\n\(insert)\nROLLBACK TO s\(step);\n"
            case 1: sql += "SAVEPOINT s\(step);\n\(insert)\nRELEASE s\(step);\n"
            case 2:
                sql +=
                    "DO $$ BEGIN \(insert) BEGIN \(insert) RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END; END $$;\n"
            case 3:
                sql += """
                    DO $$ BEGIN
                        BEGIN
                            \(insert)
                            BEGIN \(insert) RAISE 'no'; EXCEPTION WHEN OTHERS THEN \(insert) END;
                        EXCEPTION WHEN OTHERS THEN NULL;
                        END;
                        \(insert)
                    END $$;

                    """
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
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// A number from 0 to `sides` - 1.
    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, sides)))
    }
}
