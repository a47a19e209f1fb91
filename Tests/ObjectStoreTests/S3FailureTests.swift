import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ObjectStore

/// What S3 does now and then, played by a server that does it when told.
@Suite final class S3FailureTests {
    /// They live as long as the test.
    private var servers: [StubServer] = []

    static let secret = "hidden/Secret+key"
    static let credentials = S3Credentials(
        accessKeyID: "AKIDTEST", secretAccessKey: secret, sessionToken: "hidden-token")
    static let parts = [UploadedPart(number: 1, size: 3, etag: "a"), UploadedPart(number: 2, size: 2, etag: "b")]
    static let upload = UploadID(key: "k", id: "up/1")

    func store(
        _ handler: @escaping @Sendable (StubServer.Request, Int) -> StubServer.Reply
    ) throws -> (S3Store, StubServer) {
        let server = try StubServer(handler)
        servers.append(server)
        return (try S3Store.test(endpoint: server.endpoint, "b", Self.credentials), server)
    }

    static func body(_ code: String, _ message: String = "Sorry", _ more: String = "") -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Error><Code>\(code)</Code><Message>\(message)</Message>\(more)<RequestId>4442587FB7D0A2F9</RequestId></Error>
        """
    }

    /// The error that a PUT gets for an answer.
    func error(_ status: Int, _ body: String, headers: [String: String] = [:]) throws -> StoreError {
        let (store, _) = try store { _, _ in .answer(status, headers: headers, body: body) }
        let error = try #require(throws: StoreError.self) { try store.put("k", [1], .none) }
        #expect(error.status == status)
        #expect(!error.description.contains("hidden"))
        return error
    }

    @Test(
        "What may pass is called transient",
        arguments: [
            (500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable"), (400, "RequestTimeout"),
            (409, "ConditionalRequestConflict"), (409, "OperationAborted"), (429, "TooManyRequests"), (502, ""),
            (504, ""),
            (500, ""), (503, ""), (408, ""),
        ])
    func transient(status: Int, code: String) throws {
        let error = try error(status, code.isEmpty ? "<html>Bad gateway</html>" : Self.body(code))
        #expect(error.isTransient)
        #expect(error.code == (code.isEmpty ? nil : code))
    }

    @Test(
        "What will not pass is not",
        arguments: [
            (400, "InvalidPart"), (400, "EntityTooSmall"), (403, "AccessDenied"), (403, "SignatureDoesNotMatch"),
            (403, "InvalidAccessKeyId"), (404, "NoSuchBucket"), (405, "MethodNotAllowed"), (412, "PreconditionFailed"),
            (501, "NotImplemented"), (301, "PermanentRedirect"), (400, "ExpiredToken"), (403, ""), (404, ""), (301, ""),
            (418, ""),
        ])
    func lasting(status: Int, code: String) throws {
        #expect(try !error(status, code.isEmpty ? "" : Self.body(code)).isTransient)
    }

    @Test("An error is a sentence with status, code and hint, and names the access key's id but no secret")
    func sentences() throws {
        #expect(
            try error(403, Self.body("SignatureDoesNotMatch")).description.hasPrefix(
                "Could not write s3://b/lake/with space/k: 127.0.0.1:"))
        for (status, code, words) in [
            (403, "SignatureDoesNotMatch", ["AKIDTEST", "HTTP 403", "AWS_SECRET_ACCESS_KEY"]),
            (403, "InvalidAccessKeyId", ["does not know access key AKIDTEST", "AWS_ACCESS_KEY_ID"]),
            (400, "ExpiredToken", ["session token", "get new ones"]),
            (403, "AccessDenied", ["AKIDTEST", "s3:PutObject"]),
            (404, "NoSuchBucket", ["there is no bucket \"b\"", "Create it"]),
            (418, "ImATeapot", ["answered: Sorry (HTTP 418, ImATeapot)."]),
            (500, "InternalError", ["request id 4442587FB7D0A2F9"]),
        ] {
            let text = try error(status, Self.body(code)).description
            for word in words { #expect(text.contains(word), "\(text)") }
        }
        let region = try error(
            400, Self.body("AuthorizationHeaderMalformed", "Wrong", "<Region>eu-central-1</Region>")
        ).description
        #expect(region.contains("bucket \"b\" is in region eu-central-1"))
        #expect(region.contains("Set region: eu-central-1, or AWS_REGION."))
        #expect(try error(301, "", headers: ["x-amz-bucket-region": "us-west-2"]).description.contains("us-west-2"))
        #expect(
            try error(405, "<html>nginx</html>").description.contains(
                "Check that the endpoint is that of an S3 service"))
    }

    @Test("Retry-After is heeded, as seconds and as a date")
    func retryAfter() throws {
        #expect(try error(503, Self.body("SlowDown"), headers: ["Retry-After": "7"]).retryAfter == 7)
        #expect(try error(503, "", headers: ["Retry-After": "Fri, 24 May 2013 00:00:00 GMT"]).retryAfter == 0)
        #expect(try error(503, "", headers: ["Retry-After": "soon"]).retryAfter == nil)
        #expect(try error(503, "").retryAfter == nil)
    }

    @Test("An upload can fail although the answer says 200")
    func completeWithErrorBody() throws {
        let (store, server) = try store { request, number in
            request.method == "HEAD"
                ? .answer(404)
                : .answer(200, body: number == 0 ? "   \n  " + Self.body("InternalError") : Self.body("InvalidPart"))
        }
        let first = try #require(throws: StoreError.self) { try store.completeUpload(Self.upload, Self.parts, .none) }
        #expect(first.isTransient)
        #expect(first.code == "InternalError")
        let second = try #require(throws: StoreError.self) { try store.completeUpload(Self.upload, Self.parts, .none) }
        #expect(!second.isTransient)
        #expect(second.code == "InvalidPart")
        #expect(server.requests[0].target == "/b/lake/with%20space/k?uploadId=up%2F1")
        let sent = try #require(XMLElement(document: server.requests[0].body))
        #expect(sent.name == "CompleteMultipartUpload")
        #expect(sent.all("Part").map { $0["PartNumber"] } == ["1", "2"])
        #expect(sent.all("Part").map { $0["ETag"] } == ["\"a\"", "\"b\""])
    }

    @Test("An answer to the end of an upload that is cut off may pass; one that is not S3's will not")
    func completeCutOff() throws {
        let (store, _) = try store { _, number in
            .answer(200, body: ["", "  ", "<CompleteMultipartUploadResult><Loc", "<html></html>"][number])
        }
        for isTransient in [true, true, true, false] {
            let error = try #require(throws: StoreError.self) {
                try store.completeUpload(Self.upload, Self.parts, .none)
            }
            #expect(error.isTransient == isTransient)
        }
    }

    @Test("An upload that was completed by a request whose answer was lost is found to be done")
    func completeAfterLostAnswer() throws {
        let (store, server) = try store { request, number in
            if request.method == "HEAD" {
                return .answer(200, headers: ["Content-Length": "5", "ETag": "\"0123-2\""])
            }
            return number == 0 ? .hangUp : .answer(404, body: Self.body("NoSuchUpload"))
        }
        let retrying = RetryingStore(store, policy: RetryingStoreTests.fast)
        #expect(try retrying.completeUpload(Self.upload, Self.parts, .none) == .written)
        #expect(try retrying.completeUpload(Self.upload, Self.parts, .ifAbsent) == .alreadyExists)
        #expect(server.requests.map(\.method) == ["POST", "POST", "HEAD", "POST", "HEAD"])
    }

    @Test("An upload that is not known is not taken for done because of another object", arguments: ["4", "6", ""])
    func unknownUpload(size: String) throws {
        let (store, _) = try store { request, _ in
            if request.method == "HEAD" {
                // The right size, but made of another number of parts, or another size, or nothing there.
                return size.isEmpty
                    ? .answer(200, headers: ["Content-Length": "5", "ETag": "\"0123-3\""])
                    : size == "6" ? .answer(404) : .answer(200, headers: ["Content-Length": size])
            }
            return .answer(404, body: Self.body("NoSuchUpload"))
        }
        let error = try #require(throws: StoreError.self) { try store.completeUpload(Self.upload, Self.parts, .none) }
        #expect(error.code == "NoSuchUpload")
        #expect(!error.isTransient)
    }

    @Test("A refused put-if-absent is no error; a conflict with another writer is tried again")
    func conditional() throws {
        let (store, server) = try store { _, number in
            number == 0
                ? .answer(409, body: Self.body("ConditionalRequestConflict"))
                : .answer(412, body: Self.body("PreconditionFailed"))
        }
        let retrying = RetryingStore(store, policy: RetryingStoreTests.fast)
        #expect(try retrying.put("k", [1], .ifAbsent) == .alreadyExists)
        #expect(server.requests.map { $0.headers["if-none-match"] } == ["*", "*"])
        #expect(server.requests.allSatisfy { $0.headers["authorization"]?.contains(";if-none-match;") == true })
        // Without the condition a 412 is nobody's wish.
        #expect(throws: StoreError.self) { try store.put("k", [1], .none) }
        #expect(server.requests.last?.headers["if-none-match"] == nil)
    }

    @Test("A conditional end of an upload that conflicts with another writer's object is refused, not retried for ever")
    func conditionalComplete() throws {
        let (store, server) = try store { request, _ in
            request.method == "HEAD"
                ? .answer(200, headers: ["Content-Length": "99"])
                : .answer(409, body: Self.body("ConditionalRequestConflict"))
        }
        #expect(try store.completeUpload(Self.upload, Self.parts, .ifAbsent) == .alreadyExists)
        #expect(server.requests.map(\.method) == ["POST", "HEAD"])
        #expect(server.requests[0].headers["if-none-match"] == "*")
    }

    @Test("A wrong clock costs one refused request: signed again with the store's time, also all later ones")
    func clock() throws {
        let (store, server) = try store { request, _ in
            // A store whose clock says 2013.
            request.headers["x-amz-date"]?.hasPrefix("20130524T00") == true
                ? .answer(200)
                : .answer(
                    403, headers: ["Date": "Fri, 24 May 2013 00:00:00 GMT"], body: Self.body("RequestTimeTooSkewed"))
        }
        #expect(try store.put("k", [1], .none) == .written)
        #expect(try store.put("k", [1], .none) == .written)
        #expect(server.requests.count == 3)
    }

    @Test("A store that finds the time wrong even by its own clock gets two requests, and the operator a hint")
    func hopelessClock() throws {
        let (store, server) = try store { _, _ in
            .answer(403, headers: ["Date": "Fri, 24 May 2013 00:00:00 GMT"], body: Self.body("RequestTimeTooSkewed"))
        }
        let error = try #require(throws: StoreError.self) {
            try RetryingStore(store, policy: RetryingStoreTests.fast).put("k", [1], .none)
        }
        #expect(server.requests.count == 2)
        #expect(error.description.contains("clock is wrong; the store's says Fri, 24 May 2013"))
        #expect(error.hint?.contains("NTP") == true)
    }

    @Test("What the store does not say well is no object and no upload")
    func oddAnswers() throws {
        let (html, _) = try store { _, _ in .answer(200, body: "<html><body>Welcome</body></html>") }
        #expect(throws: StoreError.self) { try html.startUpload("k") }
        #expect(throws: StoreError.self) { try html.uploadPart(Self.upload, number: 1, [1]) }
        #expect(throws: StoreError.self) { try html.list("", after: nil) }
        let (missing, _) = try store { _, _ in .answer(404, body: Self.body("NoSuchBucket")) }
        #expect(throws: StoreError.self) { try missing.get("k", range: nil) }
        #expect(throws: StoreError.self) { try missing.list("", after: nil) }
        #expect(throws: StoreError.self) { try missing.delete("k") }
        #expect(throws: StoreError.self) { try missing.abortUpload(Self.upload) }
        let (other, _) = try store { _, _ in
            .answer(206, headers: ["Content-Range": "bytes 0-3/10"], body: "abcd")
        }
        #expect(throws: StoreError.self) { try other.get("k", range: 4..<8) }
        #expect(try other.get("k", range: 0..<4) == Array("abcd".utf8))
        let (heedless, _) = try store { _, _ in .answer(200, body: "0123456789") }
        #expect(try heedless.get("k", range: 4..<8) == Array("4567".utf8))
        #expect(try heedless.get("k", range: 8..<20) == Array("89".utf8))
    }

    @Test("A listing goes on over an empty page, and drops what is not its own")
    func listing() throws {
        let (store, server) = try store { _, number in
            number == 0
                ? .answer(
                    200,
                    body:
                        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t/1=</NextContinuationToken>"
                        + "</ListBucketResult>")
                : .answer(
                    200,
                    body: """
                        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
                        <IsTruncated>false</IsTruncated>
                        <Contents><Key>lake/with+space/a</Key><Size>1</Size></Contents>
                        <Contents><Key>lake/with%20space/b%2Bc+%C3%A9%0A</Key><Size>5000000000</Size>
                        <ETag>&quot;e&quot;</ETag><LastModified>2009-10-12T17:50:30.000Z</LastModified></Contents>
                        <Contents><Key>elsewhere/z</Key><Size>1</Size></Contents></ListBucketResult>
                        """)
        }
        let page = try store.list("", after: "a")
        #expect(
            page
                == ListPage(objects: [
                    ObjectInfo(
                        key: "b+c é\n", size: 5_000_000_000, etag: "e",
                        modified: Date(timeIntervalSince1970: 1_255_369_830))
                ]))
        #expect(
            server.requests.map(\.target) == [
                "/b/?encoding-type=url&list-type=2&max-keys=3&prefix=lake%2Fwith%20space%2F&start-after=lake%2Fwith%20space%2Fa",
                "/b/?continuation-token=t%2F1%3D&encoding-type=url&list-type=2&max-keys=3&prefix=lake%2Fwith%20space%2F"
                    + "&start-after=lake%2Fwith%20space%2Fa",
            ])
    }

    @Test("Uploads are listed page by page, and a store whose pages never end is not believed")
    func uploadPages() throws {
        @Sendable func page(_ upload: String, next: String) -> StubServer.Reply {
            .answer(
                200,
                body: """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket>
                    <EncodingType>url</EncodingType>\(next)
                    <Upload><Key>lake%2Fwith+space%2F\(upload)</Key><UploadId>u-\(upload)</UploadId>
                    <Initiated>2026-11-01T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>
                    """)
        }
        let more =
            "<IsTruncated>true</IsTruncated><NextKeyMarker>lake%2Fwith+space%2Fa%3D</NextKeyMarker><NextUploadIdMarker>u/1</NextUploadIdMarker>"
        let (store, server) = try store { _, number in
            number == 0 ? page("a%3D", next: more) : page("b", next: "<IsTruncated>false</IsTruncated>")
        }
        let found = try store.listUploads("")
        #expect(found.map(\.key) == ["a=", "b"])
        #expect(found.map(\.upload) == [UploadID(key: "a=", id: "u-a%3D"), UploadID(key: "b", id: "u-b")])
        #expect(found.first?.started == Date(timeIntervalSince1970: 1_793_491_200))
        #expect(
            server.requests.map(\.target) == [
                "/b/?encoding-type=url&max-uploads=3&prefix=lake%2Fwith%20space%2F&uploads=",
                "/b/?encoding-type=url&key-marker=lake%2Fwith%20space%2Fa%3D&max-uploads=3&prefix=lake%2Fwith%20space%2F"
                    + "&upload-id-marker=u%2F1&uploads=",
            ])
        let (endless, _) = try self.store { _, _ in page("a", next: more) }
        #expect(throws: StoreError.self) { try endless.listUploads("") }
    }

    @Test("Who may not list, delete or abort is told which right that takes")
    func missingRights() throws {
        let (store, _) = try store { _, _ in .answer(403, body: Self.body("AccessDenied")) }
        func hint(_ body: () throws -> Void) -> String {
            #expect(throws: StoreError.self) { try body() }?.hint ?? ""
        }
        #expect(hint { _ = try store.list("", after: nil) }.contains("s3:ListBucket "))
        #expect(hint { _ = try store.listUploads("") }.contains("s3:ListBucketMultipartUploads"))
        #expect(hint { try store.delete("k") }.contains("s3:DeleteObject"))
        #expect(hint { try store.abortUpload(Self.upload) }.contains("s3:AbortMultipartUpload"))
        #expect(hint { _ = try store.get("k", range: nil) }.contains("s3:GetObject"))
        #expect(hint { _ = try store.put("k", [1], .none) }.contains("s3:PutObject"))
    }

    @Test("A part beyond the ten-thousandth is refused with a hint, without asking the store")
    func tooManyParts() throws {
        let (store, server) = try store { _, _ in .answer(200) }
        let error = try #require(throws: StoreError.self) { try store.uploadPart(Self.upload, number: 10_001, [1]) }
        #expect(error.hint?.contains("part_size") == true)
        #expect(server.requests.isEmpty)
    }

    @Test("A key with more than S3's 1024 bytes is refused without asking the store")
    func longKey() throws {
        let (store, server) = try store { _, _ in .answer(200) }
        let most = 1024 - "lake/with space/".utf8.count
        #expect(try store.put(String(repeating: "k", count: most), [1], .none) == .written)
        #expect(throws: StoreError.self) { try store.put(String(repeating: "k", count: most + 1), [1], .none) }
        #expect(server.requests.count == 1)
    }

    @Test("Over plain HTTP every body's hash is signed, and neither secret nor token is in a URL")
    func payloadHash() throws {
        let (store, server) = try store { _, _ in .answer(200, headers: ["ETag": "\"e\""]) }
        let body = Conformance.bytes(3_000_000)
        _ = try store.uploadPart(Self.upload, number: 1, body)
        try store.put("k", [], .none)
        #expect(
            server.requests.map { $0.headers["x-amz-content-sha256"] } == [S3Signer.hash(body), S3SignerTests.empty])
        for request in server.requests {
            #expect(!request.target.contains("hidden"))
            #expect(request.headers["x-amz-security-token"] == "hidden-token")
            #expect(!request.headers.values.contains { $0.contains(Self.secret) })
        }
    }
}
