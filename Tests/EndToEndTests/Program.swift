import Foundation
import TestSupport

/// The program as a user runs it.
struct Tidemark {
    /// What a run of the program left.
    struct Outcome {
        let status: Int32
        /// Whether a signal ended it; `status` is then the signal's number.
        let wasKilled: Bool
        let output: String
        let errors: String
        var all: String { output + errors }
    }

    /// The binary that the build put beside the tests.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["TIDEMARK"] { return path }
        let own = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return own.appendingPathComponent("tidemark").path
    }()

    /// What every run finds in its environment besides what the test gives it.
    static let environment: [String: String] = {
        var environment = ProcessInfo.processInfo.environment
        for name in environment.keys where name.hasPrefix("AWS_") || name.hasPrefix("PG") { environment[name] = nil }
        return environment
    }()

    /// Runs the program to its end.
    static func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Outcome {
        try start(arguments, environment).wait()
    }

    /// Starts the program.
    static func start(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Running {
        try Running(arguments, environment)
    }

    /// A run that goes on.
    final class Running {
        let process = Process()
        private let output = TemporaryFile()
        private let errors = TemporaryFile()

        fileprivate init(_ arguments: [String], _ environment: [String: String]) throws {
            process.executableURL = URL(fileURLWithPath: Tidemark.path)
            process.arguments = arguments
            process.environment = Tidemark.environment.merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try output.open()
            process.standardError = try errors.open()
            try process.run()
        }

        func signal(_ number: Int32) { kill(process.processIdentifier, number) }

        /// What it has written to standard error until now.
        func errorsSoFar() -> String { (try? errors.text()) ?? "" }

        /// Waits for the end.
        func wait() throws -> Outcome {
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
                output: try output.text(), errors: try errors.text())
        }
    }
}

/// A file that vanishes with its owner.
final class TemporaryFile {
    let path = "/tmp/tm-\(UUID().uuidString)"

    func open() throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    func text() throws -> String { String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self) }

    deinit { unlink(path) }
}
