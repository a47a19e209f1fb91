import Foundation
import Synchronization

/// Whether the run is to stop, and how blocked threads hear of it.
///
/// A stop leaves everything resumable: finished units stay, the run stays open, the next `tidemark run` goes on.
public final class Interruption: Sendable {
    private struct State {
        var signal: Int32?
        var cancels: [Int: @Sendable () -> Void] = [:]
        var next = 0
    }
    private let state = Mutex(State())

    /// Makes one that has not been asked to stop.
    public init() {}

    /// The signal that asked for the stop; nil while there was none.
    public var signal: Int32? { state.withLock { $0.signal } }

    /// Asks for the stop and wakes who is blocked.
    ///
    /// - Parameter signal: the signal's number, which decides the exit code.
    public func stop(signal: Int32) {
        let cancels = state.withLock { state in
            state.signal = state.signal ?? signal
            return Array(state.cancels.values)
        }
        for cancel in cancels { cancel() }
    }

    /// Goes on unless a stop was asked for.
    ///
    /// - Throws: `ExportError` of the kind `interrupted`.
    public func check() throws {
        guard let signal else { return }
        throw ExportError(
            .interrupted, operation: "go on with", object: "this run", reason: "it was interrupted by signal \(signal)",
            hint: "`tidemark run` goes on where it was.")
    }

    /// Runs a block whose waiting the given action can end.
    func cancellable<Result>(by cancel: @escaping @Sendable () -> Void, _ body: () throws -> Result) throws -> Result {
        let token = state.withLock { state in
            state.next += 1
            state.cancels[state.next] = cancel
            return state.next
        }
        defer { state.withLock { $0.cancels[token] = nil } }
        try check()
        return try body()
    }
}
