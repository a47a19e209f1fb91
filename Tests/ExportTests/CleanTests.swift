import Foundation
import Lake
import ObjectStore
import Synchronization
import TestSupport
import Testing

@testable import Export

@Suite("clean removes what is nobody's, and nothing else")
struct CleanTests {
    static let day: Double = 86_400

    @Test("Files of lost attempts and abandoned runs, and results of ended runs go; all that counts stays")
    func removes() throws {
        let lake = try TestLake()
        let live = try lake.run(chunks: 3)
        let run = try #require(ChunkName(key: live[0])?.run)
        let lost = [TestLake.key(run, 9), TestLake.key(run, 1, attempt: 2)]
        for key in lost { try lake.write(key) }
        let abandoned = try lake.open()
        let quarantined = "_quarantine/" + TestLake.key(abandoned, 2)
        try lake.write(TestLake.key(abandoned), quarantined, Layout.plan(run: abandoned))
        _ = try TestLake.append(.abandon(LogEntry.Abandon(run: abandoned, reason: "tired")), to: lake.log)
        let open = try lake.open()
        try lake.write(
            TestLake.key(open), TestLake.key(open, attempt: 2), Layout.plan(run: open), Layout.unit(run: open, unit: 1))
        try lake.log.writeCheckpoint()

        let all = try lake.keys()
        let wanted = Set(lost + [TestLake.key(abandoned), quarantined, Layout.unit(run: run, unit: 1)])
        let dry = try lake.clean(dry: true)
        #expect(Set(dry.items.map(\.key)) == wanted)
        #expect(try lake.keys() == all, "a dry run removes nothing")
        let report = try lake.clean()
        #expect(Set(report.items.map(\.key)) == wanted)
        #expect(try lake.keys() == all.subtracting(wanted))
        #expect(report.totals[.file] == CleanReport.Total(count: 4, bytes: 20))
        #expect(report.totals[.result]?.count == 1)
        #expect(report.strange == 0)
        #expect(try lake.read() == live)
        #expect(try lake.clean().items.isEmpty, "once is enough")
    }

    @Test("What is younger than the grace stays, and is counted")
    func young() throws {
        let lake = try TestLake()
        try lake.run()
        let (old, young) = (TestLake.key(1, 8), TestLake.key(1, 9))
        try lake.write(old, young)
        try lake.age(old, 3 * Self.day)
        let report = try lake.clean(after: 0)
        #expect(report.items.map(\.key) == [old])
        #expect(report.young.count == 2, "the other file and the unit's result")
        #expect(try lake.keys().contains(young))
        #expect(try lake.clean(0, after: 1).items.count == 2)
    }

    @Test("Files that Tidemark did not name are reported and never touched, nor are those of runs that the log lacks")
    func strange() throws {
        let lake = try TestLake()
        try lake.run()
        let strange = [
            "events/notes.txt", "events/event_date=2026-11-01/1-1-1.ndjson.zst",
            "events/event_date=2026-11-01/000001-0001-0009.ndjson.zst.bak",
            "events/000001-0001-0009.parquet", "events/000001-0001-0009.a1.ndjson", "events/000001-0001-0009.a02.csv",
            "events/000001-0001.csv", "events/-00001-0001-0001.csv", "_quarantine/events/x.ndjson",
            // An older copy of the log may have been put back: these could be all that is left of later runs.
            TestLake.key(3), TestLake.key(999_999),
        ]
        for key in strange { try lake.write(key) }
        try lake.write("elsewhere/000001-0001-0009.ndjson.zst", "_tidemark/notes.txt", "_tidemark/run/0000000001/x/1")
        let before = try lake.keys()
        let report = try lake.clean()
        #expect(report.items.map(\.key) == [Layout.unit(run: 1, unit: 1)])
        #expect(Set(report.strangeNames) == Set(strange) && report.strange == strange.count)
        #expect(try lake.keys() == before.subtracting([Layout.unit(run: 1, unit: 1)]))
    }

    @Test("Names are read as they are written, and in no other way")
    func names() throws {
        for name in [
            ChunkName(run: 1, unit: 2, chunk: 3, attempt: 1),
            ChunkName(run: 1_234_567, unit: 12_345, chunk: 99_999, attempt: 12),
        ] {
            for suffix in [".ndjson", ".ndjson.zst", ".csv", ".csv.zst", ".csv.gz"] {
                let read = try #require(ChunkName(key: "a/b=1/\(name)\(suffix)"))
                #expect(read.description == name.description)
            }
        }
        for name in ["", ".csv", "a-b-c.csv", "000000-0001-0001.csv", "000001-0001-0001", "000001-0001-0001.csv."] {
            #expect(ChunkName(key: name) == nil, "\(name)")
        }
    }

    @Test(
        "What a commit removed stays for the grace, however old the file is; also for a grace beyond the state's memory"
    )
    func removed() throws {
        let lake = try TestLake()
        let old = try lake.run()
        try lake.age(old[0], 400 * Self.day)
        let new = try lake.run(removing: old)
        try lake.age(Layout.unit(run: 1, unit: 1), 400 * Self.day)
        try lake.log.writeCheckpoint()
        let first = try lake.clean(after: 0)
        #expect(first.items.map(\.key) == [Layout.unit(run: 1, unit: 1)])
        #expect(try lake.clean(30 * Self.day, after: 20 * Self.day).items.isEmpty)
        #expect(try lake.keys().isSuperset(of: old))
        let last = try lake.clean(after: 2 * Self.day)
        #expect(Set(last.items.map(\.key)) == Set(old + [Layout.unit(run: 3, unit: 1)]))
        #expect(try lake.read() == new)
    }

    @Test("A run that begins and is committed while the store is listed loses nothing, with no grace at all")
    func committedMeanwhile() throws {
        let lake = try TestLake()
        try lake.run()
        let early = try lake.open()
        try lake.write(TestLake.key(early))
        let root = lake.root
        let once = Mutex<[String: String]>([:])
        var store = HookedStore(inner: lake.store)
        // Another runner, with a view of the log of its own.
        @Sendable func runner() throws -> (CommitLog, DirectoryStore) {
            let store = DirectoryStore(root: root)
            let log = CommitLog(store: store, pipeline: "shop")
            try log.load()
            return (log, store)
        }
        store.beforeList = { prefix in
            guard prefix == "events/" else { return }
            do {
                let (log, store) = try runner()
                let open = try TestLake.open(log, kind: .backfill)
                let run = try TestLake.open(log, kind: .backfill)
                for run in [open, run] { try store.put(TestLake.key(run), [1], .none) }
                once.withLock { $0["\(run)"] = TestLake.key(run) }
            } catch { Issue.record(error) }
        }
        store.afterList = { prefix in
            guard prefix == "events/" else { return }
            do {
                let (log, _) = try runner()
                for (run, key) in once.withLock({ $0 }) {
                    _ = try TestLake.append(TestLake.commit(try #require(Int(run)), added: [key]), to: log)
                }
                _ = try TestLake.append(TestLake.commit(early, added: [TestLake.key(early)]), to: log)
            } catch { Issue.record(error) }
        }
        let report = try lake.clean(0, after: 1, store)
        #expect(report.items.map(\.key) == [Layout.unit(run: 1, unit: 1)])
        #expect(report.strange == 0)
        let live = try lake.read()
        #expect(live.count == 3)
        // And the file of a run that was opened meanwhile and goes on.
        #expect(try lake.keys("events/").subtracting(live) == [TestLake.key(4)])
    }

    @Test("Former checkpoints and pieces of the list go; the newest three, the hint's and what they name stay")
    func checkpoints() throws {
        let lake = try TestLake()
        for _ in 0..<12 {
            try lake.run(chunks: 120, writes: false)
            try lake.log.writeCheckpoint()
        }
        let live = try lake.read()
        let before = try lake.keys("_tidemark/checkpoint/")
        let report = try lake.clean()
        let after = try lake.keys("_tidemark/checkpoint/")
        #expect(before.count > 14 && after.count < before.count)
        #expect(after.filter { !$0.contains("files-") }.count == 3)
        #expect(report.totals[.checkpoint]?.count == 9)
        #expect((report.totals[.fileList]?.count ?? 0) > 0)
        #expect(try lake.read() == live)
        for number in [20, 22, 24] {
            try lake.store.put(Layout.latest, Array(#"{"checkpoint":\#(number),"format":1}"#.utf8), .none)
            #expect(try lake.read() == live, "from checkpoint \(number)")
        }
        // And the runs go on from there.
        try lake.run(chunks: 500, writes: false)
        try lake.log.writeCheckpoint()
        #expect(try lake.read().count == live.count + 500)
    }

    @Test(
        "Whoever began to read at a checkpoint within the grace can go on reading", arguments: [1, 3, 4, 8] as [UInt64])
    func slowReaders(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let lake = try TestLake()
        let now = Date()
        var age = 40 * Self.day
        var readers: [(age: Double, reader: LakeReader, live: [String])] = []
        // Runs in bursts and with pauses of days; the pieces of a checkpoint are as old as it, or older.
        while age > 0 {
            try lake.run(chunks: Int.random(in: 1...150, using: &random), writes: false)
            try lake.log.writeCheckpoint()
            for key in try lake.keys("_tidemark/checkpoint/") {
                if try #require(lake.store.head(key)?.modified) > now - 1 { try lake.age(key, age) }
            }
            // It has read the checkpoint, and reads the pieces of the list later.
            readers.append((age, try LakeReader(store: lake.store, pipeline: "shop"), try lake.read()))
            age -=
                Bool.random(using: &random)
                ? Double.random(in: 1...1000, using: &random) : Double.random(in: 0...3, using: &random) * Self.day
        }
        let report = try lake.clean(2 * Self.day, after: 0)
        #expect(report.totals[.checkpoint] != nil)
        for (index, reader) in readers.enumerated() {
            // The moment at which the next checkpoint took its place.
            let until = index + 1 < readers.count ? readers[index + 1].age : 0
            guard until < 2 * Self.day else { continue }
            #expect(try reader.reader.liveFiles().map(\.chunk.key) == reader.live)
        }
        #expect(try lake.read() == readers.last?.live)
    }

    @Test("A run that has been open for long writes its checkpoint from what it read at its beginning")
    func longRun() throws {
        let lake = try TestLake()
        for _ in 0..<5 {
            try lake.run(chunks: 150, writes: false)
            try lake.log.writeCheckpoint()
        }
        let slow = CommitLog(store: lake.store, pipeline: "shop")
        try slow.load()
        let run = try TestLake.open(slow)
        let key = TestLake.key(run)
        try lake.write(key)
        try lake.log.load()
        for _ in 0..<8 {
            try lake.run(chunks: 150, writes: false)
            try lake.log.writeCheckpoint()
        }
        let report = try lake.clean()
        #expect(report.totals[.checkpoint] != nil, "those before the run was opened may go")
        _ = try TestLake.append(TestLake.commit(run, added: [key]), to: slow)
        try slow.writeCheckpoint()
        let live = try lake.read()
        #expect(live.count == 13 * 150 + 1)
        #expect(Set(live).count == live.count)
        #expect(try slow.liveFiles().count == live.count)
    }

    @Test("Half-written files of writers that died are given up; those of open runs and of strangers are not")
    func uploads() throws {
        let lake = try TestLake()
        try lake.run()
        let open = try lake.open()
        let drafts = [
            TestLake.key(1, 7), "_tidemark/log/0000000009.json", TestLake.key(open), "events/notes.txt", "x/y",
            TestLake.key(99),
        ]
        for key in drafts { _ = try lake.store.startUpload(key) }
        let early = try lake.clean(0, after: 60)
        #expect(early.items.map(\.key).contains(TestLake.key(1, 7)))
        #expect(early.young.count == 1, "a state object may be on its way, whatever the grace")
        let report = try lake.clean(0)
        #expect(report.items.map(\.key) == ["_tidemark/log/0000000009.json"])
        #expect(report.items.allSatisfy { $0.kind == .upload })
        #expect(Set(report.strangeNames) == ["events/notes.txt", "x/y", TestLake.key(99)])
        #expect(try lake.store.listUploads("").count == 4)
    }

    @Test("A destination without a log is left alone, and another pipeline's is refused")
    func noLog() throws {
        let lake = try TestLake()
        try lake.write(TestLake.key(1))
        let report = try lake.clean(0)
        #expect(report.version == 0 && report.items.isEmpty)
        #expect(try lake.keys() == [TestLake.key(1)])
        try lake.run()
        let other = Clean(lake.store, pipeline: "billing", datasets: ["events"], grace: 0, now: Date() + 100)
        #expect(throws: LakeError.self) { try other.run(isDry: false) { _ in } }
    }

    @Test("A store that refuses to list or to delete says so; one that cannot list uploads is cleaned all the same")
    func refused() throws {
        let lake = try TestLake()
        try lake.run()
        try lake.write(TestLake.key(1, 9))
        @Sendable func error(_ status: Int) -> StoreError {
            StoreError(operation: "list", object: "s3://b", status: status, reason: "no", hint: "Grant it.")
        }
        for verb in ["list", "delete", "uploads"] {
            let store = HookedStore(inner: lake.store, refusal: { $0 == verb ? error(403) : nil })
            let thrown = #expect(throws: StoreError.self) { try lake.clean(store) }
            #expect(thrown?.hint == "Grant it.")
        }
        #expect(try lake.keys().contains(TestLake.key(1, 9)))
        let store = HookedStore(inner: lake.store, refusal: { $0 == "uploads" ? error(501) : nil })
        let report = try lake.clean(store)
        #expect(report.uploadsProblem?.contains("HTTP 501") == true)
        #expect(report.items.count == 2)
    }
}

extension TestLake {
    fileprivate func clean(_ store: any ObjectStore) throws -> CleanReport { try clean(86_400, after: 864_000, store) }
}

/// A small generator whose numbers are the same each time.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
