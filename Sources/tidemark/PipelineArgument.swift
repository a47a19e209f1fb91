import ArgumentParser
import Foundation
import Pipeline

/// The pipeline that a command is about.
struct PipelineArgument: ParsableArguments {
    @Argument(help: "The pipeline's YAML file.", completion: .file(extensions: ["yaml", "yml"]))
    var pipeline: String

    /// Reads and checks the file.
    func load() throws -> PipelineSpec {
        try PipelineSpec.load(file: pipeline, environment: ProcessInfo.processInfo.environment)
    }
}
