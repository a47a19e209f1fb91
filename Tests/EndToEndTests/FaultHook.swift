import Foundation
import TestSupport
import Testing

/// What a test asks of the program's store: crashes, pauses and failures at writes that it names.
///
/// The hook is in debug builds only. Tests that need it are `.enabled(if: FaultHook.isBuiltIn, FaultHook.reason)`.
enum FaultHook {
    #if DEBUG
        static let isBuiltIn = true
    #else
        static let isBuiltIn = false
    #endif
    static let reason: Comment = "a release build has no hook for faults; run this test without -c release"

    static func crash(at number: Int) -> [String: String] { ["TIDEMARK_TEST_CRASH_AT": "\(number)"] }
    static func pause(at number: Int) -> [String: String] { ["TIDEMARK_TEST_PAUSE_AT": "\(number)"] }
    static func pause(after number: Int) -> [String: String] { ["TIDEMARK_TEST_PAUSE_AFTER": "\(number)"] }
    /// Before one of the writes whose verb and key hold a text: before the second `put _tidemark/log/`.
    static func pause(at number: Int, of text: String) -> [String: String] {
        ["TIDEMARK_TEST_PAUSE_AT": "\(number):\(text)"]
    }
    static func failures(_ probability: Double, seed: Int) -> [String: String] {
        ["TIDEMARK_TEST_STORE_FAULTS": "\(probability),\(seed)"]
    }

    /// A write of a run, as the hook noted it.
    struct Write: CustomStringConvertible {
        let number: Int
        let verb: String
        let key: String
        var description: String { "write \(number) (\(verb) \(key))" }
    }

    /// The writes of a run that came to its end.
    ///
    /// - Parameter run: runs the program with the given environment.
    static func writes(of run: ([String: String]) throws -> Tidemark.Outcome) throws -> [Write] {
        let file = TemporaryFile()
        let outcome = try run(["TIDEMARK_TEST_WRITES_LOG": file.path])
        try #require(outcome.status == 0, "\(outcome.all)")
        let writes = try file.text().split(separator: "\n").map { line in
            let words = line.split(separator: " ", maxSplits: 2)
            return Write(number: try #require(Int(words[0])), verb: String(words[1]), key: String(words[2]))
        }
        try #require(!writes.isEmpty)
        return writes
    }
}

extension Tidemark.Running {
    /// Waits until the process has stopped itself (state T of proc(5)).
    ///
    /// - Returns: false if it ended instead.
    func waitUntilStopped() throws -> Bool {
        let deadline = Date(timeIntervalSinceNow: 60)
        while process.isRunning {
            let stat = FileManager.default.contents(atPath: "/proc/\(process.processIdentifier)/stat") ?? Data()
            // "pid (name) state …", and the name may hold anything.
            if String(decoding: stat, as: UTF8.self).components(separatedBy: ") ").last?.first == "T" { return true }
            try #require(Date() < deadline, "it neither stopped nor ended")
            usleep(1_000)
        }
        return false
    }

    /// Waits for the end, and kills what does not come to it.
    func wait(atMost seconds: Double) throws -> Tidemark.Outcome {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning, Date() < deadline { usleep(2_000) }
        let isLate = process.isRunning
        if isLate { signal(SIGKILL) }
        let outcome = try wait()
        #expect(!isLate, "it did not end within \(seconds) s: \(outcome.all)")
        return outcome
    }
}
