import Foundation
import TestSupport
import Testing

@Suite("The lake in an object store", .serialized)
struct S3Tests {
    private struct Store {
        let endpoint: String
        let key: String
        let secret: String
        let environment: [String: String]
        let bucket: String
    }

    private func rclone() throws -> Store {
        let server = try RcloneServer.shared
        return Store(
            endpoint: server.endpoint, key: RcloneServer.accessKeyID, secret: RcloneServer.secretAccessKey,
            environment: server.environment, bucket: try server.newBucket())
    }

    private func moto() throws -> Store {
        let server = try MotoServer.shared
        return Store(
            endpoint: server.endpoint, key: MotoServer.accessKeyID, secret: MotoServer.secretAccessKey,
            environment: server.environment, bucket: try server.newBucket())
    }

    enum Kind: String, CaseIterable { case rclone, moto }

    private func store(_ kind: Kind) throws -> Store { try kind == .rclone ? rclone() : moto() }

    /// The ids in the bucket's files, read through another S3 client and DuckDB.
    private func exportedIDs(_ store: Store) throws -> (ids: [String], keys: [String]) {
        let text = try DuckDB.python(
            """
            import boto3, botocore.config, json, os, subprocess, sys, tempfile
            endpoint, key, secret, bucket = sys.argv[1:5]
            s3 = boto3.client('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name='us-east-1',
                config=botocore.config.Config(s3={'addressing_style': 'path'}))
            ids, keys = [], []
            for page in s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix='night/events/'):
                for o in page.get('Contents', []):
                    keys.append(o['Key'])
                    body = s3.get_object(Bucket=bucket, Key=o['Key'])['Body'].read()
                    text = subprocess.run(['zstd', '-dcq'], input=body, capture_output=True, check=True).stdout.decode()
                    ids += [json.loads(l)['event_id'] for l in text.split('\\n')[:-1]]
            print(json.dumps([ids, keys]))
            """, arguments: [store.endpoint, store.key, store.secret, store.bucket])
        let both = try JSONDecoder().decode([[String]].self, from: Data(text.utf8))
        return (both[0], both[1])
    }

    private func shop(_ store: Store, part: String = "5MiB") throws -> Shop {
        let shop = try Shop()
        try shop.write(
            pipeline: Shop.dataset,
            destination:
                "{url: \"s3://\(store.bucket)/night\", endpoint: \"\(store.endpoint)\", path_style: true, part_size: \(part)}"
        )
        return shop
    }

    @Test(
        "Runs into rclone (no conditional PUT) and moto (conditional) hold every event once", arguments: Kind.allCases)
    func increments(kind: Kind) throws {
        let store = try store(kind)
        let shop = try shop(store)
        try shop.insert(5_000)
        let first = try shop.tidemark("run", environment: store.environment)
        #expect(first.status == 0, "\(first.all)")
        try shop.insert(50, from: 9_000)
        let second = try shop.tidemark("run", environment: store.environment)
        #expect(second.status == 0, "\(second.all)")
        let third = try shop.tidemark("run", environment: store.environment)
        #expect(third.output.contains("nothing new"), "\(third.all)")
        #expect(try exportedIDs(store).ids.sorted() == shop.tableIDs().sorted())
        let status = try shop.tidemark("status", environment: store.environment)
        #expect(status.status == 0 && status.output.contains("5,000"), "\(status.all)")
        #expect(!(first.all + second.all + status.all).contains(store.secret))
    }

    @Test("A chunk that is larger than a part goes up in parts and is whole", arguments: Kind.allCases)
    func multipart(kind: Kind) throws {
        let store = try store(kind)
        let shop = try shop(store)
        // About 12 MB that zstd cannot make smaller.
        try shop.sql(
            """
            INSERT INTO events (event_type, occurred_at, payload)
            SELECT 'big', '2026-11-01Z', jsonb_build_object('x', (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 100) i))
            FROM generate_series(1, 6000) n
            """)
        let outcome = try shop.tidemark("run", environment: store.environment)
        #expect(outcome.status == 0, "\(outcome.all)")
        let found = try exportedIDs(store)
        #expect(found.keys.count == 1)
        #expect(try found.ids.sorted() == shop.tableIDs().sorted())
    }

    @Test("After kill -9 the next run ends with every event once, and no other file", arguments: Kind.allCases)
    func killed(kind: Kind) throws {
        let store = try store(kind)
        let shop = try shop(store)
        try shop.insert(20_000, days: 40)
        for seconds in [0.5, 0.9] {
            let running = try Tidemark.start(
                ["run", shop.pipeline], shop.environment.merging(store.environment) { $1 })
            Thread.sleep(forTimeInterval: seconds)
            running.signal(SIGKILL)
            _ = try running.wait()
        }
        let next = try shop.tidemark("run", environment: store.environment)
        #expect(next.status == 0, "\(next.all)")
        let found = try exportedIDs(store)
        #expect(try found.ids.sorted() == shop.tableIDs().sorted())
    }

    @Test("A wrong secret key and an unreachable store fail with clear words, and no secret in them")
    func refused() throws {
        let store = try rclone()
        let shop = try shop(store)
        try shop.insert(5)
        var environment = store.environment
        environment["AWS_SECRET_ACCESS_KEY"] = "a-wrong-secret-key"
        let wrong = try shop.tidemark("run", environment: environment)
        #expect(wrong.status == 1, "\(wrong.all)")
        #expect(wrong.errors.contains("SignatureDoesNotMatch") && wrong.errors.contains(store.key), "\(wrong.errors)")
        #expect(!wrong.all.contains("a-wrong-secret-key"))
        try shop.write(
            pipeline: Shop.dataset,
            destination: "{url: \"s3://nowhere/x\", endpoint: \"http://127.0.0.1:1\", path_style: true}")
        let started = Date()
        let away = try shop.tidemark("run", environment: store.environment)
        #expect(away.status == 1 && away.errors.contains("127.0.0.1"), "\(away.all)")
        #expect(Date().timeIntervalSince(started) < 120, "it gives up in bounded time")
        let missing = try shop.tidemark("run", environment: ["AWS_ACCESS_KEY_ID": ""])
        #expect(missing.status == 1 && missing.errors.contains("AWS_ACCESS_KEY_ID"), "\(missing.all)")
    }
}
