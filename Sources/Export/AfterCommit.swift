import Foundation
import Lake
import Logging
import ObjectStore

/// What follows a commit: manifests, the removal of what lost attempts left and of files that were replaced, the
/// checkpoint.
///
/// Each commit's steps are marked as done when they are; whoever runs next completes what a crash cut short, in the
/// order of the commits.
struct AfterCommit {
    let log: CommitLog
    let store: any ObjectStore
    let logger: Logger
    /// The datasets in whose folders an abandoned run may have left chunks.
    let datasets: Set<String>
    /// How long replaced files stay, in seconds.
    let grace: Double

    /// The mark for all steps but the removal of replaced files: each of them can be repeated.
    private static let step = "after-commit"
    /// The mark for that.
    private static let removal = "removal"

    /// Completes what follows the runs that ended: the last one, and those before which a crash cut short.
    ///
    /// - Throws: `StoreError`, `LakeError`. The commits stand all the same, and the next run goes on here.
    func complete() throws {
        var unfinished: [EndedRun] = []
        for run in log.state.endedRuns.reversed() {
            if try log.isDone(Self.step, run: run.number) { break }
            unfinished.append(run)
        }
        for run in unfinished.reversed() {
            switch try log.entry(run.entry).change {
            case .commit(let commit): try complete(commit, entry: run.entry)
            case .abandon: deleteLeftovers(of: run.number, keep: [])
            case .open, .take: continue
            }
            try log.markDone(Self.step, run: run.number)
        }
        if !unfinished.isEmpty { try log.writeCheckpoint() }
        try deleteReplaced()
    }

    private func complete(_ commit: LogEntry.Commit, entry: Int) throws {
        let tables = Set(commit.added.map(\.table) + commit.removed.map(Layout.table(of:)))
        for table in tables.sorted() {
            let present = log.state.datasets.values.lazy.compactMap { $0.tables[table] }.first
            let manifest = Manifest(
                table: table, commit: commit, version: entry,
                schema: commit.added.first { $0.table == table }?.schema ?? present?.schema.version ?? 1)
            if !manifest.files.isEmpty || !manifest.replaces.isEmpty { try log.write(manifest) }
        }
        if commit.attempt > 1 { deleteLeftovers(of: commit.run, keep: Set(commit.added.map(\.key))) }
    }

    private func deleteLeftovers(of run: Int, keep: Set<String>) {
        Leftovers(store: store, log: logger).delete(
            run: run, datasets: datasets.union(log.state.datasets.keys).sorted(), keep: keep)
    }

    /// Deletes what a runner has written of a run that ended without it, perhaps after whoever ended it had cleaned up.
    ///
    /// - Throws: `StoreError`, `LakeError`.
    func clearAfterLoss(of run: OpenRun) throws {
        try log.load()
        // Still ours: the next run goes on with it. Taken over: whoever commits it cleans up.
        guard log.state.openRuns[run.number] == nil,
            let ended = log.state.endedRuns.last(where: { $0.number == run.number })
        else { return }
        var keep: Set<String> = []
        if case .commit(let commit) = try log.entry(ended.entry).change { keep = Set(commit.added.map(\.key)) }
        deleteLeftovers(of: run.number, keep: keep)
    }

    /// Deletes the files that commits removed from the lake, once readers have had time to let go of them.
    private func deleteReplaced() throws {
        let due = log.state.removals.filter { Date().timeIntervalSince($0.time) >= grace }
        var unfinished: [Removal] = []
        for removal in due.reversed() {
            if try log.isDone(Self.removal, run: removal.run) { break }
            unfinished.append(removal)
        }
        for removal in unfinished.reversed() {
            guard case .commit(let commit) = try log.entry(removal.entry).change else { continue }
            do {
                for key in commit.removed { try store.delete(key) }
            } catch {
                // No reason to fail a run: nobody reads these files any more.
                logger.warning("files that run \(removal.run) replaced stay for now: \(error)")
                return
            }
            try log.markDone(Self.removal, run: removal.run)
        }
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
                    // Also the folders of the datasets that are made of it.
                    let page = try store.list(dataset, after: after)
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
