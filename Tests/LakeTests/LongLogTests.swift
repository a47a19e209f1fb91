import Foundation
import ObjectStore
import TestSupport
import Testing

@testable import Lake

/// A hundred thousand small runs: what ten years of a run every hour leave.
@Suite("A long log")
struct LongLogTests {
    static let runs = 100_000

    @Test("After 100,000 runs a reader asks for a dozen objects, and for two dozen to have all files")
    func requests() throws {
        let store = MemoryStore()
        try Self.fill(store, runs: Self.runs)
        let version = 2 * Self.runs

        store.forgetRequests()
        let reader = CommitLog(store: store, pipeline: "shop")
        try reader.load()
        #expect(reader.state.version == version)
        #expect(reader.state.endedRuns.count == LakeState.runsKept)
        #expect(store.requests.count <= 12, "\(store.requests)")

        store.forgetRequests()
        let files = try reader.liveFiles()
        #expect(files.count == Self.runs)
        #expect(store.requests.count <= 24, "\(store.requests)")
        #expect(files.first?.version == 2 && files.last?.version == version)
        #expect(zip(files, files.dropFirst()).allSatisfy { $0.version < $1.version })

        // The checkpoint itself stays small, however long the log is.
        let checkpoint = try #require(try store.get(Layout.checkpoint(version), range: nil))
        #expect(checkpoint.count < 300_000)

        // A writer goes on from there, and its own checkpoint is as cheap.
        store.forgetRequests()
        let run = try Example.append(Example.open(), to: reader)
        _ = try Example.append(.commit(Example.commit(run: run)), to: reader)
        try reader.writeCheckpoint()
        #expect(store.requests.count <= 12, "\(store.requests)")
    }

    /// A checkpoint is written so often, in entries.
    static let checkpointEvery = 2_000

    /// Writes what 100,000 runs would have left, but for the entries that checkpoints cover: nobody must ask for those.
    static func fill(_ store: MemoryStore, runs: Int) throws {
        let objects = StateObjects(store: store)
        var list = FileList(objects: objects)
        var state = LakeState()
        for run in stride(from: 1, to: 2 * runs, by: 2) {
            for change in [Example.open(), .commit(Example.commit(run: run))] {
                let entry = LogEntry(
                    time: Date(timeIntervalSince1970: 1_793_000_000 + Double(run)), pipeline: "shop",
                    source: Example.source, change: change)
                try state.apply(entry, number: state.version + 1)
            }
            guard state.version.isMultiple(of: checkpointEvery) else { continue }
            try list.settle(&state)
            // Most checkpoints are followed by another, so this test leaves them out.
            guard state.version.isMultiple(of: 2 * runs / 20) else { continue }
            try objects.replace(state, at: Layout.checkpoint(state.version))
            let entry = LogEntry(
                time: Date(), pipeline: "shop", source: Example.source, change: .commit(Example.commit(run: run)))
            try objects.replace(entry, at: Layout.entry(state.version))
            _ = try store.put(Layout.latest, Array(#"{"checkpoint":\#(state.version),"format":1}"#.utf8), .none)
        }
    }
}
