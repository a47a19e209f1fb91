import Foundation
import Testing

@testable import ObjectStore

@Suite struct OpenStoreTests {
    func options(_ environment: [String: String]) -> StoreOptions {
        var options = StoreOptions()
        options.environment = environment
        return options
    }

    func s3(_ url: String, _ options: StoreOptions) throws -> S3Configuration {
        let retrying = try #require(try openStore(url: url, options: options) as? RetryingStore)
        return try #require(retrying.store as? S3Store).configuration
    }

    static let keys = ["AWS_ACCESS_KEY_ID": "ID", "AWS_SECRET_ACCESS_KEY": "hidden-secret"]

    @Test(
        "A file: URL names a folder",
        arguments: [("file:/a/b", "file:/a/b"), ("file:///a/b/", "file:/a/b"), ("file:/a b%20", "file:/a b%20")])
    func file(url: String, location: String) throws {
        #expect(try openStore(url: url, options: options([:])).location == location)
    }

    @Test("An s3: URL names a bucket and a prefix; all else comes from the environment")
    func environment() throws {
        let configuration = try s3(
            "s3://lake/a/b/",
            options(
                Self.keys.merging([
                    "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "x", "AWS_ENDPOINT_URL": "http://other:1",
                    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000", "AWS_SESSION_TOKEN": "token",
                    "AWS_CA_BUNDLE": "/ca.pem",
                ]) { $1 }))
        #expect(configuration.bucket == "lake")
        #expect(configuration.prefix == "a/b")
        #expect(configuration.region == "eu-central-1")
        #expect(configuration.endpoint == "http://127.0.0.1:9000")
        #expect(configuration.credentials.accessKeyID == "ID")
        #expect(configuration.credentials.sessionToken == "token")
        #expect(configuration.certificates == "/ca.pem")
        #expect(configuration.partSize == 16 << 20)

        let plain = try s3("s3://lake", options(Self.keys))
        #expect(plain.prefix.isEmpty)
        #expect(plain.region == "us-east-1")
        #expect(plain.endpoint == nil)
        #expect(try openStore(url: "s3://lake", options: options(Self.keys)).location == "s3://lake")
        #expect(try openStore(url: "s3://lake//a/", options: options(Self.keys)).location == "s3://lake/a")
    }

    @Test("What is given counts before the environment, and a key pair is taken from one place")
    func given() throws {
        var given = options(Self.keys.merging(["AWS_REGION": "x", "AWS_SESSION_TOKEN": "of another key"]) { $1 })
        given.region = "r"
        given.endpoint = "https://store.example"
        given.pathStyle = false
        given.partSize = 5 << 20
        given.accessKeyID = "MINE"
        given.secretAccessKey = "S"
        let configuration = try s3("s3://lake", given)
        #expect(configuration.region == "r")
        #expect(configuration.endpoint == "https://store.example")
        #expect(!configuration.pathStyle)
        #expect(configuration.partSize == 5 << 20)
        #expect(configuration.credentials.accessKeyID == "MINE")
        #expect(configuration.credentials.sessionToken == nil)

        given.secretAccessKey = nil
        let error = try #require(throws: StoreError.self) { try openStore(url: "s3://lake", options: given) }
        #expect(error.description.contains("only one half of an access key"))
    }

    @Test("The bucket is in the host's name at AWS, and in the path elsewhere or when its name has dots")
    func addressing() throws {
        func url(_ bucket: String, _ region: String, _ endpoint: String?, _ pathStyle: Bool? = nil) throws -> String {
            let address = try S3Address(
                S3Configuration(
                    bucket: bucket, region: region, endpoint: endpoint, pathStyle: pathStyle,
                    credentials: S3Credentials(accessKeyID: "a", secretAccessKey: "b")))
            return "\(address.scheme)://\(address.host)\(address.path("a b/c+d"))"
        }
        #expect(try url("lake", "eu-west-1", nil) == "https://lake.s3.eu-west-1.amazonaws.com/a%20b/c%2Bd")
        #expect(try url("lake", "cn-north-1", nil) == "https://lake.s3.cn-north-1.amazonaws.com.cn/a%20b/c%2Bd")
        #expect(try url("my.lake", "eu-west-1", nil) == "https://s3.eu-west-1.amazonaws.com/my.lake/a%20b/c%2Bd")
        #expect(try url("lake", "eu-west-1", nil, true) == "https://s3.eu-west-1.amazonaws.com/lake/a%20b/c%2Bd")
        #expect(try url("lake", "x", "http://127.0.0.1:9000") == "http://127.0.0.1:9000/lake/a%20b/c%2Bd")
        #expect(try url("lake", "x", "https://Store.example:443/") == "https://store.example/lake/a%20b/c%2Bd")
        #expect(try url("lake", "x", "http://h:80/base/s3") == "http://h/base/s3/lake/a%20b/c%2Bd")
        #expect(try url("lake", "x", "https://store.example", false) == "https://lake.store.example/a%20b/c%2Bd")
        #expect(try url("lake", "x", "https://s3.x.amazonaws.com") == "https://lake.s3.x.amazonaws.com/a%20b/c%2Bd")
    }

    @Test(
        "A URL, an endpoint or a part size that cannot be right is refused before anything is done",
        arguments: [
            "", "lake", "/lake", "file:", "file://", "file://host/path", "ftp://x", "s3://", "s3:///a", "s3://la ke/a",
            "s3://../a", "s3://lake/a/../b", "s3://lake/a//b", "s3://lake/a?x=1", "s3://key:hidden-secret@lake/a",
            "gs://b",
        ])
    func refused(url: String) throws {
        let error = try #require(throws: StoreError.self) { try openStore(url: url, options: options(Self.keys)) }
        #expect(!error.isTransient)
        #expect(error.description.hasPrefix("Could not open "))
        #expect(!error.description.contains("hidden"))
    }

    @Test("An endpoint or a part size that cannot be right is refused")
    func refusedSettings() throws {
        for endpoint in [
            "127.0.0.1:9000", "ftp://x", "http://", "http://user:hidden-secret@h", "https://h?x", "http:/h",
        ] {
            var options = options(Self.keys)
            options.endpoint = endpoint
            let error = try #require(throws: StoreError.self, "\(endpoint)") {
                try openStore(url: "s3://lake", options: options)
            }
            #expect(error.description.contains("endpoint"))
            #expect(!error.description.contains("hidden"))
        }
        for size in [0, 5 << 20 - 1, 5 << 30 + 1] {
            var options = options(Self.keys)
            options.partSize = size
            #expect(throws: StoreError.self) { try openStore(url: "s3://lake", options: options) }
        }
    }

    @Test("Without an access key the error names the variables to set")
    func noKeys() throws {
        let error = try #require(throws: StoreError.self) { try openStore(url: "s3://lake/a", options: options([:])) }
        #expect(
            error.description
                == "Could not open s3://lake/a: no access key is given. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    }
}
