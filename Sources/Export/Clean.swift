import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Synchronization

/// Removes from a destination what no log entry and no open run names.
///
/// A run may go on beside it, for what may go is found in this order:
///
/// 1. The store is listed, and only then the log is read to its head. Had it been read first, the files of a run that
///    was committed in between would look like nobody's. This way every file of the listing that is committed by now is
///    known to be live.
/// 2. A file goes only if its run has ended without it. A run ends once, so nobody can want the file any more, however
///    long the deletion takes. Files of open runs, and of runs that the log does not know (it may be an older copy, put
///    back), stay.
/// 3. A grace keeps what is young by the store's clock, and what was removed from the lake a short time ago: readers may
///    hold it.
public struct Clean {
    private let store: any ObjectStore
    private let pipeline: String
    private let datasets: [String]
    private let grace: Double
    private let now: Date

    /// So many objects are deleted at once.
    private static let threads = 8
    /// So many strange names are reported.
    private static let strangeShown = 100

    /// Prepares to clean a pipeline's destination.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - grace: how old an object must be to go, in seconds, 0 or more.
    ///   - log: hears when the store is asked again.
    /// - Throws: `StoreError` when the destination's url or credentials cannot be used.
    public init(of spec: PipelineSpec, grace: Double, log: Logger) throws {
        self.init(
            try Destination.open(spec, log: log), pipeline: spec.name, datasets: spec.datasets.map(\.name),
            grace: grace, now: Date())
    }

    init(_ store: any ObjectStore, pipeline: String, datasets: [String], grace: Double, now: Date) {
        self.store = store
        self.pipeline = pipeline
        self.datasets = datasets
        self.grace = grace
        self.now = now
    }

    /// Finds what may go, and removes it.
    ///
    /// - Parameters:
    ///   - isDry: whether to leave all as it is and only tell.
    ///   - each: is told of each thing, when it is removed or, in a dry run, found.
    /// - Returns: what was removed, or would be.
    /// - Throws: `StoreError`, of a store that refuses to list or to delete with the right that it takes as the hint;
    ///   `LakeError`. What was removed until then was of no use.
    public func run(isDry: Bool, each: @escaping @Sendable (CleanReport.Item) -> Void) throws -> CleanReport {
        let log = CommitLog(store: store, pipeline: pipeline)
        try log.load()
        var report = CleanReport(pipeline: pipeline, destination: store.location, isDry: isDry)
        // Without a log nothing tells what is needed.
        guard log.state.version > 0 else { return report }

        var listing = CleanListing(store: store)
        try listing.list(folders: try folders(log), live: liveKeys(log), open: Set(log.state.openRuns.keys))
        try log.load()
        var judge = CleanJudge(
            state: log.state, live: try liveKeys(log), removedLately: try removedLately(log), grace: grace, now: now)
        judge.judge(files: listing.files)
        judge.judge(results: listing.results)
        judge.judge(uploads: listing.uploads, folders: try folders(log))
        try judge.judge(checkpoints: listing.checkpoints, latest: CleanListing.latest(store)) { key in
            try CleanListing.segments(of: key, store)
        }

        report.version = log.state.version
        report.uploadsProblem = listing.uploadsProblem
        report.young = judge.young
        let strange = listing.strange + judge.strange
        report.strange = strange.count
        report.strangeNames = strange.prefix(Self.strangeShown).sorted()
        if isDry {
            report.items = judge.found
            report.items.forEach(each)
        } else {
            report.items = try delete(judge.found, each)
        }
        return report
    }

    /// The datasets' folders, also of those that the pipeline no longer has, and their quarantine.
    private func folders(_ log: CommitLog) throws -> [String] {
        var names = Set(datasets).union(log.state.datasets.keys)
        for dataset in log.state.datasets.values { names.formUnion(dataset.tables.keys) }
        for run in log.state.openRuns.values {
            names.formUnion((try? log.plan(of: run))?.datasets.flatMap { [$0.name] + $0.tables.map(\.name) } ?? [])
        }
        for file in try log.liveFiles() { names.insert(file.chunk.table) }
        // The folder of a dataset that is split holds those of what is made of it.
        let folders = names.map { "\($0)/" }.sorted()
        return folders.filter { folder in !folders.contains { $0 != folder && folder.hasPrefix($0) } } + [
            "_quarantine/"
        ]
    }

    private func liveKeys(_ log: CommitLog) throws -> Set<String> { Set(try log.liveFiles().map(\.chunk.key)) }

    /// The files that commits within the grace removed.
    private func removedLately(_ log: CommitLog) throws -> Set<String> {
        var keys: Set<String> = []
        let state = log.state
        if grace <= LakeState.removalsKept {
            for removal in state.removals where removal.time > now - grace {
                keys.formUnion(try removed(by: log.entry(removal.entry)))
            }
            return keys
        }
        // The state has forgotten some. The writers' clocks may differ, so it is gone back a day more.
        for number in stride(from: state.version, to: 0, by: -1) {
            let entry = try log.entry(number)
            if entry.time < now - grace - 86_400 { break }
            keys.formUnion(removed(by: entry))
        }
        return keys
    }

    private func removed(by entry: LogEntry) -> [String] {
        guard case .commit(let commit) = entry.change else { return [] }
        return commit.removed
    }

    /// Deletes things, several at once; the first refusal ends it.
    private func delete(
        _ items: [CleanReport.Item], _ each: @escaping @Sendable (CleanReport.Item) -> Void
    ) throws -> [CleanReport.Item] {
        struct Progress {
            var next = 0
            var done: [CleanReport.Item] = []
            var failure: StoreError?
        }
        let progress = Mutex(Progress())
        let store = store
        Threads.run(min(Self.threads, items.count), name: "tidemark-clean") {
            while true {
                let item = progress.withLock { progress -> CleanReport.Item? in
                    guard progress.failure == nil, progress.next < items.count else { return nil }
                    progress.next += 1
                    return items[progress.next - 1]
                }
                guard let item else { return }
                do throws(StoreError) {
                    if let upload = item.upload {
                        try store.abortUpload(UploadID(key: item.key, id: upload))
                    } else {
                        try store.delete(item.key)
                    }
                    progress.withLock { progress in
                        progress.done.append(item)
                        each(item)
                    }
                } catch {
                    progress.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        let end = progress.withLock { $0 }
        if let failure = end.failure { throw failure }
        return end.done.sorted { $0.key < $1.key }
    }
}
