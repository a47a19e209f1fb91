import Foundation
import Lake
import Logging
import ObjectStore
import Pipeline
import Postgres
import Synchronization

/// What the threads of a verification share.
struct VerifyWork: Sendable {
    let spec: PipelineSpec
    let store: any ObjectStore
    let interruption: Interruption
    let log: Logger

    /// How many threads read.
    var workers: Int { max(1, spec.workers ?? min(ProcessInfo.processInfo.activeProcessorCount, 4)) }

    /// Does something with each item, on several threads.
    ///
    /// - Parameters:
    ///   - items: what is to be done, in this order.
    ///   - threads: how many threads at most.
    ///   - body: does it, with the tools of its thread; the first error ends the others after their item.
    /// - Throws: the first error.
    func each<Item: Sendable>(
        _ items: [Item], threads: Int, _ body: @escaping @Sendable (Item, VerifyTools) throws -> Void
    ) throws {
        let shared = Shared(Mutex(Queue()))
        Threads.run(min(threads, items.count), name: "tidemark-verify") {
            let tools = VerifyTools(self)
            while true {
                let index = shared.state.withLock { state -> Int? in
                    guard state.failure == nil, state.next < items.count else { return nil }
                    state.next += 1
                    return state.next - 1
                }
                guard let index else { return }
                do {
                    try interruption.check()
                    try body(items[index], tools)
                    let told = shared.state.withLock { $0.finished(of: items.count) }
                    if let told { log.info("\(told)") }
                } catch {
                    shared.state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        if let failure = shared.state.withLock({ $0.failure }) { throw failure }
    }

    /// How far the threads are.
    private struct Queue {
        var next = 0
        var failure: (any Error)?
        private var done = 0
        private var told = ContinuousClock.now

        /// Counts one more; now and then it is worth a line in the log.
        mutating func finished(of count: Int) -> String? {
            done += 1
            guard ContinuousClock.now - told > .seconds(15) else { return nil }
            told = ContinuousClock.now
            return "read \(done) of \(count) files and pieces of tables"
        }
    }

    /// Something behind a lock, for threads to share.
    final class Shared<Value>: Sendable {
        let state: Mutex<Value>
        init(_ state: consuming sending Mutex<Value>) { self.state = state }
    }
}
