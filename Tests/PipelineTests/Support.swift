import Foundation

@testable import Pipeline

/// The smallest pipeline, to which tests add what they are about.
enum Sample {
    static let head = """
        pipeline: eventflow
        source: {url: ""}
        destination: {url: "file:/lake"}

        """

    /// A pipeline of one dataset with table and key; `settings` begins in line 8, column 5.
    static func dataset(_ settings: String = "") -> String {
        let lines = settings.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
        return head + "datasets:\n  events:\n    table: public.events\n    key: event_id\n" + lines
    }
}

/// Loads a text as the file `p.yaml`.
func load(_ text: String, _ environment: [String: String] = [:]) throws(PipelineError) -> PipelineSpec {
    try PipelineSpec.load(text: text, file: "p.yaml", environment: environment)
}

/// What is wrong with a text, a line each without the file's name; empty when nothing is.
func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
    do {
        _ = try load(text, environment)
        return []
    } catch {
        return error.problems.map { $0.description.replacing(/^p\.yaml:/, with: "") }
    }
}

/// Runs with a folder of its own, removed afterwards.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pipeline-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}
