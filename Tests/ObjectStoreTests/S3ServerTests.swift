import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ObjectStore

/// What real servers say to requests that are wrong, and over TLS.
@Suite struct S3ServerTests {
    static let wrongSecret = "hidden-wrong-secret"

    func error(
        _ endpoint: String, _ bucket: String, id: String = RcloneServer.accessKeyID,
        secret: String = RcloneServer.secretAccessKey, certificates: String? = nil, retry: RetryPolicy = RetryPolicy()
    ) throws -> (StoreError, seconds: Double) {
        let store = RetryingStore(
            try S3Store.test(
                endpoint: endpoint, bucket, S3Credentials(accessKeyID: id, secretAccessKey: secret),
                timeouts: HTTPTimeouts(connect: 2, stall: 1), certificates: certificates), policy: retry)
        let start = Date()
        let error = try #require(throws: StoreError.self) { try store.put("k", [1, 2, 3], .ifAbsent) }
        for text in ["\(error)", String(reflecting: error)] {
            #expect(!text.contains("hidden") && !text.contains(RcloneServer.secretAccessKey))
        }
        return (error, Date().timeIntervalSince(start))
    }

    @Test("A wrong secret key is a lasting error at once, which names the access key and not the secret")
    func wrongSecretKey() throws {
        let server = try RcloneServer.shared
        let (error, seconds) = try error(server.endpoint, server.newBucket(), secret: Self.wrongSecret)
        #expect(error.code == "SignatureDoesNotMatch")
        #expect(!error.isTransient)
        #expect(error.attempts == 1)
        #expect(seconds < 5)
        #expect(error.description.contains("access key \(RcloneServer.accessKeyID)"))
        #expect(error.hint?.contains("AWS_SECRET_ACCESS_KEY") == true)
    }

    @Test("An access key that the store does not know is named")
    func unknownKey() throws {
        let server = try RcloneServer.shared
        let (error, _) = try error(server.endpoint, server.newBucket(), id: "AKIDNOBODYKNOWS")
        #expect(error.code == "InvalidAccessKeyId")
        #expect(!error.isTransient)
        #expect(error.description.contains("AKIDNOBODYKNOWS"))
    }

    @Test("A bucket that does not exist is named, with a hint")
    func noBucket() throws {
        for (endpoint, id, secret) in [
            (try RcloneServer.shared.endpoint, RcloneServer.accessKeyID, RcloneServer.secretAccessKey),
            (try MotoServer.shared.endpoint, MotoServer.accessKeyID, MotoServer.secretAccessKey),
        ] {
            let (error, _) = try error(endpoint, "no-such-bucket", id: id, secret: secret)
            #expect(error.code == "NoSuchBucket")
            #expect(!error.isTransient)
            #expect(error.description.contains("there is no bucket \"no-such-bucket\""))
        }
    }

    @Test("A wrong clock of this machine does no harm to a server that checks it")
    func clock() throws {
        let server = try RcloneServer.shared
        let bucket = try server.newBucket()
        for offset in [-7200, 7200] {
            let store = try S3Store.test(
                endpoint: server.endpoint, bucket,
                S3Credentials(accessKeyID: RcloneServer.accessKeyID, secretAccessKey: RcloneServer.secretAccessKey),
                clockOffset: offset)
            #expect(try store.put("clock", Array("\(offset)".utf8), .none) == .written)
            #expect(try store.get("clock", range: nil) == Array("\(offset)".utf8))
        }
    }

    @Test("A server that cannot be reached is named with its port, and given up in the time that was set")
    func unreachable() throws {
        let port = try FreePort.find()
        let waits = Mutex(0)
        let policy = RetryPolicy(
            attempts: 100, totalTime: 1, firstDelay: 0.1, longestDelay: 0.2,
            onRetry: { error, _ in
                #expect(error.isTransient)
                waits.withLock { $0 += 1 }
            })
        let (error, seconds) = try error("http://127.0.0.1:\(port)", "b", retry: policy)
        #expect(error.isTransient)
        #expect(error.attempts > 2)
        #expect(waits.withLock(\.self) == error.attempts - 1)
        #expect(seconds < 5)
        #expect(error.description.contains("127.0.0.1:\(port) cannot be reached"))
        #expect(error.description.contains("tried \(error.attempts) times"))
        #expect(error.hint?.contains("Check the endpoint") == true)
    }

    @Test("A server that hangs is given up, and goes on being used when it is back")
    func hangs() throws {
        let server = try MotoServer()
        let bucket = try server.newBucket()
        let store = try S3Store.test(
            endpoint: server.endpoint, bucket,
            S3Credentials(accessKeyID: MotoServer.accessKeyID, secretAccessKey: MotoServer.secretAccessKey),
            timeouts: HTTPTimeouts(connect: 2, stall: 3))
        try store.put("k", [1], .none)
        server.process.pause()
        // Another key: the server may still do, once it is back, what nobody waits for any more.
        let error = try #require(throws: StoreError.self) { try store.put("given up", [2], .none) }
        #expect(error.isTransient)
        server.process.resume()
        #expect(try RetryingStore(store, policy: RetryPolicy(totalTime: 20)).put("k", [3], .none) == .written)
        #expect(try store.get("k", range: nil) == [3])
    }

    @Test("A bucket's own host name works")
    func virtualHost() throws {
        let server = try MotoServer.shared
        let bucket = try server.newBucket()
        // libcurl takes every name below localhost for this machine (RFC 6761).
        var configuration = S3Configuration(
            bucket: bucket, prefix: "p", region: "us-east-1", endpoint: "http://localhost:\(server.port)",
            pathStyle: false,
            credentials: S3Credentials(accessKeyID: MotoServer.accessKeyID, secretAccessKey: MotoServer.secretAccessKey)
        )
        configuration.partSize = S3Store.smallestPart
        let store = try S3Store(configuration)
        #expect(try store.put("a b/c", [1, 2], .ifAbsent) == .written)
        #expect(try store.put("a b/c", [1, 2], .ifAbsent) == .alreadyExists)
        #expect(try store.list("", after: nil).objects.map(\.key) == ["a b/c"])
        // The same object, seen by the other way of addressing.
        configuration.pathStyle = true
        configuration.endpoint = server.endpoint
        #expect(try S3Store(configuration).get("a b/c", range: nil) == [1, 2])
    }

    @Test("Over TLS the store works with large parts unhashed, and only with a certificate that is trusted")
    func tls() throws {
        let folder = try TemporaryFolder()
        let (file, key) = (folder.path("cert.pem"), folder.path("key.pem"))
        try ChildProcess.run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", file, "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        let server = try RcloneServer(certificate: (file, key))
        let bucket = try server.newBucket()
        let credentials = S3Credentials(
            accessKeyID: RcloneServer.accessKeyID, secretAccessKey: RcloneServer.secretAccessKey)
        let store = try S3Store.test(endpoint: server.endpoint, bucket, credentials, certificates: file)
        let body = Conformance.bytes(S3Store.smallestPart + 12_345)
        let writer = ObjectWriter(store: store, key: "large")
        try writer.write(body)
        #expect(try writer.finish().size == Int64(body.count))
        let isSame = try store.get("large", range: nil) == body
        #expect(isSame)
        #expect(try store.put("small", [1], .none) == .written)

        let (untrusted, _) = try error(server.endpoint, bucket)
        #expect(!untrusted.isTransient)
        #expect(untrusted.attempts == 1)
        #expect(untrusted.description.contains("certificate of 127.0.0.1:"))
        #expect(untrusted.hint?.contains("AWS_CA_BUNDLE") == true)
        let (missing, _) = try error(server.endpoint, bucket, certificates: folder.path("none.pem"))
        #expect(!missing.isTransient)
        #expect(missing.hint?.contains("AWS_CA_BUNDLE") == true)
    }

    @Test("openStore finds all that it needs in the environment")
    func fromEnvironment() throws {
        let server = try RcloneServer.shared
        var options = StoreOptions()
        options.environment = server.environment
        let store = try openStore(url: "s3://\(try server.newBucket())/lake", options: options)
        #expect(try store.put("a/b", [1], .none) == .written)
        #expect(try store.list("a/", after: nil).objects.map(\.key) == ["a/b"])
    }
}
