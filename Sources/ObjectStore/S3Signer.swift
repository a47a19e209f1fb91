import Crypto

/// Signature Version 4 for S3, in the Authorization header.
///
/// AWS: "Authenticating Requests: Using the Authorization Header". Other than for AWS's other services, the path is encoded
/// once.
struct S3Signer {
    let credentials: S3Credentials
    let region: String

    /// What to say instead of a body's hash where TLS protects the body.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Signs a request.
    ///
    /// - Parameters:
    ///   - method: `GET`, …
    ///   - path: encoded, with a slash at its beginning.
    ///   - query: sorted by name, and encoded: ``query(_:)``.
    ///   - headers: all headers that are to be signed, Host among them.
    ///   - payload: the body's SHA-256 in hexadecimal digits, or ``unsignedPayload``.
    ///   - seconds: the time, since 1970.
    /// - Returns: the headers to send besides those given.
    func sign(
        method: String, path: String, query: String, headers: [(name: String, value: String)], payload: String,
        at seconds: Int
    ) -> [(name: String, value: String)] {
        let time = HTTPTime.compact(seconds)
        let day = time.prefix(8)
        var added = [("x-amz-content-sha256", payload), ("x-amz-date", time)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }

        let signed = (headers + added).map { (name: $0.0.lowercased(), value: $0.1) }.sorted { $0.name < $1.name }
        let names = signed.map(\.name).joined(separator: ";")
        let lines = signed.map { "\($0.name):\($0.value)\n" }.joined()
        let request = "\(method)\n\(path)\n\(query)\n\(lines)\n\(names)\n\(payload)"
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(Self.hexadecimal(of: request))"

        var key = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        for step in [String(day), region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key))
        }
        let signature = Self.hexadecimal(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
        added.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
            ))
        return added.map { (name: $0.0, value: $0.1) }
    }

    /// A query as it is signed and sent: encoded, sorted by name.
    static func query(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
            .sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// The SHA-256 of a body.
    static func hash(_ body: [UInt8]) -> String { hexadecimal(SHA256.hash(data: body)) }

    private static func hexadecimal(of text: String) -> String { hash(Array(text.utf8)) }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
