import ArgumentParser
import Export
import Foundation
import Pipeline

/// `tidemark backfill PIPELINE --from A --to B`
struct BackfillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Write output partitions anew: the new files in, the old ones out.",
        discussion: """
            One run for each output partition between --from and --to, from the source's rows up to the present watermarks; \
            exports go on beside it. Interrupted, the same command goes on where it was. Replaced files are deleted after \
            `destination.grace`.
            """)

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    @Option(help: ArgumentHelp("The first day or moment, such as 2026-11-01.", valueName: "day"))
    var from: String

    @Option(help: ArgumentHelp("The day or moment behind the last.", valueName: "day"))
    var to: String

    @Option(help: "Only this dataset; may be given again.")
    var dataset: [String] = []

    @Flag(help: "Replace files by fewer rows, and remove files whose source partition is gone.")
    var allowFewer = false

    @Flag(help: "Keep files whose source partition is gone as they are.")
    var keepOld = false

    @Flag(help: "Begin anew, though an interrupted backfill of the same range was on its way.")
    var restart = false

    @Flag(help: "Show what would be written anew; write nothing.")
    var dryRun = false

    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: ArgumentHelp("How long to wait for another backfill to end.", valueName: "time"))
    var wait: String?

    func validate() throws {
        _ = try Arguments.moment(from, "--from")
        _ = try Arguments.moment(to, "--to")
        _ = try Arguments.span(wait, "--wait")
        if allowFewer, keepOld {
            throw ValidationError("--allow-fewer removes what --keep-old keeps: give one of them.")
        }
    }

    func run() throws {
        let spec = try argument.load()
        var request = BackfillRequest(
            from: try Arguments.moment(from, "--from"), to: try Arguments.moment(to, "--to"))
        request.datasets = dataset
        request.allowFewer = allowFewer
        request.keepOld = keepOld
        request.restart = restart
        let progress = RunProgress()
        let backfill = Backfill(
            spec: spec, request: request, log: logs.logger, progress: progress, interruption: Signals.interruption)
        if dryRun { return try show(try backfill.steps()) }
        Signals.catchAll()
        let display = ProgressDisplay(progress, pipeline: spec.name, log: logs.logger)
        defer { display.finish() }
        let summary = try backfill.run(wait: Arguments.span(wait, "--wait") ?? 0)
        display.finish()
        if json { return try Output.json(summary) }
        RunText.print(summary, empty: "nothing to write anew in this range")
    }

    private func show(_ steps: [Backfill.Step]) throws {
        if json { return try Output.json(steps) }
        if steps.isEmpty { return print("nothing to write anew in this range") }
        Output.table(
            ["dataset", "from", "to", ">files replaced", ">rows in them"],
            steps.map { step in
                [
                    step.dataset, step.from.formatted(Date.ISO8601FormatStyle()),
                    step.to.formatted(Date.ISO8601FormatStyle()), Figure.count(step.files), Figure.count(step.rows),
                ]
            })
    }
}
