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
