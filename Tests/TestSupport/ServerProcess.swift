import Foundation
import Synchronization

/// A server program on a free port of loopback, from its first connection on.
public final class ServerProcess: Sendable {
    /// Its port on 127.0.0.1.
    public let port: Int
    private let process: ChildProcess

    /// Starts a server and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - environment: variables besides this process's own.
    ///   - cleanup: folders to delete should this process be killed.
    ///   - command: its command line for a port.
    public init(
        environment: [String: String] = [:], cleanup: [String] = [], _ command: (_ port: Int) throws -> [String]
    ) throws {
        var problem = ""
        for _ in 1...5 {
            let port = try FreePort.find()
            let arguments = try command(port)
            let process = try ChildProcess(
                arguments, environment: environment, outlivesNobody: true, cleanup: cleanup)
            let deadline = Date(timeIntervalSinceNow: 60)
            while process.isRunning, Date() < deadline {
                if FreePort.isTaken(port), process.wait(atMost: 0.02) == nil {
                    self.port = port
                    self.process = process
                    return
                }
                usleep(20_000)
            }
            problem = "\(arguments[0]) did not come up at port \(port): \(process.output)\(process.errors)"
        }
        throw TestSupportError(problem)
    }

    /// What it wrote so far.
    public var log: String { process.output + process.errors }

    /// Ends it.
    public func stop() { process.terminate(within: 2) }

    /// Stops it for a while (SIGSTOP), as a server that hangs: connections come about, answers do not.
    public func pause() { process.signal(SIGSTOP) }

    /// Lets it go on.
    public func resume() { process.signal(SIGCONT) }
}
