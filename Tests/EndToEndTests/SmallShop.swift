import Foundation
import TestSupport
import Testing

/// A shop whose runs are short: two datasets, three leaves, two workers. Each run may be given a lake of its own, so one
/// server serves tests that run the program very often.
final class SmallShop {
    let shop: Shop

    /// A destination.
    struct Lake {
        let url: String
        /// The folder, of a lake that lies in one.
        let folder: String?
        /// What a run needs to get there.
        let environment: [String: String]
    }

    init(rows: Int = 300) throws {
        shop = try Shop(
            table: """
                CREATE TABLE events (event_id bigint GENERATED ALWAYS AS IDENTITY, event_type text,
                    occurred_at timestamptz NOT NULL, payload jsonb) PARTITION BY LIST (event_type);
                CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
                CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
                CREATE TABLE orders (event_id bigint GENERATED ALWAYS AS IDENTITY, payload jsonb);
                """)
        try write()
        try insert(rows)
    }

    /// Writes the pipeline file, with a setting that can be changed.
    func write(level: Int = 3) throws {
        try shop.write(
            pipeline: """
                events:
                    table: public.events
                    key: event_id
                    flatten: [{column: payload}]
                    partition_by: [{column: occurred_at, by: day}]
                orders:
                    table: public.orders
                    key: event_id
                """,
            destination: "{url: \"${LAKE}\", grace: 0}", extra: "workers: 2\ndefaults: {compression: {level: \(level)}}"
        )
    }

    /// Adds rows to each dataset, in two leaves and two days of the one that has them.
    func insert(_ count: Int) throws {
        try shop.sql(
            """
            INSERT INTO events (event_type, occurred_at, payload)
                SELECT (ARRAY['a', 'b'])[1 + n % 2], timestamptz '2026-11-01Z' + n / 2 % 2 * interval '1 day',
                    jsonb_build_object('n', n) FROM generate_series(1, \(count)) n;
            INSERT INTO orders (payload) SELECT jsonb_build_object('n', n) FROM generate_series(1, \(count)) n;
            """)
    }

    // MARK: Lakes

    /// A lake in a folder that is not there yet.
    func lake() -> Lake {
        let folder = shop.folder + "/lake-\(UUID().uuidString.prefix(8))"
        return Lake(url: "file:" + folder, folder: folder, environment: [:])
    }

    /// A lake in a folder that begins as another is now.
    func copy(of lake: Lake) throws -> Lake {
        let copy = self.lake()
        try FileManager.default.copyItem(atPath: #require(lake.folder), toPath: #require(copy.folder))
        return copy
    }

    /// A lake in a bucket that nobody uses.
    static func lake(in server: RcloneServer) throws -> Lake {
        Lake(
            url: "s3://\(try server.newBucket())/\(UUID().uuidString.prefix(8))", folder: nil,
            environment: server.environment)
    }

    /// A lake in a bucket that nobody uses.
    static func lake(in server: MotoServer) throws -> Lake {
        Lake(
            url: "s3://\(try server.newBucket())/\(UUID().uuidString.prefix(8))", folder: nil,
            environment: server.environment)
    }

    // MARK: Runs

    /// Runs the program to its end.
    func tidemark(_ arguments: String..., to lake: Lake, _ more: [String: String] = [:]) throws -> Tidemark.Outcome {
        try tidemark(arguments, to: lake, more)
    }

    /// Runs the program to its end.
    func tidemark(_ arguments: [String], to lake: Lake, _ more: [String: String] = [:]) throws -> Tidemark.Outcome {
        try Tidemark.run(arguments + [shop.pipeline], environment(lake, more))
    }

    /// Starts the program.
    func start(_ arguments: String..., to lake: Lake, _ more: [String: String] = [:]) throws -> Tidemark.Running {
        try Tidemark.start(arguments + [shop.pipeline], environment(lake, more))
    }

    private func environment(_ lake: Lake, _ more: [String: String]) -> [String: String] {
        shop.environment.merging(["LAKE": lake.url]) { $1 }.merging(lake.environment) { $1 }.merging(more) { $1 }
    }

    /// Ends all sessions of the program; returns when the locks that its runs held are gone.
    func cutConnections() throws {
        try shop.sql(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tidemark%';
            DO $$ BEGIN
                WHILE EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory') LOOP PERFORM pg_sleep(0.01); END LOOP;
            END $$;
            """)
    }

    // MARK: What is in a lake

    /// What somebody finds in a lake who reads its files and its log, but not with the program.
    struct Contents: Decodable {
        /// The event ids in the files of each dataset, as somebody who globs reads them.
        let ids: [String: [Int]]
        /// The keys of all files of the datasets, sorted.
        let files: [String]
        /// The keys that the log's commits added and none removed, sorted.
        let committed: [String]
    }

    /// Checks that lakes hold each row of the tables once, in the files that were committed and no others.
    ///
    /// - Parameter lakes: the lakes, each with the circumstances.
    func expectWhole(_ lakes: [(lake: Lake, after: String)]) throws {
        let tables = try ["events", "orders"].map { name in
            (
                name,
                try shop.sql("SELECT event_id FROM \(name) ORDER BY 1").split(separator: "\n").compactMap { Int($0) }
            )
        }
        for (contents, after) in zip(try Self.contents(of: lakes.map(\.lake)), lakes.map(\.after)) {
            for (name, ids) in tables {
                let found = contents.ids[name] ?? []
                // Not the lists themselves, which would be printed.
                let (lost, repeated) = (Set(ids).subtracting(found).count, found.count - Set(found).count)
                let strange = Set(found).subtracting(ids).count
                #expect(lost == 0 && strange == 0 && repeated == 0, "\(name), \(ids.count) rows, after \(after)")
            }
            let (files, committed) = (Set(contents.files), Set(contents.committed))
            #expect(committed.subtracting(files).isEmpty, "committed files are gone after \(after)")
            #expect(files.subtracting(committed).isEmpty, "files that no commit names are left after \(after)")
        }
    }

    /// Reads lakes, all at once since Python takes its time to start.
    static func contents(of lakes: [Lake]) throws -> [Contents] {
        let input = lakes.map { lake in
            lake.environment.merging(["url": lake.url, "folder": lake.folder ?? ""]) { $1 }
        }
        let output = try DuckDB.python(script, input: String(decoding: JSONEncoder().encode(input), as: UTF8.self))
        return try JSONDecoder().decode([Contents].self, from: Data(output.utf8))
    }

    private static let script = """
        import json, os, subprocess, sys

        class Folder:
            def __init__(self, lake): self.root = lake['folder']
            def keys(self):
                for folder, _, names in os.walk(self.root):
                    for name in names: yield os.path.relpath(os.path.join(folder, name), self.root)
            def read(self, key):
                with open(os.path.join(self.root, key), 'rb') as file: return file.read()

        class Bucket:
            def __init__(self, lake):
                import boto3, botocore.config
                self.s3 = boto3.client('s3', endpoint_url=lake['AWS_ENDPOINT_URL'], region_name=lake['AWS_REGION'],
                    aws_access_key_id=lake['AWS_ACCESS_KEY_ID'], aws_secret_access_key=lake['AWS_SECRET_ACCESS_KEY'],
                    config=botocore.config.Config(s3={'addressing_style': 'path'}))
                self.bucket, self.prefix = lake['url'][len('s3://'):].split('/', 1)
            def keys(self):
                pages = self.s3.get_paginator('list_objects_v2').paginate(Bucket=self.bucket, Prefix=self.prefix + '/')
                for page in pages:
                    for item in page.get('Contents', []): yield item['Key'][len(self.prefix) + 1:]
            def read(self, key):
                return self.s3.get_object(Bucket=self.bucket, Key=self.prefix + '/' + key)['Body'].read()

        def contents(lake):
            store = Folder(lake) if lake['folder'] else Bucket(lake)
            ids, files, committed, removed = {}, [], set(), set()
            for key in store.keys():
                if key.startswith('_tidemark/log/'):
                    commit = json.loads(store.read(key))['change'].get('commit', {})
                    committed |= {chunk['key'] for chunk in commit.get('added', [])}
                    removed |= set(commit.get('removed', []))
                elif not key.startswith('_tidemark/'):
                    files.append(key)
            for dataset in {key.split('/')[0] for key in files}:
                # Frames that follow on each other are one text.
                packed = b''.join(store.read(key) for key in files if key.startswith(dataset + '/'))
                text = subprocess.run(['zstd', '-dcq'], input=packed, capture_output=True, check=True).stdout.decode()
                ids[dataset] = [json.loads(line)['event_id'] for line in text.split('\\n')[:-1]]
            return {'ids': ids, 'files': sorted(files), 'committed': sorted(committed - removed)}

        print(json.dumps([contents(lake) for lake in json.load(sys.stdin)]))
        """
}
