import Foundation
import TestSupport
import Testing

@Suite("Other ways to read: snapshots, columns, queries, first loads, floors")
struct DatasetModeTests {
    private static let customers = """
        CREATE TABLE events (event_id bigint PRIMARY KEY, occurred_at timestamptz NOT NULL DEFAULT now(), payload jsonb);
        CREATE TABLE customers (id int PRIMARY KEY, name text, deleted_at timestamptz);
        INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 5) n;
        INSERT INTO events SELECT n, now(), '{}' FROM generate_series(1, 10) n;
        """

    @Test("A snapshot is committed with the events, written anew when a row has changed, and skipped when none has")
    func snapshot() throws {
        let shop = try Shop(
            table: Self.customers,
            dataset: """
                events: {table: public.events, key: event_id}
                customers: {table: public.customers, key: id, mode: snapshot}
                """)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs("customers", key: "id").count == 5)
        let first = try shop.liveFiles()
        try shop.sql("INSERT INTO events VALUES (11, now(), '{}')")
        #expect(try shop.tidemark("run").status == 0)
        #expect(
            try shop.liveFiles().filter { $0.hasPrefix("customers/") } == first.filter { $0.hasPrefix("customers/") })
        try shop.sql("UPDATE customers SET deleted_at = now() WHERE id = 2; DELETE FROM customers WHERE id = 5")
        let changed = try shop.tidemark("run")
        #expect(changed.status == 0 && changed.output.contains("customers"), "\(changed.all)")
        #expect(try shop.liveIDs("customers", key: "id").sorted() == ["1", "2", "3", "4"])
        #expect(try shop.liveIDs("customers", key: "deleted_at::text").count == 1)
        #expect(try shop.tidemark("run").output.contains("nothing new"))
        try shop.sql("DELETE FROM customers")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveFiles().filter { $0.hasPrefix("customers/") }.isEmpty, "an empty table has no files")
        #expect(try shop.tidemark("run").output.contains("nothing new"))
        try shop.write(pipeline: "customers: {table: public.customers, key: id}")
        let mixed = try shop.tidemark("run")
        #expect(mixed.status == 2 && mixed.errors.contains("another name"), "\(mixed.all)")
    }

    private static let view = """
        CREATE TABLE raw (id bigint PRIMARY KEY, at timestamptz, amount numeric(10,2));
        CREATE VIEW events AS SELECT id AS event_id, at, amount * 2 AS doubled FROM raw;
        INSERT INTO raw SELECT n, now() - interval '1 hour' + n * interval '1 s', n FROM generate_series(1, 50) n;
        INSERT INTO raw VALUES (900, NULL, 1), (901, 'infinity', 1);
        """

    @Test("A view goes by a time column: what is settled comes once, what cannot be told is counted and said")
    func columnCursor() throws {
        let shop = try Shop(
            table: Self.view,
            dataset: "events: {table: public.events, key: event_id, cursor: {mode: column, column: at, settle: 1s}}")
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("1 rows have no time and 1 an infinite one"), "\(first.all)")
        #expect(try shop.liveIDs().count == 50)
        // Too young to be settled, then old enough.
        try shop.sql("INSERT INTO raw VALUES (100, now() + interval '2 s', 1), (101, now() - interval '1 ms', 1)")
        Thread.sleep(forTimeInterval: 1.2)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().sorted().contains("101"))
        #expect(try !shop.liveIDs().contains("100"))
        Thread.sleep(forTimeInterval: 3)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().count == 52)
    }

    @Test("A time cursor does not pass a transaction that is still writing, and fails where it cannot see who is")
    func columnCursorWaits() throws {
        let shop = try Shop(
            table: Self.view,
            dataset: "events: {table: public.events, key: event_id, cursor: {mode: column, column: at, settle: 0}}")
        let session = try Session(shop)
        try session.send("BEGIN; INSERT INTO raw VALUES (500, now(), 1);")
        try shop.sql("INSERT INTO raw VALUES (501, now(), 1)")
        #expect(try shop.tidemark("run").status == 0)
        #expect(try !shop.liveIDs().contains("501"), "its time lies behind the open transaction's start")
        try session.send("COMMIT;")
        try session.end()
        #expect(try shop.tidemark("run").status == 0)
        #expect(try Set(shop.liveIDs()).isSuperset(of: ["500", "501"]))
        try shop.sql("CREATE ROLE blind LOGIN; GRANT SELECT ON events, raw TO blind")
        let blind = shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=blind")
        let refused = try shop.tidemark("run", environment: ["SHOP_DATABASE_URL": blind])
        #expect(
            refused.status == 1 && refused.errors.contains("GRANT pg_read_all_stats TO \"blind\""), "\(refused.all)")
    }

    @Test("A query with :low and :high is a dataset; its casts stay what they are")
    func query() throws {
        let shop = try Shop(
            table: Self.view,
            dataset: """
                events:
                    query: |
                        SELECT id AS event_id, at, (amount::numeric(20,3))::text AS exact
                        FROM raw WHERE at >= :low AND at < :high
                    key: event_id
                    cursor: {mode: column, column: at, settle: 0}
                """)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(try shop.liveIDs().count == 50)
        #expect(try shop.liveIDs(key: "exact").contains("7.000"))
        try shop.sql("INSERT INTO raw VALUES (100, now(), 1)")
        Thread.sleep(forTimeInterval: 0.1)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().count == 51)
        let preview = try shop.tidemark("preview", "--limit", "3")
        #expect(preview.status == 0 && preview.output.split(separator: "\n").count == 3, "\(preview.all)")
        #expect(try shop.tidemark("plan").status == 0)
    }

    @Test("Materialized views and foreign tables go by a time column, or are taken whole")
    func withoutTransactions() throws {
        let shop = try Shop(
            table: Self.view + """
                CREATE MATERIALIZED VIEW totals AS SELECT event_id, at FROM events;
                CREATE EXTENSION postgres_fdw;
                CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw;
                CREATE FOREIGN TABLE far (event_id bigint, at timestamptz) SERVER self OPTIONS (table_name 'totals');
                """)
        try shop.sql(
            """
            ALTER SERVER self OPTIONS (host '\(shop.server.folder)', port '\(shop.server.port)', dbname '\(shop.database.name)');
            CREATE USER MAPPING FOR postgres SERVER self OPTIONS (user 'postgres');
            """)
        try shop.write(
            pipeline: """
                totals: {table: public.totals, key: event_id, cursor: {mode: column, column: at, settle: 0}}
                far: {table: public.far, key: event_id, cursor: {mode: column, column: at, settle: 0}}
                whole: {table: public.far, key: event_id, mode: snapshot}
                half: {query: "SELECT event_id FROM far WHERE event_id % 2 = 0", key: event_id, mode: snapshot}
                """)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        try shop.sql("INSERT INTO raw VALUES (100, now(), 1); REFRESH MATERIALIZED VIEW totals")
        Thread.sleep(forTimeInterval: 0.1)
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
        #expect(try shop.liveIDs("totals").count == 51)
        #expect(try shop.liveIDs("far").count == 51)
        #expect(try shop.liveIDs("whole").count == 53, "a snapshot has the rows without a time, too")
        #expect(try shop.liveIDs("half").count == 27)
        try shop.write(
            pipeline: "far: {table: public.far, key: event_id}", destination: "{url: \"file:\(shop.folder)/x\"}")
        let refused = try shop.tidemark("run")
        #expect(refused.status == 1 && refused.errors.contains("a foreign table"), "\(refused.all)")
        #expect(refused.errors.contains("cursor: {mode: column"))
    }

    @Test(
        "`initial: none` takes what comes from now on; `initial: {from}` takes what is young enough, and all that comes"
    )
    func initial() throws {
        let shop = try Shop()
        try shop.insert(30, days: 3)
        try shop.write(pipeline: Shop.dataset + "\n    initial: none")
        let none = try shop.tidemark("run")
        #expect(none.status == 0, "\(none.all)")
        #expect(try shop.liveIDs().isEmpty)
        try shop.insert(4, from: 100)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().count == 4)
        // What was left out is brought by a backfill, day by day.
        #expect(try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-04").status == 0)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())

        let other = try Shop()
        try other.insert(30, days: 3)
        try other.write(pipeline: Shop.dataset + "\n    initial: {from: 2026-11-03}")
        #expect(try other.tidemark("run").status == 0)
        #expect(try other.liveIDs().count == 10)
        try other.insert(6, from: 100, days: 3)
        #expect(try other.tidemark("run").status == 0)
        #expect(try other.liveIDs().count == 16)
    }

    @Test("A large first load is committed in steps, and an interruption costs one of them")
    func steps() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id bigint, event_type text, occurred_at timestamptz NOT NULL, payload jsonb)
                    PARTITION BY LIST (event_type);
                """)
        for leaf in 1...6 {
            try shop.sql(
                """
                CREATE TABLE events_\(leaf) PARTITION OF events FOR VALUES IN ('\(leaf)');
                INSERT INTO events SELECT n + \(leaf) * 100000, '\(leaf)', '2026-11-01Z', jsonb_build_object('x', repeat(md5(n::text), 30))
                    FROM generate_series(1, 4000) n
                """)
        }
        try shop.write(pipeline: Shop.dataset, extra: "unit_size: 1MiB\nworkers: 2")
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(try shop.log().filter { $0.contains("\"commit\":") }.count >= 3)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.tidemark("run").output.contains("nothing new"))
    }

    private static let ingested = """
        CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, event_type text, occurred_at timestamptz NOT NULL,
            payload jsonb, created_at timestamptz NOT NULL DEFAULT now()) PARTITION BY RANGE (created_at);
        CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2025-01-01');
        CREATE TABLE events_now PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2100-01-01');
        CREATE INDEX ON events (created_at);
        INSERT INTO events (event_type, occurred_at, payload, created_at) SELECT 'a', '2026-11-01Z',
            jsonb_build_object('x', repeat(md5(n::text), 10)), '2024-01-01Z' FROM generate_series(1, 20000) n;
        INSERT INTO events (event_type, occurred_at, payload, created_at) SELECT 'a', '2026-11-01Z',
            jsonb_build_object('x', repeat(md5(n::text), 10)), now() - interval '1 year' FROM generate_series(1, 40000) n;
        ANALYZE events;
        """

    @Test(
        "With a floor old partitions are not read, the rest through its time index; nothing is lost to open transactions"
    )
    func prune() throws {
        let shop = try Shop(table: Self.ingested)
        let dataset = Shop.dataset + "\n    prune: {column: created_at, lookback: 1s}"
        try shop.write(pipeline: dataset)
        #expect(try shop.tidemark("run").status == 0)
        let session = try Session(shop)
        try session.send("BEGIN; SELECT now();")
        try shop.insert(10)
        #expect(try shop.tidemark("run").status == 0)
        // It began before the last run and takes its id only now: its rows carry its start.
        Thread.sleep(forTimeInterval: 2.5)
        try session.send("INSERT INTO events (event_type, occurred_at) VALUES ('late', '2026-11-01Z'); COMMIT;")
        try session.end()
        try shop.insert(10, from: 100)
        let plan = try shop.tidemark("plan")
        #expect(plan.output.contains("events_old is not read: its partition bounds exclude created_at"), "\(plan.all)")
        #expect(plan.output.contains("created_at ≥"))
        let text = try shop.tidemark("plan", "--json").output
        #expect(text.contains("\"times\""), "\(text)")
        let last = try shop.tidemark("run")
        #expect(last.status == 0, "\(last.all)")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("A floor on a column without a zone loses nothing of writers in other zones")
    func pruneWithoutZone() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, created_at timestamp NOT NULL DEFAULT now(),
                    day date NOT NULL DEFAULT current_date);
                """)
        for column in ["created_at", "day"] {
            try shop.write(
                pipeline: "events: {table: public.events, key: event_id, prune: {column: \(column), lookback: 0}}",
                destination: "{url: \"file:\(shop.folder)/\(column)\"}")
            for _ in 0..<3 {
                for zone in ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"] {
                    try shop.sql("SET TimeZone = '\(zone)'; INSERT INTO events DEFAULT VALUES")
                }
                #expect(try shop.tidemark("run").status == 0)
            }
            let verified = try shop.tidemark("verify", "--full")
            #expect(verified.status == 0, "\(verified.all)")
        }
    }

    @Test("No floor is used where sessions are hidden or a prepared transaction is open, and the plan says why")
    func withoutFloor() throws {
        let shop = try Shop(table: Self.ingested)
        try shop.write(pipeline: Shop.dataset + "\n    prune: {column: created_at}")
        try shop.sql("CREATE ROLE blind LOGIN; GRANT SELECT ON events, events_old, events_now TO blind")
        let blind = [
            "SHOP_DATABASE_URL": shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=blind")
        ]
        #expect(try shop.tidemark("run", environment: blind).status == 0)
        try shop.insert(5)
        let plan = try shop.tidemark("plan", environment: blind)
        #expect(plan.output.contains("GRANT pg_read_all_stats TO \"blind\""), "\(plan.all)")
        #expect(!plan.output.contains("is not read"))
        #expect(try shop.tidemark("run", environment: blind).status == 0)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("When transaction ids have wrapped around, old rows whose ids are given again do not come again")
    func wraparound() throws {
        let shop = try Shop(table: Self.ingested)
        try shop.write(pipeline: Shop.dataset + "\n    prune: {column: created_at}")
        #expect(try shop.tidemark("run").status == 0)
        let rows = try shop.liveIDs().count
        // Next time the same 32 bits mean ids of the next epoch: every row looks as if it had just been written.
        shop.server.stop()
        try shop.server.resetEpoch(to: 1)
        try shop.server.start()
        try shop.insert(7)
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(try shop.liveIDs().count == rows + 7)
        try shop.insert(2, from: 50)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        try shop.write(pipeline: Shop.dataset)
        try shop.insert(1, from: 60)
        let plan = try shop.tidemark("plan")
        #expect(plan.output.contains("transaction ids have wrapped around"), "\(plan.all)")
    }

    @Test("Where ids are given again and no floor can be had, rows that only look new are refused, and counted")
    func wraparoundWithoutFloor() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, occurred_at timestamptz NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now());
                INSERT INTO events (occurred_at, created_at) SELECT '2026-11-01Z', '2024-01-01Z' FROM generate_series(1, 100);
                CREATE ROLE blind LOGIN; GRANT SELECT ON events TO blind;
                """,
            dataset: "events: {table: public.events, key: event_id, prune: {column: created_at}}")
        func run() throws -> Tidemark.Outcome {
            let url = shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=blind")
            return try shop.tidemark("run", environment: ["SHOP_DATABASE_URL": url])
        }
        #expect(try run().status == 0)
        shop.server.stop()
        try shop.server.resetEpoch(to: 1)
        try shop.server.start()
        try shop.sql("INSERT INTO events (occurred_at) VALUES ('2026-11-01Z')")
        let outcome = try run()
        #expect(outcome.status == 0 && outcome.output.contains("100 rows look new"), "\(outcome.all)")
        #expect(try shop.liveIDs().count == 101)
    }

    @Test("A setting that names a column which is no time, or not there, is told before anything is written")
    func wrongColumns() throws {
        let shop = try Shop()
        try shop.insert(2)
        for (settings, text) in [
            ("prune: {column: nowhere}", "does not have"), ("prune: {column: event_type}", "which is text"),
            ("initial: {from: 2026-01-01, column: payload}", "which is jsonb"),
            ("cursor: {mode: column, column: event_id}", "which is uuid"),
        ] {
            try shop.write(pipeline: Shop.dataset + "\n    " + settings)
            let outcome = try shop.tidemark("run")
            #expect(outcome.status == 2 && outcome.errors.contains(text), "\(outcome.all)")
        }
        #expect(!FileManager.default.fileExists(atPath: shop.lake + "/_tidemark/log"))
    }
}
