import ArgumentParser
import Foundation
import Pipeline

/// `tidemark validate FILE…`
struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check pipeline files without touching a database or store.",
        discussion: "Every problem is printed as file:line:column, what is wrong, and what would be right.")

    @Argument(help: "Pipeline files, or folders that are searched for them.", completion: .file())
    var files: [String]

    func run() throws {
        var failed = false
        for file in try PipelineFiles.find(paths: files) {
            do {
                let spec = try PipelineSpec.load(file: file, environment: ProcessInfo.processInfo.environment)
                let datasets = spec.datasets.map(\.name).joined(separator: ", ")
                print("\(file): pipeline \(spec.name) is valid; datasets: \(datasets)")
            } catch {
                failed = true
                Terminal.shared.print("\(error)")
            }
        }
        if failed { throw ExitCode(2) }
    }
}
