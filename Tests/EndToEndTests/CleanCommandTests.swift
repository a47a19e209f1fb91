import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("tidemark clean")
struct CleanCommandTests {
    @Test("Beside runs that are killed at any moment, and with no grace at all, it takes nothing that counts")
    func besideRuns() throws {
        let shop = try Shop()
        try shop.insert(8_000, days: 20)
        #expect(try shop.tidemark("run").status == 0)
        let isOver = Mutex(false)
        let tally = Mutex((cleans: 0, removed: 0))
        let ended = DispatchSemaphore(value: 0)
        // A file of its own, as the other is written anew all the time.
        let (pipeline, environment) = (shop.folder + "/clean.yaml", shop.environment)
        try FileManager.default.copyItem(atPath: shop.pipeline, toPath: pipeline)
        Thread.detachNewThread {
            defer { ended.signal() }
            while !isOver.withLock({ $0 }) {
                do {
                    let outcome = try Tidemark.run(["clean", "--grace", "0", pipeline], environment)
                    #expect(outcome.status == 0, "\(outcome.all)")
                    tally.withLock { tally in
                        tally.cleans += 1
                        tally.removed += outcome.output.split(separator: "\n").count { $0.hasPrefix("removed file") }
                    }
                } catch { Issue.record(error) }
            }
        }
        let end = Date() + 12
        var from = 8_001
        while Date() < end {
            try shop.insert(3_000, from: from, days: 20)
            from += 3_000
            let running = try shop.start("run", "--quiet")
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.6))
            running.signal(SIGKILL)
            _ = try running.wait()
            // The dead run's plan does not fit any more, so that some are abandoned.
            let level = Int.random(in: 1...2)
            try shop.write(pipeline: Shop.dataset, extra: "defaults: {compression: {level: \(level)}}")
        }
        let last = try shop.tidemark("run", "--wait", "1m")
        #expect(last.status == 0, "\(last.all)")
        isOver.withLock { $0 = true }
        ended.wait()
        let final = try shop.tidemark("clean", "--grace", "0")
        #expect(final.status == 0, "\(final.all)")
        #expect(try shop.files() == shop.committedFiles())
        #expect(try shop.exportedIDsOfManyFiles().count == from - 1)
        #expect(tally.withLock(\.cleans) > 3)
        let drafts = (try? FileManager.default.contentsOfDirectory(atPath: shop.lake + "/_tidemark/tmp")) ?? []
        #expect(drafts.allSatisfy { $0.contains("_tidemark%2F") }, "those of state objects stay for an hour: \(drafts)")
        // The next run finds all that it needs.
        try shop.insert(10, from: from)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDsOfManyFiles().count == from + 9)
    }

    @Test(
        "In an object store it finds lost files and uploads, tells of them, and removes them",
        arguments: S3Kind.allCases)
    func objectStore(kind: S3Kind) throws {
        let store = try S3Place(kind)
        let shop = try Shop()
        try shop.write(pipeline: Shop.dataset, destination: store.destination)
        try shop.insert(300)
        #expect(try shop.tidemark("run", environment: store.environment).status == 0)
        let lost = "night/events/event_date=2026-11-01/000001-0001-0099.ndjson.zst"
        try store.python(
            """
            s3.put_object(Bucket=bucket, Key='\(lost)', Body=b'lost')
            s3.put_object(Bucket=bucket, Key='night/events/readme.txt', Body=b'mine')
            u = s3.create_multipart_upload(Bucket=bucket, Key='night/events/000001-0001-0098.ndjson.zst')
            s3.upload_part(Bucket=bucket, Key='night/events/000001-0001-0098.ndjson.zst', UploadId=u['UploadId'], PartNumber=1, Body=b'x')
            """)
        let before = try store.keys()
        let dry = try shop.tidemark("clean", "--dry-run", "--grace", "0", environment: store.environment)
        #expect(dry.status == 0, "\(dry.all)")
        #expect(dry.output.contains("would remove file events/event_date=2026-11-01/000001-0001-0099"), "\(dry.all)")
        #expect(dry.output.contains("would remove upload events/000001-0001-0098"), "\(dry.all)")
        #expect(dry.output.contains("1 are not Tidemark's") && dry.output.contains("events/readme.txt"), "\(dry.all)")
        #expect(try store.keys() == before)
        let young = try shop.tidemark("clean", environment: store.environment)
        #expect(young.status == 0 && young.output.contains("younger than 1d"), "\(young.all)")
        let outcome = try shop.tidemark("clean", "--json", "--grace", "0", environment: store.environment)
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.output.contains("000001-0001-0099") && !outcome.all.contains(store.secret))
        let gone = Set(before).subtracting(try store.keys())
        #expect(gone == [lost, "night/_tidemark/run/0000000001/unit/000001.json"])
        let again = try shop.tidemark("clean", "--grace", "0", environment: store.environment)
        #expect(again.output.contains("nothing to remove"), "\(again.all)")
        try shop.insert(5, from: 1_000)
        #expect(try shop.tidemark("run", environment: store.environment).status == 0)
    }

    @Test("A wrong grace is a usage error, and a lake that is not there yet is left alone")
    func usage() throws {
        let shop = try Shop()
        let wrong = try shop.tidemark("clean", "--grace", "soon")
        #expect(wrong.status == 2 && wrong.errors.contains("--grace soon"), "\(wrong.all)")
        let none = try shop.tidemark("clean")
        #expect(none.status == 0 && none.output.contains("there is no log"), "\(none.all)")
    }
}

@Suite("tidemark files")
struct FilesCommandTests {
    @Test("A job that asks from version to version reads every event once, with another reader")
    func increments() throws {
        let shop = try Shop()
        var through = 0
        var ids: [String] = []
        for round in 0..<3 {
            try shop.insert(100, from: 1 + 100 * round)
            #expect(try shop.tidemark("run").status == 0)
            let outcome = try shop.tidemark("files", "--since", "\(through)", "--format", "json")
            #expect(outcome.status == 0, "\(outcome.all)")
            let listing = try JSONDecoder().decode(Listing.self, from: Data(outcome.output.utf8))
            #expect(listing.added.reduce(0) { $0 + $1.rows } == 100)
            #expect(listing.added.allSatisfy { $0.url.contains("event_date=\($0.day)/") })
            ids += try read(listing.added.map(\.url))
            through = listing.through
        }
        #expect(try ids.sorted() == shop.tableIDs().sorted())
        let nothing = try shop.tidemark("files", "--since", "\(through)")
        #expect(nothing.status == 0 && nothing.output.isEmpty, "\(nothing.all)")
        let all = try shop.tidemark("files")
        #expect(try read(all.output.split(separator: "\n").map(String.init)).sorted() == shop.tableIDs().sorted())
        for arguments in [["--since", "99"], ["--since", "-1"], ["--dataset", "nonesuch"], ["--format", "symlink"]] {
            let wrong = try Tidemark.run(["files"] + arguments + [shop.pipeline], shop.environment)
            #expect(wrong.status == 2, "\(arguments): \(wrong.all)")
        }
    }

    @Test("After a backfill, paths refuse the range with exit code 2, and JSON says what to take out and in")
    func rewrites() throws {
        let shop = try Shop()
        try shop.insert(300)
        #expect(try shop.tidemark("run").status == 0)
        let before = Set(shop.files())
        let outcome = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-02")
        #expect(outcome.status == 0, "\(outcome.all)")
        let refused = try shop.tidemark("files", "--since", "2")
        #expect(refused.status == 2 && refused.errors.contains("--format json"), "\(refused.all)")
        let json = try shop.tidemark("files", "--since", "2", "--format", "json")
        let listing = try JSONDecoder().decode(Listing.self, from: Data(json.output.utf8))
        #expect(listing.added.isEmpty && listing.replaces.count == 1, "\(json.all)")
        let replacement = try #require(listing.replaces.first)
        #expect(before.isSuperset(of: replacement.removed.map(\.key)))
        #expect(replacement.added.reduce(0) { $0 + $1.rows } == 100)
        // The lake as a whole still has each event once, in any format.
        let paths = try shop.tidemark("files")
        #expect(try read(paths.output.split(separator: "\n").map(String.init)).sorted() == shop.tableIDs().sorted())
        let manifest = try shop.tidemark("files", "--format", "redshift")
        #expect(manifest.output.contains("\"mandatory\" : true") && manifest.output.contains("content_length"))
        let symlinks = try shop.tidemark("files", "--format", "symlink", "--output", shop.folder + "/links")
        #expect(symlinks.status == 0, "\(symlinks.all)")
        let link = try String(contentsOfFile: shop.folder + "/links/event_date=2026-11-01/manifest", encoding: .utf8)
        #expect(link == replacement.added.map { "\($0.url)\n" }.joined())
        // Replaced files are kept for readers, and then go.
        #expect(try shop.tidemark("clean").status == 0)
        #expect(before.isSubset(of: shop.files()))
        let clean = try shop.tidemark("clean", "--grace", "0")
        #expect(clean.status == 0, "\(clean.all)")
        #expect(
            Set(shop.files()) == before.subtracting(replacement.removed.map(\.key)).union(replacement.added.map(\.key)))
    }

    private struct Listing: Decodable {
        struct File: Decodable {
            let key: String
            let url: String
            let rows: Int
            let partition: [String: String?]
            var day: String { (partition["event_date"] ?? nil) ?? "" }
        }
        struct Removed: Decodable { let key: String }
        struct Replacement: Decodable {
            let removed: [Removed]
            let added: [File]
        }
        let added: [File]
        let replaces: [Replacement]
        let through: Int
    }

    private func read(_ urls: [String]) throws -> [String] {
        guard !urls.isEmpty else { return [] }
        let list = urls.map { "'\($0)'" }.joined(separator: ", ")
        return try DuckDB.query("SELECT event_id FROM read_json([\(list)], union_by_name = true)").compactMap { $0[0] }
    }
}

/// The kinds of object store that tests have.
enum S3Kind: String, CaseIterable, Sendable { case rclone, moto }

/// A bucket, and another client's eyes on it.
struct S3Place {
    let endpoint: String
    let key: String
    let secret: String
    let environment: [String: String]
    let bucket: String

    init(_ kind: S3Kind) throws {
        switch kind {
        case .rclone:
            let server = try RcloneServer.shared
            (endpoint, environment, bucket) = (server.endpoint, server.environment, try server.newBucket())
            (key, secret) = (RcloneServer.accessKeyID, RcloneServer.secretAccessKey)
        case .moto:
            let server = try MotoServer.shared
            (endpoint, environment, bucket) = (server.endpoint, server.environment, try server.newBucket())
            (key, secret) = (MotoServer.accessKeyID, MotoServer.secretAccessKey)
        }
    }

    /// The pipeline's setting.
    var destination: String { "{url: \"s3://\(bucket)/night\", endpoint: \"\(endpoint)\", path_style: true}" }

    /// Runs a script that finds the client as `s3` and the bucket's name as `bucket`.
    @discardableResult
    func python(_ script: String) throws -> String {
        let head = """
            import boto3, botocore.config, json, sys
            endpoint, key, secret, bucket = sys.argv[1:5]
            s3 = boto3.client('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name='us-east-1',
                config=botocore.config.Config(s3={'addressing_style': 'path'}, request_checksum_calculation='when_required'))

            """
        return try DuckDB.python(head + script, arguments: [endpoint, key, secret, bucket])
    }

    /// All keys in the bucket.
    func keys() throws -> [String] {
        let text = try python(
            "print(json.dumps([o['Key'] for p in s3.get_paginator('list_objects_v2').paginate(Bucket=bucket) for o in p.get('Contents', [])]))"
        )
        return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }
}
