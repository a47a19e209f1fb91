import Foundation

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

    /// Starts one.
    ///
    /// - Parameter certificate: a file with a certificate and one with its key: it then speaks HTTPS.
    public init(certificate: (file: String, key: String)? = nil) throws {
        let rclone = try TestTools.path("rclone")
        let folder = try TemporaryFolder()
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder.path("served"), withIntermediateDirectories: true)
        server = try ServerProcess(cleanup: [folder.path]) { port in
            var command = [
                rclone, "--config", "/dev/null", "--cache-dir", folder.path("cache"), "serve", "s3", folder.path("served"),
                "--addr", "127.0.0.1:\(port)", "--auth-key", "\(Self.accessKeyID),\(Self.secretAccessKey)",
                "--vfs-cache-mode", "writes",
                // New buckets and files are seen at once, also when a test makes them in the folder.
                "--dir-cache-time", "0s",
            ]
            if let certificate { command += ["--cert", certificate.file, "--key", certificate.key] }
            return command
        }
        scheme = certificate == nil ? "http" : "https"
    }

    /// `http://127.0.0.1:PORT`.
    public var endpoint: String { "\(scheme)://127.0.0.1:\(server.port)" }

    /// Makes a bucket.
    public func createBucket(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: bucketFolder(name), withIntermediateDirectories: false)
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
