import Foundation
import Synchronization

/// rclone's `serve s3`: it checks signatures, and pays no heed to If-None-Match. Its buckets are folders.
public final class RcloneServer: Sendable {
    /// The key that it knows.
    public static let accessKeyID = "AKIDRCLONETEST"
    /// Its secret.
    public static let secretAccessKey = "rclone/Secret+of=the~tests"

    private let server: ServerProcess
    /// The folder that holds a folder for each bucket.
    private let folder: TemporaryFolder
    private let scheme: String
    private let used = Mutex(0)
    private static let buckets = 500

    /// Starts one.
    ///
    /// - Parameter certificate: a file with a certificate and one with its key: it then speaks HTTPS.
    public init(certificate: (file: String, key: String)? = nil) throws {
        let rclone = try TestTools.path("rclone")
        let folder = try TemporaryFolder()
        self.folder = folder
        for number in 1...Self.buckets {
            let bucket = folder.path("served/bucket-\(number)")
            try FileManager.default.createDirectory(atPath: bucket, withIntermediateDirectories: true)
        }
        server = try ServerProcess(cleanup: [folder.path]) { port in
            var command = [
                rclone, "--config", "/dev/null", "--cache-dir", folder.path("cache"), "serve", "s3",
                folder.path("served"),
                "--addr", "127.0.0.1:\(port)", "--auth-key", "\(Self.accessKeyID),\(Self.secretAccessKey)",
                "--vfs-cache-mode", "writes",
            ]
            if let certificate { command += ["--cert", certificate.file, "--key", certificate.key] }
            return command
        }
        scheme = certificate == nil ? "http" : "https"
    }

    /// `http://127.0.0.1:PORT`.
    public var endpoint: String { "\(scheme)://127.0.0.1:\(server.port)" }

    /// The name of an empty bucket that nobody has got before.
    ///
    /// All are there from the start, since rclone does not notice soon what others do to its folder.
    public func newBucket() throws -> String {
        let number = used.withLock { used in
            used += 1
            return used
        }
        guard number <= Self.buckets else { throw TestSupportError("All of rclone's buckets are in use.") }
        return "bucket-\(number)"
    }

    /// The folder in which a bucket's objects are files.
    public func bucketFolder(_ name: String) -> String { folder.path("served/\(name)") }

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
    public func stop() {
        server.stop()
        folder.delete()
    }

    deinit { stop() }

    /// One for all tests of the process, stopped when the process exits.
    public static var shared: RcloneServer { get throws { try sharedResult.get() } }

    private static let sharedResult = Result {
        let server = try RcloneServer()
        atexit { try? RcloneServer.shared.stop() }
        return server
    }
}
