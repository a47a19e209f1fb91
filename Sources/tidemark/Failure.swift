import ArgumentParser
import Export
import Foundation
import Pipeline
import Warehouses

/// How an error ends the program: its message on standard error, its exit code.
enum Failure {
    /// The exit code of a verification that found a difference.
    static let difference: Int32 = 3

    /// Prints an error and exits; a request for help or the version is none.
    static func exit(with error: any Error) -> Never {
        let parsed = Tidemark.exitCode(for: error)
        if parsed == .success {
            print(Tidemark.fullMessage(for: error))
            Foundation.exit(0)
        }
        if let code = error as? ExitCode { Foundation.exit(code.rawValue) }
        Terminal.shared.print(isUsage(error) ? Tidemark.fullMessage(for: error) : "error: \(error)")
        Foundation.exit(isUsage(error) ? 2 : code(of: error))
    }

    /// Whether the command line itself was wrong.
    private static func isUsage(_ error: any Error) -> Bool {
        Tidemark.exitCode(for: error) == .validationFailure
    }

    /// The exit code that an error stands for.
    static func code(of error: any Error) -> Int32 {
        if error is PipelineError || error is LoadError { return 2 }
        guard let error = error as? ExportError else { return 1 }
        return switch error.kind {
        case .failed, .stopped: 1
        case .configuration: 2
        case .held: 4
        case .interrupted: 128 + (Signals.interruption.signal ?? SIGINT)
        }
    }
}
