import Testing

@testable import ObjectStore

/// The worked examples of AWS: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)".
@Suite struct S3SignerTests {
    static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let host = (name: "Host", value: "examplebucket.s3.amazonaws.com")

    let signer = S3Signer(
        credentials: S3Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")

    func authorization(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: String = ""
    ) -> String {
        let all = signer.sign(
            method: method, path: PercentEncoding.encodePath(path), query: S3Signer.query(query),
            headers: [Self.host] + headers, payload: S3Signer.hash(Array(body.utf8)), at: 1_369_353_600)
        return all.first { $0.name == "Authorization" }?.value ?? ""
    }

    func expected(_ headers: String, _ signature: String) -> String {
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            + "SignedHeaders=\(headers),Signature=\(signature)"
    }

    @Test("A GET of some bytes of an object is signed as AWS shows it")
    func getObject() {
        #expect(
            authorization("GET", "/test.txt", headers: [("Range", "bytes=0-9")])
                == expected(
                    "host;range;x-amz-content-sha256;x-amz-date",
                    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test("A PUT of an object with a dollar sign in its key is signed as AWS shows it")
    func putObject() {
        #expect(
            authorization(
                "PUT", "/test$file.text",
                headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                body: "Welcome to Amazon S3.")
                == expected(
                    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }

    @Test("A GET of a bucket's lifecycle, a parameter without a value, is signed as AWS shows it")
    func getLifecycle() {
        #expect(
            authorization("GET", "/", query: [("lifecycle", "")])
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test("A listing with parameters is signed as AWS shows it, in whatever order they are given")
    func listObjects() {
        #expect(
            authorization("GET", "/", query: [("prefix", "J"), ("max-keys", "2")])
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
    }

    @Test("A session token is sent and signed")
    func sessionToken() throws {
        let signer = S3Signer(
            credentials: S3Credentials(accessKeyID: "A", secretAccessKey: "S", sessionToken: "T/+="), region: "r")
        let headers = signer.sign(
            method: "GET", path: "/", query: "", headers: [Self.host], payload: Self.empty, at: 1_369_353_600)
        #expect(headers.contains { $0.name == "x-amz-security-token" && $0.value == "T/+=" })
        let authorization = try #require(headers.first { $0.name == "Authorization" })
        #expect(authorization.value.contains(";x-amz-security-token,"))
    }

    @Test("No text of a key shows its secret or its token")
    func secrets() {
        let credentials = S3Credentials(
            accessKeyID: "AKID", secretAccessKey: "hidden-secret", sessionToken: "hidden-token")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(text.contains("AKID"))
            #expect(!text.contains("hidden"))
        }
        let configuration = S3Configuration(bucket: "b", region: "r", credentials: credentials)
        var all = ""
        dump(configuration, to: &all)
        #expect(!(all + "\(configuration)" + String(reflecting: configuration)).contains("hidden"))
    }
}
