import ArgumentParser
import Export
import Foundation

/// The command line's root: `tidemark <command> …`.
struct Tidemark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tidemark",
        abstract: "Exports PostgreSQL event tables to a data lake: exactly once, columnar, compressed.",
        discussion: """
            A pipeline is a YAML file that names a source database, a destination and the datasets to export. Each run \
            exports what is new, and only that, however it was interrupted before.

            Exit codes: 0 done; 1 the run failed; 2 wrong usage or configuration; 3 verify found a difference; \
            4 another run holds the pipeline; 130 or 143 interrupted by SIGINT or SIGTERM, and resumable.
            """,
        version: "tidemark \(Program.version)",
        subcommands: [
            ValidateCommand.self, DiscoverCommand.self, PreviewCommand.self, PlanCommand.self, RunCommand.self,
            BackfillCommand.self, StatusCommand.self, FilesCommand.self, LoadSQLCommand.self, VerifyCommand.self,
            SchemaCommand.self, AbandonCommand.self, CleanCommand.self,
        ])
}

@main
enum Main {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Tidemark.parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(with: error)
        }
    }
}
