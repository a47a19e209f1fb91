import ArgumentParser
import Export
import Foundation

/// `tidemark abandon PIPELINE`
struct AbandonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abandon",
        abstract: "Give up the run that is open; the next run plans afresh.",
        discussion: """
            An interrupted run is finished by the next `tidemark run`, so this is seldom needed. Only files that no commit \
            names are deleted: what was committed stays.
            """)

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    func run() throws {
        let spec = try argument.load()
        let runner = Runner(
            spec: spec, log: logs.logger, progress: RunProgress(), interruption: Signals.interruption)
        let runs = try runner.abandonOpenRuns(reason: "by hand, with `tidemark abandon`")
        for run in runs { print("\(spec.name): run \(run) is abandoned; the next run plans afresh") }
        if runs.isEmpty { print("\(spec.name): no run is open") }
    }
}
