import Lake
import Logging
import ObjectStore

/// What follows a commit: manifests, the removal of what lost attempts left, the checkpoint.
///
/// Each commit's steps are marked as done when they are; whoever runs next completes what a crash cut short, in the
/// order of the commits.
struct AfterCommit {
    let log: CommitLog
    let store: any ObjectStore
    let logger: Logger

    /// The one mark for all steps: each of them can be repeated.
    private static let step = "after-commit"

    /// Completes the commits before this run, if a crash came between.
    ///
    /// - Throws: `StoreError`, `LakeError`.
    func completeEarlierRuns() throws {
        var unfinished: [EndedRun] = []
        for run in log.state.endedRuns.reversed() where run.abandoned == nil {
            if try log.isDone(Self.step, run: run.number) { break }
            unfinished.append(run)
        }
        for run in unfinished.reversed() {
            guard case .commit(let commit) = try log.entry(run.entry).change else { continue }
            try complete(commit, entry: run.entry)
        }
    }

    /// Does what follows a commit.
    ///
    /// - Parameters:
    ///   - commit: the commit.
    ///   - entry: its entry.
    /// - Throws: `StoreError`. The commit stands all the same, and the next run goes on here.
    func complete(_ commit: LogEntry.Commit, entry: Int) throws {
        for dataset in commit.counts.keys.sorted() where commit.added.contains(where: { $0.dataset == dataset }) {
            let schema = commit.added.first { $0.dataset == dataset }?.schema ?? 1
            try log.write(Manifest(dataset: dataset, commit: commit, version: entry, schema: schema))
        }
        if commit.attempt > 1 {
            Leftovers(store: store, log: logger).delete(
                run: commit.run, datasets: commit.counts.keys.sorted(), keep: Set(commit.added.map(\.key)))
        }
        try log.markDone(Self.step, run: commit.run)
        try log.writeCheckpoint()
    }
}

/// The chunks of a run that no entry names: what a lost attempt or an abandoned run left behind.
struct Leftovers {
    let store: any ObjectStore
    let log: Logger

    /// Deletes them, as far as the store lets us list and delete.
    ///
    /// - Parameters:
    ///   - run: the run.
    ///   - datasets: the datasets whose folders are looked through.
    ///   - keep: the keys that the run's commit names.
    func delete(run: Int, datasets: [String], keep: Set<String>) {
        let prefix = Layout.chunkPrefix(run: run)
        for dataset in datasets {
            do {
                var after: String?
                repeat {
                    let page = try store.list("\(dataset)/", after: after)
                    for object in page.objects {
                        let name = object.key.split(separator: "/").last ?? ""
                        if name.hasPrefix(prefix), !keep.contains(object.key) { try store.delete(object.key) }
                    }
                    after = page.next
                } while after != nil
            } catch {
                log.warning("files that run \(run) left in \(dataset)/ stay there: \(error)")
            }
        }
    }
}
