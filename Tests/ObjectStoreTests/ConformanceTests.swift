import Foundation
import TestSupport
import Testing

@testable import ObjectStore

/// The same promises, kept by every kind of store.
///
/// To try another S3 service, name an empty place in it: `TIDEMARK_TEST_S3=s3://bucket/prefix`, with the usual `AWS_…`
/// variables, and `TIDEMARK_TEST_S3_CONDITIONAL=0` if it pays no heed to If-None-Match.
@Suite struct ConformanceTests {
    enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case folder, rclone, moto, yours
        var testDescription: String { rawValue }

        static let named = ProcessInfo.processInfo.environment["TIDEMARK_TEST_S3"]
        static let allCases: [Kind] = [.folder, .rclone, .moto] + (named == nil ? [] : [.yours])
    }

    /// A store of a kind in a place of its own, with small pages.
    func conformance(_ kind: Kind) throws -> Conformance {
        switch kind {
        case .folder:
            let folder = try TemporaryFolder()
            return Conformance(
                store: DirectoryStore(root: folder.path("lake"), partSize: 1 << 20, pageSize: 3), isFlat: false,
                owner: folder)
        case .rclone:
            let server = try RcloneServer.shared
            return Conformance(store: try S3Store.test(server, server.newBucket()), isConditional: false, isFlat: false)
        case .moto:
            let server = try MotoServer.shared
            // To moto all uploads were begun in 2010.
            return Conformance(store: try S3Store.test(server, server.newBucket()), tellsTime: false)
        case .yours:
            let place = "\(Kind.named ?? "")/\(UUID().uuidString.prefix(8))"
            var configuration = try StoreURL.s3(place, StoreOptions())
            configuration.partSize = S3Store.smallestPart
            let isConditional = ProcessInfo.processInfo.environment["TIDEMARK_TEST_S3_CONDITIONAL"] != "0"
            return Conformance(
                store: try S3Store(configuration, timeouts: HTTPTimeouts(), pageSize: 3), isConditional: isConditional)
        }
    }

    @Test("An object is read back as it was written, replaced, and deleted", arguments: Kind.allCases)
    func wholeObjects(kind: Kind) throws { try conformance(kind).wholeObjects() }

    @Test("An empty object is an object", arguments: Kind.allCases)
    func emptyObject(kind: Kind) throws { try conformance(kind).emptyObject() }

    @Test("A range gives those bytes of it that exist", arguments: Kind.allCases)
    func ranges(kind: Kind) throws { try conformance(kind).ranges() }

    @Test("Put-if-absent lets the first one win, where the store can do that", arguments: Kind.allCases)
    func condition(kind: Kind) throws { try conformance(kind).condition() }

    @Test("Of several who put the same absent key at once exactly one wins", arguments: [Kind.folder])
    func race(kind: Kind) throws { try conformance(kind).race() }

    @Test(
        "Keys with spaces, signs and any script stay what they are; keys that lead out are refused",
        arguments: Kind.allCases)
    func keys(kind: Kind) throws { try conformance(kind).keys() }

    @Test("A listing is complete, in the order of bytes, and goes on where a page ended", arguments: Kind.allCases)
    func listing(kind: Kind) throws { try conformance(kind).listing() }

    @Test(
        "A writer's object is whole at any size around its parts', and unseen before its end", arguments: Kind.allCases)
    func parts(kind: Kind) throws { try conformance(kind).parts() }

    @Test("Parts may come in any order and again", arguments: Kind.allCases)
    func partsOutOfOrder(kind: Kind) throws { try conformance(kind).partsOutOfOrder() }

    @Test("An upload too is refused where an object is there, where the store can do that", arguments: Kind.allCases)
    func conditionOfUpload(kind: Kind) throws { try conformance(kind).conditionOfUpload() }

    @Test("Of an aborted upload nothing is left", arguments: Kind.allCases)
    func abort(kind: Kind) throws { try conformance(kind).abort() }

    @Test("What was begun and never ended can be found and aborted", arguments: Kind.allCases)
    func pendingUploads(kind: Kind) throws { try conformance(kind).pendingUploads() }

    @Test("Many threads share a store", arguments: Kind.allCases)
    func threads(kind: Kind) throws { try conformance(kind).threads() }
}

extension S3Store {
    static let smallestPart = 5 << 20

    /// A store over a bucket of a test server, with the smallest parts and small pages.
    static func test(
        endpoint: String, _ bucket: String, _ credentials: S3Credentials, timeouts: HTTPTimeouts = HTTPTimeouts(),
        pageSize: Int = 3, clockOffset: Int = 0, certificates: String? = nil
    ) throws -> S3Store {
        try S3Store(
            S3Configuration(
                bucket: bucket, prefix: "lake/with space", region: "us-east-1", endpoint: endpoint,
                credentials: credentials, partSize: smallestPart, certificates: certificates),
            timeouts: timeouts, pageSize: pageSize, clockOffset: clockOffset)
    }

    static func test(_ server: RcloneServer, _ bucket: String) throws -> S3Store {
        try test(
            endpoint: server.endpoint, bucket,
            S3Credentials(accessKeyID: RcloneServer.accessKeyID, secretAccessKey: RcloneServer.secretAccessKey))
    }

    static func test(_ server: MotoServer, _ bucket: String) throws -> S3Store {
        try test(
            endpoint: server.endpoint, bucket,
            S3Credentials(accessKeyID: MotoServer.accessKeyID, secretAccessKey: MotoServer.secretAccessKey))
    }
}
