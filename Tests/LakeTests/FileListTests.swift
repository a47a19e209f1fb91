import Foundation
import ObjectStore
import Synchronization
import TestSupport
import Testing

@testable import Lake

@Suite("The list of live files")
struct FileListTests {
    /// A log written through ``CommitLog``, and beside it the plainest possible fold: a list that each commit changes.
    private struct Model {
        let store: any ObjectStore
        let log: CommitLog
        var random: SplitMix
        var live: [LiveFile] = []

        init(store: any ObjectStore, seed: UInt64) throws {
            self.store = store
            log = CommitLog(store: store, pipeline: "shop")
            random = SplitMix(state: seed)
            try log.load()
        }

        /// Commits a run that adds some files and removes some of those that are there.
        mutating func commit(adds: ClosedRange<Int>, removes: Int) throws {
            let run = try Example.append(Example.open(), to: log)
            var commit = Example.commit(run: run)
            commit.added = (0..<Int.random(in: adds, using: &random)).map { Example.chunk(run: run, number: $0) }
            // Old and new ones alike, so that removals reach into every segment.
            var gone: [String] = []
            for _ in 0..<min(removes, live.count) {
                gone.append(live.remove(at: Int.random(in: 0..<live.count, using: &random)).chunk.key)
            }
            commit.removed = gone
            let entry = try Example.append(.commit(commit), to: log)
            live += commit.added.map { LiveFile(version: entry, chunk: $0) }
        }

        /// What a reader finds who begins at the newest checkpoint.
        func read() throws -> [LiveFile] {
            let reader = CommitLog(store: store, pipeline: "shop")
            try reader.load()
            return try reader.liveFiles()
        }
    }

    @Test(
        "Pieces of the list come to the same as folding all entries, whatever was added and removed and when",
        arguments: 1...12)
    func pieces(seed: Int) throws {
        let store = MemoryStore()
        var model = try Model(store: store, seed: UInt64(seed))
        var most = 0
        for _ in 0..<60 {
            // Small commits, now and then a large one, and backfills that remove many.
            let isLarge = Int.random(in: 0..<10, using: &model.random) == 0
            let isBackfill = Int.random(in: 0..<4, using: &model.random) == 0
            try model.commit(
                adds: isLarge ? 100...900 : 0...40,
                removes: isBackfill ? Int.random(in: 1...200, using: &model.random) : 0)
            if Int.random(in: 0..<3, using: &model.random) == 0 { try model.log.writeCheckpoint() }
            most = max(most, model.log.state.segments.count)
            if Int.random(in: 0..<6, using: &model.random) == 0 {
                #expect(try model.read() == model.live, "at entry \(model.log.state.version)")
            }
        }
        try model.log.writeCheckpoint()
        #expect(try model.read() == model.live)
        #expect(most >= 1, "the list was cut into pieces")
        let segments = model.log.state.segments
        for (former, next) in zip(segments, segments.dropFirst()) { #expect(next.from == former.through + 1) }
        #expect(segments.first?.from == 1)
        // From the log alone, without checkpoints.
        try store.delete(Layout.latest)
        #expect(try model.read() == model.live)
    }

    @Test("Two runners that append and write checkpoints at once leave a list that every reader reads whole")
    func twoRunners() throws {
        let store = MemoryStore()
        let removed = Mutex<Set<String>>([])
        let committed = Mutex<[String: Int]>([:])
        DispatchQueue.concurrentPerform(iterations: 4) { runner in
            do {
                if runner == 3 {
                    // A reader beside them: what it finds is never a torn list.
                    for _ in 0..<40 {
                        let before = committed.withLock { $0 }
                        let gone = removed.withLock { $0 }
                        let reader = CommitLog(store: store, pipeline: "shop")
                        try reader.load()
                        let keys = try reader.liveFiles().map(\.chunk.key)
                        #expect(Set(keys).count == keys.count)
                        let missing = Set(before.keys).subtracting(keys).subtracting(removed.withLock { $0 })
                        #expect(missing.isEmpty)
                        #expect(gone.isDisjoint(with: keys))
                    }
                    return
                }
                let log = CommitLog(store: store, pipeline: "shop")
                try log.load()
                var own: [String] = []
                for round in 0..<25 {
                    let run = try Example.append(Example.open("u-\(runner)-\(round)"), to: log)
                    var commit = Example.commit(run: run)
                    commit.uuid = "u-\(runner)-\(round)"
                    commit.added = (0..<30).map { Example.chunk(run: run, number: $0) }
                    commit.removed = Array(own.prefix(round % 3 == 2 ? 20 : 0))
                    own.removeFirst(commit.removed.count)
                    own += commit.added.map(\.key)
                    // Said before it is true, as the reader must not take it for missing.
                    removed.withLock { [gone = commit.removed] in $0.formUnion(gone) }
                    let entry = try Example.append(.commit(commit), to: log)
                    committed.withLock { [added = commit.added] committed in
                        for chunk in added { committed[chunk.key] = entry }
                    }
                    try log.writeCheckpoint()
                }
            } catch {
                Issue.record(error)
            }
        }
        let wanted = committed.withLock { $0 }.filter { file in !removed.withLock { $0.contains(file.key) } }
        let reader = CommitLog(store: store, pipeline: "shop")
        try reader.load()
        #expect(reader.state.version == 150)
        let found = Dictionary(uniqueKeysWithValues: try reader.liveFiles().map { ($0.chunk.key, $0.version) })
        #expect(found == wanted)
        // And whatever runner's checkpoint a hint names, the list is the same.
        let checkpoints = try store.list("_tidemark/checkpoint/0", after: nil).objects.map(\.key)
        for key in checkpoints.suffix(20) {
            let number = try #require(Int(key.dropFirst("_tidemark/checkpoint/".count).prefix(10)))
            _ = try store.put(Layout.latest, Array(#"{"checkpoint":\#(number),"format":1}"#.utf8), .none)
            let reader = CommitLog(store: store, pipeline: "shop")
            try reader.load()
            #expect(
                Dictionary(uniqueKeysWithValues: try reader.liveFiles().map { ($0.chunk.key, $0.version) }) == wanted)
        }
    }

    @Test("A runner that read the log long ago and writes its checkpoint last takes nothing from later readers")
    func slowRunner() throws {
        let store = MemoryStore()
        var fast = try Model(store: store, seed: 7)
        for _ in 0..<10 { try fast.commit(adds: 50...60, removes: 0) }
        try fast.log.writeCheckpoint()
        let slow = CommitLog(store: store, pipeline: "shop")
        try slow.load()
        for _ in 0..<40 {
            try fast.commit(adds: 50...60, removes: 5)
            try fast.log.writeCheckpoint()
        }
        try slow.writeCheckpoint()
        #expect(try fast.read() == fast.live)
    }
}

/// A small generator whose numbers are the same each time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
