import ArgumentParser
import Export
import Foundation
import Pipeline

/// `tidemark status PIPELINE|DIR…`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show watermarks, lag, the open run and the last runs.")

    @Argument(help: "Pipeline files, or folders that are searched for them.", completion: .file())
    var pipelines: [String]

    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: "How many of the last runs are shown, 0 to 20.")
    var runs = 5

    @OptionGroup var logs: LogOptions

    func run() throws {
        let statuses = try PipelineFiles.find(paths: pipelines).map { file in
            try Status(
                of: try PipelineSpec.load(file: file, environment: ProcessInfo.processInfo.environment),
                log: logs.logger)
        }
        if json { return try Output.json(statuses) }
        for status in statuses { show(status) }
    }

    private func show(_ status: Status) {
        print("\(status.pipeline) → \(status.destination), version \(status.version)")
        if let problem = status.sourceProblem { print("the source does not answer: \(problem)") }
        Output.table(
            ["dataset", ">columns", ">leaves", ">watermark", "exported up to", ">transactions behind"],
            status.datasets.map { dataset in
                [
                    dataset.name, Figure.count(dataset.tables.values.reduce(0) { $0 + $1.columns }),
                    Figure.count(dataset.leaves),
                    dataset.watermark.map { "\($0)" } ?? "-",
                    dataset.exportedUpTo.map { $0.formatted(Date.ISO8601FormatStyle()) } ?? "never",
                    dataset.lag.map { Figure.count($0) } ?? "-",
                ]
            })
        if let holder = status.heldBack {
            print("held back by \(holder.who), open since \(holder.since) (\(Figure.seconds(holder.seconds)))")
        }
        for run in status.openRuns {
            print("run \(run.number) is open, attempt \(run.attempt): \(run.holder)")
        }
        let last = status.lastRuns.prefix(max(0, runs))
        guard !last.isEmpty else { return }
        print()
        Output.table(
            [">run", "kind", "ended", ">rows", ">files", ">bytes", "outcome"],
            last.map { run in
                let counts = run.counts.values
                return [
                    "\(run.number)", run.kind.rawValue, run.ended.formatted(Date.ISO8601FormatStyle()),
                    Figure.count(counts.reduce(0) { $0 + $1.rows }), Figure.count(counts.reduce(0) { $0 + $1.chunks }),
                    Figure.bytes(counts.reduce(0) { $0 + $1.bytes }),
                    run.abandoned.map { "abandoned: \($0)" }
                        ?? (run.attempts > 1 ? "committed, attempt \(run.attempts)" : "committed"),
                ]
            })
    }
}
