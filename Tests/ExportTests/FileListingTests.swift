import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import TestSupport
import Testing

@testable import Export

@Suite("Lists of files for other programs")
struct FileListingTests {
    private func listing(_ lake: TestLake, since: Int? = nil, _ dataset: String? = nil) throws -> FileListing {
        try FileListing(
            LakeReader(store: lake.store, pipeline: "shop"), known: ["events"], since: since, dataset: dataset)
    }

    private func spec(_ datasets: String...) throws -> PipelineSpec {
        PipelineSpec(
            name: "shop", file: "x.yaml", source: SourceSpec(url: Secret("")),
            destination: DestinationSpec(url: "file:/x"),
            datasets: datasets.map { DatasetSpec(name: $0, table: TableName(schema: "public", name: $0), key: ["id"]) })
    }

    @Test("A reader that asks from version to version gets each file once, and `through` is what to ask from next")
    func increments() throws {
        let lake = try TestLake()
        var got: [String] = []
        var through = 0
        for count in [2, 0, 3, 1] {
            let new = count == 0 ? [] : try lake.run(chunks: count, writes: false)
            let listing = try listing(lake, since: through)
            #expect(listing.added.map(\.key) == new)
            #expect(listing.replaces.isEmpty)
            got += listing.added.map(\.key)
            through = listing.through
        }
        #expect(try got == lake.read())
        #expect(try listing(lake).added.map(\.key) == got)
        #expect(try listing(lake, since: 0).added.map(\.key) == got)
        #expect(through == 6)
        #expect(throws: ExportError.self) { try listing(lake, since: 7) }
        #expect(try listing(lake, since: 6).paths() == "")
    }

    @Test("Each file has what a loader needs: address, size, rows, checksum, schema, version, partition")
    func fields() throws {
        let lake = try TestLake()
        let run = try lake.open()
        let key =
            "events/country=%C3%A5%2F1/day=__HIVE_DEFAULT_PARTITION__/\(ChunkName(run: run, unit: 1, chunk: 1, attempt: 1)).csv"
        _ = try TestLake.append(TestLake.commit(run, added: [key]), to: lake.log)
        let file = try #require(try listing(lake).added.first)
        #expect(file.url == "\(lake.root)/\(key)")
        #expect(file.partition == ["country": "å/1", "day": String?.none])
        #expect(file.rows == 3 && file.bytes == 5 && file.sha256 == "ab" && file.schema == 1 && file.version == 2)
        #expect(FileListing.url("a/b=%20", location: "s3://lake/x y") == "s3://lake/x y/a/b=%20")
        let text = String(decoding: try JSONEncoder().encode(file), as: UTF8.self)
        #expect(text.contains(#""day":null"#))
    }

    @Test("Rewritten rows come under `replaces`, once, with what to take out and what to take in")
    func replacements() throws {
        let lake = try TestLake()
        let old = try lake.run(chunks: 2, writes: false)
        let since = lake.log.state.version
        let fresh = try lake.run(chunks: 2, writes: false)
        // A backfill takes one old file and one that came within the range; a second one takes the first one's.
        let first = try lake.run(chunks: 2, removing: [old[0], fresh[0]], writes: false)
        let second = try lake.run(removing: [first[1]], writes: false)
        let listing = try listing(lake, since: since)
        #expect(listing.added.map(\.key) == [fresh[1]])
        let replacement = try #require(listing.replaces.first)
        #expect(listing.replaces.count == 1)
        #expect(replacement.removed.map(\.key) == [old[0]])
        #expect(replacement.added.map(\.key) == [first[0]] + second)
        // Who does as told has what is there.
        var had = Set(old)
        had.subtract(replacement.removed.map(\.key))
        had.formUnion(replacement.added.map(\.key))
        had.formUnion(listing.added.map(\.key))
        #expect(try had == Set(lake.read()))
        for body in [{ _ = try listing.paths() }, { _ = try listing.redshift(of: try spec("events"), dataset: nil) }] {
            let error = #expect(throws: ExportError.self) { try body() }
            #expect(error?.kind == .configuration)
            #expect(error?.hint?.contains("--format json") == true)
        }
    }

    @Test("Rows that were rewritten before anybody read them are new, and other datasets of the commit are no rewrite")
    func rewrittenUnseen() throws {
        let lake = try TestLake()
        try lake.run(writes: false)
        let since = lake.log.state.version
        let unseen = try lake.run(chunks: 2, writes: false)
        let rewritten = try lake.run(removing: unseen, writes: false)
        let listing = try listing(lake, since: since)
        #expect(listing.replaces.isEmpty)
        #expect(listing.added.map(\.key) == rewritten)

        // An export writes a snapshot anew and adds to the events in one commit.
        let snapshot = try lake.open()
        _ = try TestLake.append(
            TestLake.commit(snapshot, added: [TestLake.key(snapshot, in: "customers"), TestLake.key(snapshot)]),
            to: lake.log)
        let from = lake.log.state.version
        let run = try lake.open()
        let added = [TestLake.key(run, in: "customers"), TestLake.key(run)]
        _ = try TestLake.append(
            TestLake.commit(run, added: added, removed: [TestLake.key(snapshot, in: "customers")]), to: lake.log)
        let events = try self.listing(lake, since: from, "events")
        #expect(events.added.map(\.key) == [added[1]] && events.replaces.isEmpty)
        let both = try self.listing(lake, since: from)
        #expect(both.added.map(\.key) == [added[1]])
        #expect(both.replaces.map(\.dataset) == ["customers"])
        #expect(both.replaces[0].added.map(\.key) == [added[0]])
    }

    @Test("Any sequence of commits, read in any steps, leaves a reader with the live files", arguments: 1...10)
    func anySteps(seed: Int) throws {
        var random = Numbers(state: UInt64(seed))
        let lake = try TestLake()
        var had: Set<String> = []
        var through = 0
        for _ in 0..<40 {
            let live = try lake.read()
            let removing =
                Bool.random(using: &random) ? live.filter { _ in Int.random(in: 0..<5, using: &random) == 0 } : []
            try lake.run(chunks: Int.random(in: 1...4, using: &random), removing: removing, writes: false)
            guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
            let listing = try listing(lake, since: through)
            for replacement in listing.replaces {
                #expect(had.isSuperset(of: replacement.removed.map(\.key)))
                had.subtract(replacement.removed.map(\.key))
                had.formUnion(replacement.added.map(\.key))
            }
            #expect(had.isDisjoint(with: listing.added.map(\.key)))
            had.formUnion(listing.added.map(\.key))
            through = listing.through
            #expect(try had == Set(lake.read()))
        }
    }

    @Test("Redshift's manifest has each file as mandatory, with its size; of one dataset only")
    func redshift() throws {
        let lake = try TestLake()
        let keys = try lake.run(chunks: 2, writes: false)
        let text = try listing(lake).redshift(of: spec("events"), dataset: nil)
        struct Manifest: Decodable {
            struct Entry: Decodable {
                let url: String
                let mandatory: Bool
                let meta: [String: Int]
            }
            let entries: [Entry]
        }
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(text.utf8))
        #expect(manifest.entries.map(\.url) == keys.map { "\(lake.root)/\($0)" })
        #expect(manifest.entries.allSatisfy { $0.mandatory && $0.meta == ["content_length": 5] })
        let error = #expect(throws: ExportError.self) {
            try listing(lake).redshift(of: spec("events", "customers"), dataset: nil)
        }
        #expect(error?.hint?.contains("--dataset") == true)
        #expect(throws: ExportError.self) { try listing(lake, "nonesuch") }
    }

    @Test("Symlink manifests name each partition's files; those of partitions that are gone vanish, other files stay")
    func symlinks() throws {
        let lake = try TestLake()
        let first = try lake.run(chunks: 2, day: 1, writes: false)
        let second = try lake.run(day: 2, writes: false)
        let folder = try TemporaryFolder()
        let out = folder.path("manifests")
        #expect(try listing(lake).writeSymlinks(to: out, of: spec("events"), dataset: nil) == 2)
        func text(_ day: Int) -> String? {
            try? String(contentsOfFile: "\(out)/event_date=2026-11-0\(day)/manifest", encoding: .utf8)
        }
        #expect(text(1) == first.map { "\(lake.root)/\($0)\n" }.joined())
        #expect(text(2) == "\(lake.root)/\(second[0])\n")
        try Data().write(to: URL(fileURLWithPath: "\(out)/event_date=2026-11-01/other"))
        try Data().write(to: URL(fileURLWithPath: "\(out)/manifest"))
        let moved = try lake.run(removing: first, day: 3, writes: false)
        #expect(try listing(lake).writeSymlinks(to: out, of: spec("events"), dataset: nil) == 2)
        #expect(text(1) == nil)
        #expect(text(3) == "\(lake.root)/\(moved[0])\n")
        #expect(FileManager.default.fileExists(atPath: "\(out)/event_date=2026-11-01/other"))
        #expect(FileManager.default.fileExists(atPath: "\(out)/manifest"))
    }

    @Test("However long the log is, changes take one request an entry and a dozen more")
    func requests() throws {
        let store = MemoryStore()
        let log = CommitLog(store: store, pipeline: "shop")
        for round in 0..<1_500 {
            let run = try TestLake.open(log)
            _ = try TestLake.append(TestLake.commit(run, added: [TestLake.key(run)]), to: log)
            if round.isMultiple(of: 100) { try log.writeCheckpoint() }
        }
        try log.writeCheckpoint()
        store.forgetRequests()
        let listing = try FileListing(
            LakeReader(store: store, pipeline: "shop"), known: ["events"], since: 2_980, dataset: nil)
        #expect(listing.added.count == 10)
        #expect(store.requests.count <= 20 + 12, "\(store.requests)")
        store.forgetRequests()
        let all = try FileListing(LakeReader(store: store, pipeline: "shop"), known: [], since: 0, dataset: nil)
        #expect(all.added.count == 1_500)
        #expect(store.requests.count <= 24, "\(store.requests)")
    }
}

private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
