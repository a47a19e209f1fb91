@testable import Export
import Foundation
import Logging
import Pipeline
import TestSupport
import Testing

@Suite("verify finds what is wrong, and nothing where nothing is")
struct VerifyTests {
    /// A report, as far as the tests look at it.
    private struct Report: Decodable {
        struct Row: Decodable {
            let key: [String?]
            let inSource: Int
            let inLake: Int
            let leafName: String?
        }
        struct Difference: Decodable {
            let partition: String
            let rowsInSource: Int
            let rowsInLake: Int
            let missing: [Row]
            let extra: [Row]
            let repeated: [Row]
            let isComplete: Bool
        }
        struct Gone: Decodable {
            let leaves: [String]
            let rows: Int
        }
        struct Comparison: Decodable {
            let rowsInSource: Int
            let rowsInLake: Int
            let partitions: Int
            let gone: Gone
            let differences: [Difference]
        }
        struct Problem: Decodable {
            let key: String
            let kind: String
        }
        struct Dataset: Decodable {
            let name: String
            let problems: [Problem]
            let comparison: Comparison?
            let unchecked: [String]
            let notes: [String]
        }
        let verdict: String
        let datasets: [Dataset]
    }

    private struct Certificate: Decodable {
        let isSafe: Bool
        let rowsInSource: Int
        let rowsInLake: Int
        let newer: Int
        let leftOut: Int
        let reasons: [String]
        let notes: [String]
        let sourceFingerprint: String
        let lakeFingerprint: String
    }

    private func verify(_ shop: Shop, _ arguments: String..., status: Int32) throws -> Report {
        let outcome = try Tidemark.run(["verify", shop.pipeline, "--json"] + arguments, shop.environment)
        #expect(outcome.status == status, "\(outcome.all)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    private func certify(_ shop: Shop, _ leaf: String, status: Int32) throws -> Certificate {
        let outcome = try Tidemark.run(["verify", shop.pipeline, "--json", "--partition", leaf], shop.environment)
        #expect(outcome.status == status, "\(outcome.all)")
        return try #require(try JSONDecoder().decode([Certificate].self, from: Data(outcome.output.utf8)).first)
    }

    private func fill(_ shop: Shop, _ count: Int = 300) throws {
        try shop.insert(count)
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
    }

    /// Changes the commit entries of the log by hand; checkpoints are made anew by nobody, so they go.
    private func rewriteLog(_ shop: Shop, _ change: (inout [[String: Any]]) -> Void) throws {
        let folder = shop.lake + "/_tidemark/log"
        try? FileManager.default.removeItem(atPath: shop.lake + "/_tidemark/latest.json")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let url = URL(fileURLWithPath: folder + "/" + name)
            var entry = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
            guard var change1 = entry["change"] as? [String: Any], var commit = change1["commit"] as? [String: Any],
                var added = commit["added"] as? [[String: Any]]
            else { continue }
            change(&added)
            commit["added"] = added
            change1["commit"] = commit
            entry["change"] = change1
            try JSONSerialization.data(withJSONObject: entry).write(to: url)
        }
    }

    @Test("A lake as it should be is fine, quick and full, after several runs; nothing is written")
    func fine() throws {
        let shop = try Shop()
        try fill(shop)
        try shop.insert(200, from: 1_000)
        #expect(try shop.tidemark("run").status == 0)
        // Rows above the watermark do not count, nor does an open transaction.
        try shop.insert(50, from: 5_000)
        let before = try FileManager.default.subpathsOfDirectory(atPath: shop.lake).sorted()
        let quick = try verify(shop, status: 0)
        #expect(quick.verdict == "fine" && quick.datasets[0].comparison == nil)
        let full = try verify(shop, "--full", status: 0)
        let sides = try #require(full.datasets[0].comparison)
        #expect(sides.rowsInLake == 500 && sides.rowsInSource == 500 && sides.partitions == 3)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: shop.lake).sorted() == before)
        let text = try shop.tidemark("verify", "--full")
        #expect(text.status == 0 && text.output.contains("nothing is wrong"), "\(text.all)")
    }

    @Test("A file that is gone, cut short or grown is found without reading it")
    func sizes() throws {
        let shop = try Shop()
        try fill(shop)
        let files = shop.files()
        let path = { shop.lake + "/" + files[$0] }
        try FileManager.default.removeItem(atPath: path(0))
        let content = try Data(contentsOf: URL(fileURLWithPath: path(1)))
        try content.dropLast(3).write(to: URL(fileURLWithPath: path(1)))
        let quick = try verify(shop, status: 3)
        #expect(quick.datasets[0].problems.map(\.key) == [files[0], files[1]])
        #expect(quick.datasets[0].problems.map(\.kind) == ["missing", "size"])
        let full = try verify(shop, "--full", status: 3)
        #expect(full.datasets[0].problems.map(\.kind) == ["missing", "size", "unreadable"])
        let differences = try #require(full.datasets[0].comparison).differences
        #expect(differences.map(\.rowsInLake) == [0, 0] && differences.allSatisfy { $0.rowsInSource == 100 })
        #expect(differences.allSatisfy { $0.missing.count == 20 && !$0.isComplete && $0.extra.isEmpty })
        try (content + Data([0])).write(to: URL(fileURLWithPath: path(1)))
        #expect(try verify(shop, status: 3).datasets[0].problems.map(\.kind) == ["missing", "size"])
        let text = try shop.tidemark("verify", "--full", "--limit", "2")
        #expect(text.output.contains("\(files[0]): it is not there"), "\(text.output)")
        #expect(text.output.contains("missing: event_id=") && text.output.contains("--limit N"))
    }

    @Test("A bit that flipped is found by --full alone")
    func flippedBit() throws {
        let shop = try Shop()
        try fill(shop)
        let url = URL(fileURLWithPath: shop.lake + "/" + shop.files()[1])
        var content = try Data(contentsOf: url)
        content[content.count / 2] ^= 4
        try content.write(to: url)
        #expect(try verify(shop, status: 0).verdict == "fine")
        let full = try verify(shop, "--full", status: 3)
        #expect(full.datasets[0].problems.map(\.kind).first == "checksum")
        #expect(full.datasets[0].problems.allSatisfy { $0.key == shop.files()[1] })
    }

    @Test("A row taken out of a file, the log changed with it, is missing by name")
    func missingRow() throws {
        let shop = try Shop()
        try fill(shop)
        let key = shop.files()[1]
        let path = shop.lake + "/" + key
        let script = """
            import hashlib, json, os, subprocess, sys
            path = sys.argv[1]
            lines = subprocess.run(['zstd', '-dcq', path], capture_output=True, check=True).stdout.split(b'\\n')[:-1]
            gone = json.loads(lines.pop(3))['event_id']
            raw = b'\\n'.join(lines) + b'\\n'
            packed = subprocess.run(['zstd', '-cq'], input=raw, capture_output=True, check=True).stdout
            open(path, 'wb').write(packed)
            print(json.dumps([gone, str(len(packed)), str(len(raw)), hashlib.sha256(packed).hexdigest()]))
            """
        let answer = try DuckDB.python(script, arguments: [path])
        let facts = try JSONDecoder().decode([String].self, from: Data(answer.utf8))
        try rewriteLog(shop) { added in
            for index in added.indices where added[index]["key"] as? String == key {
                added[index]["rows"] = (added[index]["rows"] as? Int ?? 0) - 1
                added[index]["bytes"] = Int(facts[1])
                added[index]["rawBytes"] = Int(facts[2])
                added[index]["sha256"] = facts[3]
            }
        }
        let full = try verify(shop, "--full", status: 3)
        #expect(full.datasets[0].problems.isEmpty)
        let differences = try #require(full.datasets[0].comparison).differences
        #expect(differences.count == 1)
        #expect(differences[0].missing.map(\.key) == [[facts[0]]] && differences[0].isComplete)
        #expect(differences[0].missing.first?.leafName == "public.events")
        #expect(differences[0].extra.isEmpty && differences[0].repeated.isEmpty)
        let certificate = try certify(shop, "public.events", status: 3)
        #expect(!certificate.isSafe && certificate.reasons == ["1 row of it is not in the lake."])
    }

    @Test("A file that the log names twice makes its rows repeated; rows deleted in the source are extra")
    func repeatedAndExtra() throws {
        let shop = try Shop()
        try fill(shop)
        let key = shop.files()[2]
        try rewriteLog(shop) { added in added += added.filter { $0["key"] as? String == key } }
        let gone = try shop.sql(
            "DELETE FROM events WHERE event_id IN (SELECT min(event_id::text)::uuid FROM events GROUP BY occurred_at) RETURNING event_id"
        ).split(separator: "\n").map(String.init).sorted()
        #expect(gone.count == 3)
        let full = try verify(shop, "--full", "--limit", "1000", status: 3)
        let differences = try #require(full.datasets[0].comparison).differences
        #expect(differences.count == 3)
        #expect(differences.flatMap(\.extra).compactMap { $0.key[0] }.sorted() == gone)
        let repeated = differences.flatMap(\.repeated)
        #expect(repeated.count == 99 && repeated.allSatisfy { $0.inSource == 1 && $0.inLake == 2 })
        #expect(differences.allSatisfy { $0.missing.isEmpty && $0.isComplete })
        // What is in the lake beyond the source does not keep anybody from dropping it.
        let certificate = try certify(shop, "events", status: 0)
        #expect(certificate.isSafe && certificate.rowsInSource == 297 && certificate.rowsInLake == 400)
        #expect(certificate.notes.contains { $0.contains("more than once") })
    }

    private static let partitioned = """
        CREATE TABLE events (event_id uuid NOT NULL DEFAULT gen_random_uuid(), event_type text,
            occurred_at timestamptz NOT NULL, payload jsonb) PARTITION BY RANGE (occurred_at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-11-01Z') TO ('2026-11-02Z');
        CREATE TABLE "Events.2" PARTITION OF events FOR VALUES FROM ('2026-11-02Z') TO ('2026-11-04Z');
        """

    @Test("Detach, verify, drop: a leaf is certified, also under its name alone; then it is out of the comparison")
    func detachVerifyDrop() throws {
        let shop = try Shop(table: Self.partitioned)
        try fill(shop)
        let attached = try certify(shop, "events_1", status: 0)
        #expect(attached.isSafe && attached.notes.contains { $0.contains("Detach it first") })
        try shop.sql("ALTER TABLE events DETACH PARTITION events_1")
        let certificate = try certify(shop, "public.events_1", status: 0)
        #expect(certificate.isSafe && certificate.notes.isEmpty && certificate.rowsInSource == 100)
        #expect(certificate.rowsInLake == 100 && certificate.sourceFingerprint == certificate.lakeFingerprint)
        let text = try shop.tidemark("verify", "--partition", "events_1")
        #expect(text.output.contains("SAFE TO DROP") && text.output.contains(certificate.lakeFingerprint))
        for name in ["Events.2", "\"Events.2\""] {
            let odd = try Tidemark.run(["verify", shop.pipeline, "--partition", name], shop.environment)
            #expect(odd.status == 0, "\(name): \(odd.all)")
        }
        try shop.sql("DROP TABLE events_1")
        let full = try verify(shop, "--full", status: 0)
        let sides = try #require(full.datasets[0].comparison)
        #expect(sides.gone.leaves == ["public.events_1"] && sides.gone.rows == 100 && sides.rowsInSource == 200)
        let late = try shop.tidemark("verify", "--partition", "events_1")
        #expect(late.status == 1 && late.errors.contains("dropped since"), "\(late.all)")
        let parent = try shop.tidemark("verify", "--partition", "events")
        #expect(parent.status == 2 && parent.errors.contains("one of its partitions"), "\(parent.all)")
    }

    @Test("A leaf is not safe to drop while rows are newer than the last run, or somebody still writes to it")
    func notSafe() throws {
        let shop = try Shop(table: Self.partitioned)
        try shop.insert(3)
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql("CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2026-11-04Z') TO ('2026-11-05Z')")
        #expect(try certify(shop, "events_3", status: 3).reasons == ["It has never been exported: run first."])
        try shop.insert(9, from: 100)
        let newer = try certify(shop, "events_1", status: 3)
        #expect(newer.newer == 3 && newer.reasons == ["3 rows landed after the last run: run again."])
        #expect(try shop.tidemark("run").status == 0)
        #expect(try certify(shop, "events_1", status: 0).isSafe)
        let writer = try Session(shop)
        try writer.send("BEGIN; INSERT INTO events (event_type, occurred_at) VALUES ('late', '2026-11-01 05:00Z');")
        let open = try certify(shop, "events_1", status: 3)
        #expect(open.reasons.count == 1 && open.reasons[0].contains("open transaction"), "\(open.reasons)")
        #expect(try certify(shop, "Events.2", status: 0).isSafe, "only the leaf that was written to is held back")
        try writer.send("PREPARE TRANSACTION 'late';")
        let prepared = try certify(shop, "events_1", status: 3)
        #expect(prepared.reasons.contains { $0.contains("prepared transaction 'late'") }, "\(prepared.reasons)")
        try writer.send("COMMIT PREPARED 'late';")
        try writer.end()
        #expect(try certify(shop, "events_1", status: 3).newer == 1)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try certify(shop, "events_1", status: 0).rowsInSource == 5)
    }

    @Test("A row that was moved to another leaf by an UPDATE is the same row there")
    func movedRow() throws {
        let shop = try Shop(table: Self.partitioned)
        try fill(shop, 30)
        try shop.sql(
            "UPDATE events SET occurred_at = '2026-11-02 07:00Z' WHERE event_id = (SELECT min(event_id::text)::uuid FROM events_1)"
        )
        let full = try verify(shop, "--full", status: 3)
        // The old version is in the lake, the new one comes with the next run.
        let differences = try #require(full.datasets[0].comparison).differences
        #expect(differences.map(\.partition) == ["event_date=2026-11-01"] && differences[0].extra.count == 1)
    }

    @Test("CSV with settings that changed between runs, several key columns, NULLs and texts that need quotes")
    func formats() throws {
        func dataset(_ csv: String?, _ compression: String, by unit: String = "month") -> String {
            """
            events:
                table: public.events
                key: [tenant, n, at, note]
                partition_by: [{column: tenant}, {column: at, by: \(unit)}]
                format: \(csv == nil ? "ndjson" : "csv")
                compression: {codec: \(compression)}
                chunk: {rows: 7}
            """ + (csv.map { "\n    csv: \($0)" } ?? "")
        }
        let shop = try Shop(
            table: """
                CREATE TABLE events (tenant text, n numeric, at timestamp, note text, doc jsonb);
                CREATE FUNCTION fill(seed int) RETURNS void LANGUAGE sql AS $$
                    INSERT INTO events SELECT nullif('t ' || i % 3, 't 2'), i / 8.0 + seed, '2026-11-29 12:00'::timestamp + i * interval '1 hour',
                        (ARRAY[NULL, '', '\\N', 'a,b', 'say "hi"', E'two\\nlines', ';', E'\\\\.', 'é'])[1 + i % 9],
                        jsonb_build_object('note', E'x"\\n,')
                    FROM generate_series(1, 90) i $$;
                """,
            dataset: dataset("{header: true}", "zstd"))
        for (index, (csv, compression)) in [
            ("{header: true}", "zstd"), ("{header: false, delimiter: ';'}", "none"), ("{null: '\\N'}", "zstd"),
            (nil, "zstd"),
        ].enumerated() {
            try shop.write(pipeline: dataset(csv, compression))
            try shop.sql("SELECT fill(\(index * 1_000))")
            let run = try shop.tidemark("run")
            #expect(run.status == 0, "\(run.all)")
        }
        let full = try verify(shop, "--full", status: 0)
        let sides = try #require(full.datasets[0].comparison)
        #expect(sides.rowsInLake == 360 && sides.rowsInSource == 360 && sides.partitions > 3)
        try shop.sql("DELETE FROM events WHERE n = 1000.125")
        let different = try verify(shop, "--full", status: 3)
        let extra = try #require(different.datasets[0].comparison).differences.flatMap(\.extra)
        #expect(extra.map(\.key) == [["t 1", "1000.12500000000000000000", "2026-11-29T13:00:00.000000Z", ""]])
        // Another layout of folders: rows are compared all the same, not by partition.
        try shop.write(pipeline: dataset(nil, "zstd", by: "day"))
        let moved = try verify(shop, "--full", status: 3)
        #expect(moved.datasets[0].comparison?.partitions == 1)
        #expect(moved.datasets[0].comparison?.differences.map(\.partition) == [""])
        #expect(moved.datasets[0].notes.contains { $0.contains("partition_by") })
    }

    @Test(
        "Thousands of differing rows are found bucket by bucket, a bounded number of keys at once",
        arguments: [40, 700])
    func buckets(keysAtOnce: Int64) throws {
        let shop = try Shop()
        try fill(shop, 9_000)
        let all = try shop.sql("SELECT event_id FROM events").split(separator: "\n").map(String.init)
        let deleted = try shop.sql(
            "DELETE FROM events WHERE (payload->>'n')::int % 300 < 7 RETURNING event_id"
        ).split(separator: "\n").map(String.init).sorted()
        let spec = try PipelineSpec.load(file: shop.pipeline, environment: shop.environment)
        let verifier = try Verifier(spec: spec, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        verifier.keysAtOnce = keysAtOnce
        let extra = try verifier.full(limit: VerifyLimit(perPartition: 1_000))
        let differences = try #require(extra.datasets[0].comparison).differences
        #expect(differences.flatMap(\.extra).compactMap { $0.key[0] }.sorted() == deleted)
        #expect(differences.allSatisfy { $0.isComplete && $0.missing.isEmpty && $0.repeated.isEmpty })
        let few = try verifier.full(limit: VerifyLimit(perPartition: 2))
        #expect(
            try #require(few.datasets[0].comparison).differences.allSatisfy { $0.extra.count == 2 && !$0.isComplete })
        // The other way round: a file is lost, and a repair asks for all that is missing, but for a limit.
        let lost = shop.files()[0]
        let inLost = try DuckDB.query("SELECT event_id FROM read_json('\(shop.lake)/\(lost)')").compactMap { $0[0] }
        try FileManager.default.removeItem(atPath: shop.lake + "/" + lost)
        let missing = try verifier.full(limit: .repair).missingKeys
        #expect(missing.compactMap { $0.key[0] }.sorted() == inLost.filter { !deleted.contains($0) }.sorted())
        #expect(missing.allSatisfy { $0.dataset == "events" && all.contains($0.key[0] ?? "") && $0.leaf > 0 })
        let bounded = VerifyLimit(perPartition: 100_000, total: 100, isThorough: true)
        #expect(try verifier.full(limit: bounded).missingKeys.count <= 100)
    }

    @Test("What `initial` leaves out is not missed; snapshots and time cursors are read, not compared")
    func otherKinds() throws {
        let shop = try Shop()
        try shop.insert(90)
        try shop.write(pipeline: Shop.dataset + "\n    initial: {from: 2026-11-02}")
        #expect(try shop.tidemark("run").status == 0)
        // Late rows of any time belong to the lake.
        try shop.insert(30, from: 200)
        #expect(try shop.tidemark("run").status == 0)
        let sides = try #require(try verify(shop, "--full", status: 0).datasets[0].comparison)
        #expect(sides.rowsInSource == 90 && sides.rowsInLake == 90)
        let certificate = try certify(shop, "events", status: 0)
        #expect(certificate.rowsInSource == 120 && certificate.leftOut == 30)
        try shop.write(
            pipeline: Shop.dataset + """
                \n    initial: {from: 2026-11-02}
                countries:
                    {table: public.countries, key: code, mode: snapshot}
                times:
                    {table: public.times, key: n, cursor: {mode: column, column: at, settle: 0s}}
                """)
        try shop.sql(
            """
            CREATE TABLE countries (code text); INSERT INTO countries VALUES ('CH'), ('DE');
            CREATE TABLE times (n int, at timestamptz); INSERT INTO times VALUES (1, now() - interval '1 hour');
            """)
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
        let full = try verify(shop, "--full", status: 0)
        #expect(full.datasets.map { $0.comparison == nil } == [false, true, true])
        #expect(full.datasets[1].notes.contains { $0.contains("snapshot") })
        try FileManager.default.removeItem(atPath: shop.lake + "/" + shop.files("countries")[0])
        #expect(
            try verify(shop, "--full", "--dataset", "countries", status: 3).datasets[0].problems.map(\.kind) == [
                "missing"
            ])
        #expect(try verify(shop, "--full", "--dataset", "events", status: 0).datasets.count == 1)
    }

    @Test(
        "A table that was rewritten with new transaction ids cannot be compared, and says so; VACUUM FULL does no harm")
    func rewritten() throws {
        let shop = try Shop()
        try fill(shop)
        try shop.sql("VACUUM FULL events")
        #expect(try verify(shop, "--full", status: 0).datasets[0].comparison?.rowsInSource == 300)
        try shop.sql("ALTER TABLE events ADD COLUMN seen timestamptz DEFAULT clock_timestamp()")
        let full = try verify(shop, "--full", status: 1)
        #expect(full.datasets[0].unchecked.contains { $0.contains("rewritten") })
        #expect(try certify(shop, "events", status: 3).newer == 300)
    }

    @Test("`where` is applied to the source, and the certificate says how many rows it leaves out")
    func filter() throws {
        let shop = try Shop(dataset: Shop.dataset + "\n    where: \"event_type <> 'order_paid' -- no payments\"")
        try fill(shop)
        let sides = try #require(try verify(shop, "--full", status: 0).datasets[0].comparison)
        #expect(sides.rowsInSource == 150 && sides.rowsInLake == 150)
        let certificate = try certify(shop, "events", status: 0)
        #expect(certificate.rowsInSource == 300 && certificate.leftOut == 150 && certificate.rowsInLake == 150)
        #expect(certificate.notes.contains { $0.contains("left out on purpose") })
    }

    @Test("A dataset whose key is not in its files is said to be unverified, with exit code 1")
    func keyNotInFiles() throws {
        let shop = try Shop(dataset: Shop.dataset + "\n    exclude: event_id")
        try fill(shop)
        let full = try verify(shop, "--full", status: 1)
        #expect(full.verdict == "incomplete" && full.datasets[0].comparison == nil)
        #expect(full.datasets[0].unchecked.contains { $0.contains("is not in its files") })
        #expect(try verify(shop, status: 0).verdict == "fine")
        let outcome = try shop.tidemark("verify", "--partition", "events")
        #expect(outcome.status == 1 && outcome.errors.contains("is not in its files"), "\(outcome.all)")
    }

    @Test("Rows that came later than the floor of a clients' clock are found missing, and --repair exports just those")
    func repair() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_type text,
                    occurred_at timestamptz NOT NULL, payload jsonb);
                CREATE INDEX ON events (occurred_at);
                """,
            dataset: Shop.dataset + "\n    prune: {column: occurred_at, lookback: 1h, client_time: true}")
        try shop.insert(50)
        #expect(try shop.tidemark("run").status == 0)
        // Its floor is the run's time less an hour: these come a day too late.
        try shop.sql(
            """
            INSERT INTO events (event_type, occurred_at) SELECT 'late', now() - interval '1 day' FROM generate_series(1, 5000);
            INSERT INTO events (event_type, occurred_at) SELECT 'in time', now() FROM generate_series(1, 3);
            """)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.liveIDs().count == 53)
        let found = try verify(shop, "--full", status: 3)
        #expect(found.verdict == "different")
        let outcome = try shop.tidemark("verify", "--repair")
        #expect(outcome.status == 0 && outcome.output.contains("committed 5,000 rows"), "\(outcome.all)")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(try verify(shop, "--full", status: 0).verdict == "fine")
        let again = try shop.tidemark("verify", "--repair")
        #expect(again.status == 0 && again.output.contains("nothing to repair"), "\(again.all)")
        #expect(try shop.tidemark("status").output.contains("repair"))
        #expect(try shop.tidemark("run").output.contains("nothing new"))
    }

    @Test("Files in an object store are looked up and read like those in a folder")
    func objectStore() throws {
        let server = try MotoServer.shared
        let bucket = try server.newBucket()
        let shop = try Shop()
        try shop.write(
            pipeline: Shop.dataset,
            destination: "{url: \"s3://\(bucket)/night\", endpoint: \"\(server.endpoint)\", path_style: true}")
        try shop.insert(600)
        #expect(try shop.tidemark("run", environment: server.environment).status == 0)
        for arguments in [["verify"], ["verify", "--full"], ["verify", "--partition", "events"]] {
            let outcome = try Tidemark.run(
                arguments + [shop.pipeline], shop.environment.merging(server.environment) { $1 })
            #expect(outcome.status == 0, "\(outcome.all)")
        }
        _ = try DuckDB.python(
            """
            import boto3, botocore.config, sys
            endpoint, key, secret, bucket = sys.argv[1:5]
            s3 = boto3.client('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret,
                region_name='us-east-1', config=botocore.config.Config(s3={'addressing_style': 'path'}))
            keys = [o['Key'] for o in s3.list_objects_v2(Bucket=bucket, Prefix='night/events/')['Contents']]
            s3.delete_object(Bucket=bucket, Key=keys[0])
            s3.put_object(Bucket=bucket, Key=keys[1], Body=b'')
            """, arguments: [server.endpoint, MotoServer.accessKeyID, MotoServer.secretAccessKey, bucket])
        for (mode, kinds) in [("--limit=20", ["missing", "size"]), ("--full", ["missing", "size", "unreadable"])] {
            let outcome = try Tidemark.run(
                ["verify", shop.pipeline, "--json", mode], shop.environment.merging(server.environment) { $1 })
            #expect(outcome.status == 3, "\(outcome.all)")
            let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
            #expect(report.datasets[0].problems.map(\.kind) == kinds)
        }
    }

    @Test("Names that do not exist are told with what there is")
    func names() throws {
        let shop = try Shop()
        try fill(shop, 3)
        let dataset = try shop.tidemark("verify", "--dataset", "orders")
        #expect(dataset.status == 2 && dataset.errors.contains("It has: events"), "\(dataset.all)")
        let leaf = try shop.tidemark("verify", "--partition", "nothing")
        #expect(leaf.status == 1 && leaf.errors.contains("no such table"), "\(leaf.all)")
    }
}
