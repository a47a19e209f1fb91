import Lake
import Synchronization

/// What several workers share: the units that are left, the first error, and what is finished.
final class Work: Sendable {
    private struct State {
        var waiting: [UnitPlan]
        var results: [Int: UnitResult]
        var failure: (any Error)?
    }
    private let state: Mutex<State>

    /// Begins with the units that have no result yet, the largest first, so that no worker is left with a long one.
    init(units: [UnitPlan], finished: [Int: UnitResult]) {
        let waiting = units.filter { finished[$0.number] == nil }.sorted {
            ($1.bytes, $0.number) < ($0.bytes, $1.number)
        }
        state = Mutex(State(waiting: waiting.reversed(), results: finished, failure: nil))
    }

    /// How many units wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// The next unit; nil when none is left or another worker has failed.
    func next() -> UnitPlan? {
        state.withLock { $0.failure == nil ? $0.waiting.popLast() : nil }
    }

    /// Keeps a unit's result.
    func finish(_ result: UnitResult) { state.withLock { $0.results[result.unit] = result } }

    /// Keeps the first error; the other workers stop after their unit.
    func fail(_ error: any Error) { state.withLock { $0.failure = $0.failure ?? error } }

    /// Whether a worker has failed, so that the others may stop at once.
    var hasFailed: Bool { state.withLock { $0.failure != nil } }

    /// The results, once all workers have stopped.
    ///
    /// - Throws: the first error.
    func outcome() throws -> [Int: UnitResult] {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.results
        }
    }
}
