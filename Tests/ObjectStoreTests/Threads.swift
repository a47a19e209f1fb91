import Foundation
import ObjectStore
import Synchronization

/// Results of several threads.
final class Outcomes: Sendable {
    private let list = Mutex<[(number: Int, result: Result<PutOutcome, any Error>)]>([])

    func add(_ number: Int, _ result: Result<PutOutcome, any Error>) {
        list.withLock { $0.append((number, result)) }
    }

    var all: [(number: Int, result: Result<PutOutcome, any Error>)] { list.withLock(\.self) }
}

/// A started thread that can be waited for.
final class Running: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    fileprivate init(_ body: @escaping @Sendable () -> Void) {
        let semaphore = semaphore
        let thread = Thread {
            body()
            semaphore.signal()
        }
        thread.start()
    }

    func join() { semaphore.wait() }
}

extension Thread {
    /// Starts a plain thread.
    static func run(_ body: @escaping @Sendable () -> Void) -> Running { Running(body) }
}
