import Foundation
import Lake
import ObjectStore
import Testing

@Suite("The log")
struct CommitLogTests {
    @Test("What a commit says is there for the next reader: watermarks, schema, counts")
    func foldsCommits() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        try log.load()
        #expect(log.state.version == 0)
        let run = try #require(try log.append(source: Example.source) { _ in Example.open() })
        try log.append(source: Example.source) { _ in .commit(Example.commit(run: run)) }

        let reader = CommitLog(store: lake.store, pipeline: "shop")
        try reader.load()
        #expect(reader.state.version == 2)
        #expect(reader.state.openRuns.isEmpty)
        #expect(reader.state.datasets["events"]?.watermarks[16_400]?.high == 800)
        #expect(reader.state.datasets["events"]?.tables["events"]?.schema.version == 1)
        #expect(reader.state.endedRuns.map(\.number) == [1])
        #expect(reader.state.endedRuns.first?.window == Example.window)
    }

    @Test(
        "Of two writers at the same moment one comes first, and the other sees it before it decides",
        arguments: [true, false])
    func secondWriterDecidesAgain(conditional: Bool) throws {
        let lake = try TestLake()
        let store: any ObjectStore = conditional ? lake.store : UnconditionalStore(inner: lake.store)
        let first = CommitLog(store: store, pipeline: "shop")
        let second = CommitLog(store: store, pipeline: "shop")
        try first.load()
        try second.load()
        try first.append(source: Example.source) { _ in Example.open("u-1") }
        var seen: [Int] = []
        let number = try second.append(source: Example.source) { state in
            seen.append(state.version)
            return state.openRuns.isEmpty ? Example.open("u-2") : nil
        }
        #expect(number == nil, "the second writer has nothing to say once a run is open")
        #expect(seen == [0, 1])
        #expect(second.state.openRuns[1]?.uuid == "u-1")
    }

    @Test("Twenty writers that append at once leave a log without gaps or lost entries")
    func manyWriters() throws {
        let lake = try TestLake()
        let store = lake.store
        DispatchQueue.concurrentPerform(iterations: 20) { index in
            do {
                let log = CommitLog(store: store, pipeline: "shop")
                try log.load()
                try log.append(source: Example.source) { _ in Example.open("u-\(index)") }
            } catch { Issue.record(error) }
        }
        let log = CommitLog(store: store, pipeline: "shop")
        try log.load()
        #expect(log.state.version == 20)
        #expect(Set(log.state.openRuns.values.map(\.uuid)).count == 20)
    }

    @Test(
        "A store is asked once whether it refuses a second PUT, and the log stays as it was", arguments: [true, false])
    func probes(conditional: Bool) throws {
        let lake = try TestLake()
        let store: any ObjectStore = conditional ? lake.store : UnconditionalStore(inner: lake.store)
        let log = CommitLog(store: store, pipeline: "shop")
        let number = try #require(try log.append(source: Example.source) { _ in Example.open() })
        let before = try store.get(Layout.entry(number), range: nil)
        try log.probeConditionalPut(entry: number)
        #expect(log.isConditional == conditional)
        #expect(try store.get(Layout.entry(number), range: nil) == before)
    }

    @Test("A reader begins at the checkpoint and goes on to entries that came after it")
    func checkpoint() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        for _ in 0..<3 {
            let run = try #require(try log.append(source: Example.source) { _ in Example.open() })
            try log.append(source: Example.source) { _ in .commit(Example.commit(run: run)) }
        }
        try log.writeCheckpoint()
        try log.append(source: Example.source) { _ in Example.open("u-last") }
        // The first entries are not needed any more: a reader that asked for them would fail.
        for number in 1...5 { try lake.store.delete(Layout.entry(number)) }
        let reader = CommitLog(store: lake.store, pipeline: "shop")
        try reader.load()
        #expect(reader.state.version == 7)
        #expect(reader.state.openRuns.values.map(\.uuid) == ["u-last"])
        #expect(reader.state.endedRuns.map(\.entry) == [2, 4, 6])
    }

    @Test("A hint without its entry does not count")
    func staleHint() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        try log.append(source: Example.source) { _ in Example.open() }
        try log.writeCheckpoint()
        try lake.store.delete(Layout.entry(1))
        let reader = CommitLog(store: lake.store, pipeline: "shop")
        try reader.load()
        #expect(reader.state.version == 0)
    }

    @Test("Another pipeline's destination is refused")
    func anotherPipeline() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        try log.append(source: Example.source) { _ in Example.open() }
        let other = CommitLog(store: lake.store, pipeline: "billing")
        let error = #expect(throws: LakeError.self) { try other.load() }
        #expect(error?.description.contains("belongs to the pipeline shop") == true)
    }

    @Test("An entry that is not understood is an error that names it, not an end of the log")
    func strangeEntry() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        try log.append(source: Example.source) { _ in Example.open() }
        _ = try lake.store.put(Layout.entry(2), Array(#"{"format":9}"#.utf8), .none)
        let reader = CommitLog(store: lake.store, pipeline: "shop")
        let error = #expect(throws: LakeError.self) { try reader.load() }
        #expect(error?.description.contains(Layout.entry(2)) == true)
    }

    @Test("A commit of a run that is not open breaks the log's rules and is not believed")
    func commitWithoutOpen() throws {
        var state = LakeState()
        let entry = LogEntry(
            time: Date(), pipeline: "shop", source: Example.source, change: .commit(Example.commit(run: 9)))
        #expect(throws: LakeError.self) { try state.apply(entry, number: 1) }
    }

    @Test("The guard is asked before every entry, and its refusal keeps the entry from being written")
    func guarded() throws {
        struct Lost: Error {}
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        log.guardWrite = { throw Lost() }
        #expect(throws: Lost.self) { try log.append(source: Example.source) { _ in Example.open() } }
        #expect(try lake.store.head(Layout.entry(1)) == nil)
    }

    @Test("A plan that was changed after its run was opened is not used")
    func changedPlan() throws {
        let lake = try TestLake()
        let log = CommitLog(store: lake.store, pipeline: "shop")
        let plan = RunPlan(
            program: "1", uuid: "u-1", kind: .export, pipeline: "shop", settings: "s", source: Example.source,
            window: Example.window, datasets: [], units: [])
        let bytes = try LakeJSON.encode(plan, pretty: true)
        let number = try #require(
            try log.append(source: Example.source) { _ in Example.open(plan: Checksum.sha256(bytes)) })
        let run = try #require(log.state.openRuns[number])
        #expect(try log.plan(of: run) == nil, "a run without a plan is told apart")
        try log.writePlan(bytes, run: number)
        #expect(try log.plan(of: run)?.window == Example.window)
        try log.writePlan(bytes + [0x20], run: number)
        #expect(throws: LakeError.self) { try log.plan(of: run) }
    }

    @Test("The first result of a unit counts, whoever comes second", arguments: [true, false])
    func firstResultCounts(conditional: Bool) throws {
        let lake = try TestLake()
        let store: any ObjectStore = conditional ? lake.store : UnconditionalStore(inner: lake.store)
        let log = CommitLog(store: store, pipeline: "shop")
        let number = try #require(try log.append(source: Example.source) { _ in Example.open() })
        try log.probeConditionalPut(entry: number)
        func result(_ attempt: Int) -> UnitResult {
            UnitResult(
                unit: 1, attempt: attempt, dataset: "events", leaf: 1, rows: Int64(attempt), bytesRead: 0, chunks: [],
                strays: [], finished: Date(timeIntervalSince1970: 0))
        }
        let results = log.results(run: number)
        #expect(try results.settle(result(2)).attempt == 2)
        #expect(try results.settle(result(1)).attempt == 2)
        #expect(try results.settle(result(2)).attempt == 2)
        #expect(try results.read(units: [1, 2]).mapValues(\.attempt) == [1: 2])
    }
}
