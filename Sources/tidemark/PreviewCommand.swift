import ArgumentParser
import Export
import Foundation
import Pipeline

/// `tidemark preview PIPELINE`
struct PreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Print the first rows of a dataset as they would be written; write nothing.")

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    @Option(help: "How many rows at most.")
    var limit = 10

    @Option(help: "Which dataset; the pipeline's first unless given.")
    var dataset: String?

    func validate() throws {
        guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit takes 1 to 1000000 rows.") }
    }

    func run() throws {
        let rows = try Preview(spec: try argument.load(), log: logs.logger).rows(dataset: dataset, limit: limit)
        try FileHandle.standardOutput.write(contentsOf: Data(rows))
    }
}
