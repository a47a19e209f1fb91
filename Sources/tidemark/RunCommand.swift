import ArgumentParser
import Export
import Foundation
import Lake
import Logging
import Pipeline

/// `tidemark run PIPELINE|DIR…`
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Export what is new: the job.",
        discussion: """
            An open run that was interrupted is finished first. Several pipelines run one after the other; one that \
            fails does not keep the others from running.
            """)

    @Argument(help: "Pipeline files, or folders that are searched for them.", completion: .file())
    var pipelines: [String]

    @Flag(help: "Print one JSON document of what was done on standard output.")
    var json = false

    @Option(help: ArgumentHelp("How long to wait for another run of the pipeline to end.", valueName: "time"))
    var wait: String?

    @OptionGroup var logs: LogOptions

    /// What became of one pipeline: a summary, or an error.
    private struct Outcome: Encodable {
        let pipeline: String
        var summary: RunSummary?
        var error: String?
    }

    func validate() throws {
        do {
            _ = try wait.map { try TimeSpan(parsing: $0) }
        } catch {
            throw ValidationError("--wait \(wait ?? ""): \(error)")
        }
    }

    func run() throws {
        let patience = try wait.map { try TimeSpan(parsing: $0) }?.seconds ?? 0
        let files = try PipelineFiles.find(paths: pipelines)
        let specs = try files.map {
            try PipelineSpec.load(file: $0, environment: ProcessInfo.processInfo.environment)
        }
        Signals.catchAll()
        var outcomes: [Outcome] = []
        var worst: Int32 = 0
        for spec in specs {
            let progress = RunProgress()
            let display = ProgressDisplay(progress, pipeline: spec.name, log: logs.logger)
            do {
                let runner = Runner(
                    spec: spec, log: logs.logger, progress: progress, interruption: Signals.interruption)
                let summary = try runner.run(wait: patience)
                display.finish()
                outcomes.append(Outcome(pipeline: spec.name, summary: summary))
                if !json { RunText.print(summary) }
            } catch {
                display.finish()
                Terminal.shared.print("error: pipeline \(spec.name): \(error)")
                let code = Failure.code(of: error)
                outcomes.append(Outcome(pipeline: spec.name, error: "\(error)"))
                worst = worst == 0 || code > 128 ? code : worst
                if code > 128 { break }
            }
        }
        if json { try Output.json(outcomes) }
        if worst != 0 { throw ExitCode(worst) }
    }
}

/// A run's summary as a person reads it.
enum RunText {
    /// So many paths of what went to `_extra` are named.
    private static let straysShown = 10

    static func print(_ summary: RunSummary) {
        if summary.rows == 0 {
            Swift.print(
                "\(summary.pipeline): nothing new; the lake \(summary.destination) is at version \(summary.version)")
        }
        for run in summary.runs where run.rows > 0 {
            Swift.print(
                """
                \(summary.pipeline): run \(run.run) committed \(Figure.count(run.rows)) rows in \
                \(Figure.seconds(run.seconds))\(run.attempt > 1 ? ", at attempt \(run.attempt)" : ""); \
                the lake \(summary.destination) is at version \(summary.version)
                """)
            Output.table(
                ["dataset", ">rows", ">files", ">bytes", ">rows/s", ">to _extra"],
                run.datasets.sorted { $0.key < $1.key }.map { name, counts in
                    [
                        name, Figure.count(counts.rows), Figure.count(counts.chunks), Figure.bytes(counts.bytes),
                        Figure.count(Int(Double(counts.rows) / max(run.seconds, 0.001))),
                        Figure.count(counts.strays.reduce(0) { $0 + $1.unplanned + $1.misfits }),
                    ]
                })
            for (name, counts) in run.datasets.sorted(by: { $0.key < $1.key }) where !counts.strays.isEmpty {
                strays(of: name, counts.strays)
            }
        }
        if let holder = summary.heldBack {
            Swift.print(
                """
                rows newer than the oldest open transaction come with a later run: \(holder.who), open since \
                \(holder.since) (\(Figure.seconds(holder.seconds)))
                """)
        }
    }

    private static func strays(of dataset: String, _ strays: [StrayCount]) {
        let sorted = strays.sorted { ($1.unplanned + $1.misfits, $0.pointer) < ($0.unplanned + $0.misfits, $1.pointer) }
        for stray in sorted.prefix(straysShown) {
            let why = [
                stray.unplanned > 0 ? "\(Figure.count(stray.unplanned)) without a column" : nil,
                stray.misfits > 0 ? "\(Figure.count(stray.misfits)) that did not fit it" : nil,
            ].compactMap { $0 }.joined(separator: ", ")
            Swift.print("  \(dataset) \(stray.pointer): \(why) (\(stray.kinds.joined(separator: ", ")))")
        }
        if sorted.count > straysShown { Swift.print("  and \(sorted.count - straysShown) other paths") }
    }
}
