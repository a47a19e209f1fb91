import ArgumentParser
import Export
import Foundation
import Logging

/// Options that all commands that talk to a database or store have.
struct LogOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Log more: what is asked of the source and the store.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Log warnings and errors only.")
    var quiet = false

    /// A logger to standard error.
    var logger: Logger {
        let level: Logger.Level = verbose ? .debug : quiet ? .warning : .info
        return Logger(label: "tidemark") { _ in LineLog(logLevel: level) }
    }
}

/// Writes plain lines to standard error: the moment, the level when it matters, the text.
struct LineLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(logLevel: Logger.Level) { self.logLevel = logLevel }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = Date().formatted(Date.ISO8601FormatStyle())
        let mark = event.level >= .warning ? "\(event.level): " : ""
        Terminal.shared.print("\(time) \(mark)\(event.message)")
    }
}
