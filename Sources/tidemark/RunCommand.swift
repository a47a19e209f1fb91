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

    @Flag(help: "Go on with another source than the lake was filled from: after a failover, a restore, a migration.")
    var acceptSource = false

    @Option(
        help: ArgumentHelp("Export this table or partition anew, in place of its present files.", valueName: "leaf"))
    var reExport: [String] = []

    @Option(
        help: ArgumentHelp(
            "Go on with this table or partition though it was rewritten; rows with new ids come again.",
            valueName: "leaf"))
    var acceptRewrite: [String] = []

    @OptionGroup var logs: LogOptions

    /// What became of one pipeline: a summary, or an error.
    private struct Outcome: Encodable {
        let pipeline: String
        var summary: RunSummary?
        var error: String?
    }

    func validate() throws {
        _ = try Arguments.span(wait, "--wait")
    }

    func run() throws {
        let patience = try Arguments.span(wait, "--wait") ?? 0
        var changes = SourceChanges()
        changes.acceptSource = acceptSource
        changes.reExport = reExport
        changes.acceptRewrite = acceptRewrite
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
                let summary = try runner.run(wait: patience, changes: changes)
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

    static func print(_ summary: RunSummary, empty: String = "nothing new") {
        if summary.rows == 0, summary.runs.allSatisfy({ $0.removed == 0 }) {
            Swift.print(
                "\(summary.pipeline): \(empty); the lake \(summary.destination) is at version \(summary.version)")
        }
        for run in summary.runs where run.rows > 0 || run.removed > 0 {
            Swift.print(
                """
                \(summary.pipeline): run \(run.run) committed \(Figure.count(run.rows)) rows in \
                \(Figure.seconds(run.seconds))\(run.attempt > 1 ? ", at attempt \(run.attempt)" : "")\
                \(run.removed > 0 ? ", in place of \(Figure.count(run.removed)) files" : ""); \
                the lake \(summary.destination) is at version \(run.version)
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
            for (name, counts) in run.datasets.sorted(by: { $0.key < $1.key }) where counts.refused > 0 {
                Swift.print(
                    """
                      \(name): \(Figure.count(counts.refused)) rows look new, since transaction ids have wrapped around, and are \
                    too old for it: they were not exported. `tidemark verify --full` tells whether the lake has them
                    """)
            }
            for (name, counts) in run.datasets.sorted(by: { $0.key < $1.key }) {
                guard let unplaced = counts.unplaced, unplaced.nulls + unplaced.infinite > 0 else { continue }
                Swift.print(
                    """
                      \(name): \(Figure.count(unplaced.nulls)) rows have no time and \(Figure.count(unplaced.infinite)) an \
                    infinite one in the cursor's column; they are never exported
                    """)
            }
        }
        for (name, changes) in summary.runs.flatMap({ $0.changes.sorted { $0.key < $1.key } }) {
            Swift.print(
                """
                \(name): since the last run \(Figure.count(changes.updated)) rows were updated and \
                \(Figure.count(changes.deleted)) deleted in the source; an updated row is exported again, a deleted one stays
                """)
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
