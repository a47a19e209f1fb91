import Foundation

/// Threads that block: never the cooperative pool's.
enum Threads {
    /// A document nested deeply needs a deep stack in the tests' debug builds.
    private static let stackBytes = 8 << 20

    /// Runs a body on so many threads and waits for all of them.
    ///
    /// - Parameters:
    ///   - count: how many threads, 0 or more.
    ///   - name: what they are called in a debugger.
    ///   - body: what each of them does.
    static func run(_ count: Int, name: String, _ body: @escaping @Sendable () -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            let thread = Thread {
                body()
                group.leave()
            }
            thread.name = "\(name)-\(index + 1)"
            thread.stackSize = stackBytes
            thread.start()
        }
        group.wait()
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
