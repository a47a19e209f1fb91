import Foundation
import Synchronization

/// moto's server: it honours If-None-Match, and checks no signatures.
public final class MotoServer: Sendable {
    /// Any key will do.
    public static let accessKeyID = "AKIDMOTOTEST"
    /// Any secret will do.
    public static let secretAccessKey = "moto/Secret+of=the~tests"

    private let server: ServerProcess
    private let used = Mutex(0)

    /// Starts one.
    public init() throws {
        let moto = try TestTools.path("moto_server")
        server = try ServerProcess { port in [moto, "-H", "127.0.0.1", "-p", "\(port)"] }
    }

    /// `http://127.0.0.1:PORT`.
    public var endpoint: String { "http://127.0.0.1:\(server.port)" }
    /// Its port on 127.0.0.1.
    public var port: Int { server.port }

    /// Makes an empty bucket.
    ///
    /// - Returns: its name, which nobody has got before.
    public func newBucket() throws -> String {
        let number = used.withLock { used in
            used += 1
            return used
        }
        let name = "bucket-\(number)"
        let status = try Loopback.request("PUT", "/\(name)", port: server.port).status
        guard status == 200 else { throw TestSupportError("moto did not make the bucket \(name): HTTP \(status).") }
        return name
    }

    /// The environment with which AWS's tools, and Tidemark, reach it.
    public var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": Self.accessKeyID, "AWS_SECRET_ACCESS_KEY": Self.secretAccessKey,
            "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint,
        ]
    }

    /// The process.
    public var process: ServerProcess { server }

    /// Ends it.
    public func stop() { server.stop() }

    deinit { stop() }

    /// One for all tests of the process, stopped when the process exits.
    public static var shared: MotoServer { get throws { try sharedResult.get() } }

    private static let sharedResult = Result {
        let server = try MotoServer()
        atexit { try? MotoServer.shared.stop() }
        return server
    }
}
