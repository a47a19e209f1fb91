import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres
import Synchronization

/// Compares a lake with its log and with its source; writes nothing to either.
public final class Verifier {
    let work: VerifyWork
    let lake: CommitLog
    /// So many keys are compared one by one at once, about: 100 bytes each.
    var keysAtOnce: Int64 = 500_000
    var spec: PipelineSpec { work.spec }
    var store: any ObjectStore { work.store }
    var log: Logger { work.log }

    /// So many sizes are asked for at once: each is one short request.
    private static let requestsAtOnce = 16

    /// Reads the log up to its head.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears what happens.
    ///   - interruption: ends the verification.
    /// - Throws: `StoreError`, `LakeError`.
    public init(spec: PipelineSpec, log: Logger, interruption: Interruption = Interruption()) throws {
        let store = try Destination.open(spec, log: log, interruption: interruption)
        work = VerifyWork(spec: spec, store: store, interruption: interruption, log: log)
        lake = CommitLog(store: store, pipeline: spec.name)
        try lake.load()
    }

    /// Looks whether each live file is there, with the size that the log has.
    ///
    /// - Parameter dataset: only this one; nil for all.
    /// - Throws: `StoreError`, `LakeError`; `ExportError` when there is no such dataset.
    public func quick(dataset: String? = nil) throws -> VerifyReport {
        let started = ContinuousClock.now
        var datasets = try byDataset(only: dataset)
        let files = datasets.flatMap(\.files)
        let found = VerifyWork.Shared(Mutex<[FileProblem]>([]))
        let store = store
        try work.each(files, threads: max(work.workers, Self.requestsAtOnce)) { file, _ in
            let problem: FileProblem
            switch try store.head(file.chunk.key)?.size {
            case file.chunk.bytes?: return
            case let size?:
                problem = FileProblem(
                    key: file.chunk.key, kind: .size,
                    message: "it has \(size) bytes, and the log says \(file.chunk.bytes)")
            case nil: problem = FileProblem(key: file.chunk.key, kind: .missing, message: "it is not there")
            }
            found.state.withLock { $0.append(problem) }
        }
        let problems = try stillLive(found.state.withLock { $0 })
        for index in datasets.indices {
            let keys = Set(datasets[index].files.map(\.chunk.key))
            datasets[index].report.problems = problems.filter { keys.contains($0.key) }
        }
        return report(.quick, datasets.map(\.report), started)
    }

    /// A dataset with its live files.
    struct Share {
        let spec: DatasetSpec?
        let files: [LiveFile]
        var report: VerifyReport.Dataset
    }

    /// The datasets of the pipeline, and those that only the lake has any more, each with its live files.
    func byDataset(only name: String?) throws -> [Share] {
        let live = Dictionary(grouping: try lake.liveFiles()) { $0.chunk.dataset }
        let names =
            spec.datasets.map(\.name)
            + live.keys.filter { known in !spec.datasets.contains { $0.name == known } }.sorted()
        if let name, !names.contains(name) {
            throw ExportError(
                .configuration, operation: "verify", object: "dataset \(name)",
                reason: "pipeline \(spec.name) has no such dataset", hint: "It has: \(names.joined(separator: ", ")).")
        }
        return names.filter { name == nil || $0 == name }.map { name in
            let files = live[name] ?? []
            var report = VerifyReport.Dataset(name: name)
            report.files = files.count
            report.rows = files.reduce(0) { $0 + ($1.chunk.hasItems ? 0 : $1.chunk.rows) }
            report.bytes = files.reduce(0) { $0 + $1.chunk.bytes }
            return Share(spec: spec.datasets.first { $0.name == name }, files: files, report: report)
        }
    }

    /// What of these problems is about files that are live still: a backfill may have replaced the others meanwhile.
    func stillLive(_ problems: [FileProblem]) throws -> [FileProblem] {
        guard !problems.isEmpty else { return [] }
        let now = CommitLog(store: store, pipeline: spec.name)
        try now.load()
        guard now.state.version != lake.state.version else { return problems.sorted { $0.key < $1.key } }
        let keys = Set(try now.liveFiles().map(\.chunk.key))
        return problems.filter { keys.contains($0.key) }.sorted { $0.key < $1.key }
    }

    func report(
        _ mode: VerifyReport.Mode, _ datasets: [VerifyReport.Dataset], _ started: ContinuousClock.Instant
    ) -> VerifyReport {
        var report = VerifyReport(
            pipeline: spec.name, destination: store.location, version: lake.state.version, mode: mode,
            datasets: datasets)
        report.seconds = (ContinuousClock.now - started).seconds
        return report
    }
}
