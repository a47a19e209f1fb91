import Foundation
import Synchronization

/// A bucket of Amazon S3, or of a store that speaks the same language.
public final class S3Store: ObjectStore {
    /// Where and how.
    public let configuration: S3Configuration
    public let location: String
    public var partSize: Int { configuration.partSize }

    private let address: S3Address
    private let signer: S3Signer
    private let client: HTTPClient
    /// The seconds that the store's clock is ahead of this machine's.
    private let clockOffset: Mutex<Int>
    /// The most objects on a page of a listing.
    let pageSize: Int

    /// The most bytes of an object that ``get(_:range:)`` takes into memory.
    static let largestGet = 1 << 30
    /// The most bytes of an answer that is no object.
    private static let largestAnswer = 16 << 20
    /// The seconds that clocks may differ by; S3 allows 900.
    private static let largestSkew = 300
    /// From this size on the hash of a body is left out where TLS protects it.
    private static let largestHashedOverTLS = 1 << 20

    /// Makes a store; nothing is asked of it yet.
    ///
    /// - Throws: `StoreError` when the configuration cannot be right.
    public convenience init(_ configuration: S3Configuration) throws(StoreError) {
        try self.init(configuration, timeouts: HTTPTimeouts(), pageSize: 1000, clockOffset: 0)
    }

    init(
        _ configuration: S3Configuration, timeouts: HTTPTimeouts, pageSize: Int = 1000, clockOffset: Int = 0
    ) throws(StoreError) {
        let prefix = configuration.prefix
        location = "s3://\(configuration.bucket)" + (prefix.isEmpty ? "" : "/\(prefix)")
        if let flaw = Self.flaw(in: configuration) {
            throw StoreError(operation: "open", object: location, reason: flaw.reason, hint: flaw.hint)
        }
        self.configuration = configuration
        address = try S3Address(configuration)
        signer = S3Signer(credentials: configuration.credentials, region: configuration.region)
        client = HTTPClient(timeouts: timeouts, certificates: configuration.certificates)
        self.clockOffset = Mutex(clockOffset)
        self.pageSize = pageSize
    }

    private static func flaw(in configuration: S3Configuration) -> (reason: String, hint: String?)? {
        let bucket = configuration.bucket
        let isName = bucket.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        if !isName || bucket.isEmpty || bucket.allSatisfy({ $0 == "." }) {
            return ("\"\(bucket)\" is no name of a bucket", "Write s3://BUCKET/PREFIX.")
        }
        if !configuration.prefix.isEmpty, let flaw = ObjectKey.flaw(in: configuration.prefix) {
            return (flaw.replacing("its key", with: "its prefix"), "Write s3://BUCKET/PREFIX.")
        }
        if !(5 << 20...5 << 30).contains(configuration.partSize) {
            return ("a part of \(configuration.partSize) bytes is not possible", "A part has 5 MiB to 5 GiB.")
        }
        if configuration.region.isEmpty { return ("no region is given", "Set region, or AWS_REGION.") }
        return nil
    }

    // MARK: Whole objects

    @discardableResult
    public func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        let request = S3Request("PUT", try full(key, "write"), headers: condition.headers, body: body)
        let answer = try send(request, "write", key)
        if answer.status == 412, condition == .ifAbsent { return .alreadyExists }
        try check(answer, "write", key)
        return .written
    }

    public func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? {
        var request = S3Request("GET", try full(key, "read"), answerLimit: Self.largestGet)
        if let range {
            precondition(range.lowerBound >= 0, "a range begins at 0 or later")
            if range.isEmpty { return try head(key).map { _ in [] } }
            request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        }
        let answer = try send(request, "read", key)
        if range != nil, answer.status == 416 { return [] }
        if S3Answer.isNoSuchObject(answer) { return nil }
        try check(answer, "read", key)
        guard let range else { return answer.body }
        // Content-Range tells, not the status: rclone answers 200 with a part.
        if let text = answer.headers["content-range"] {
            guard text.hasPrefix("bytes \(range.lowerBound)-"), answer.body.count <= range.count else {
                throw StoreError(
                    operation: "read", object: name(key), status: answer.status,
                    reason: "the store gave other bytes than those asked for (\(text))")
            }
            return answer.body
        }
        if answer.status == 206 { return answer.body }
        let found = range.clamped(to: 0..<Int64(answer.body.count))
        return Array(answer.body[Int(found.lowerBound)..<Int(found.upperBound)])
    }

    public func head(_ key: String) throws(StoreError) -> ObjectInfo? {
        let answer = try send(S3Request("HEAD", try full(key, "look up")), "look up", key)
        if answer.status == 404 { return nil }
        try check(answer, "look up", key)
        guard let size = answer.headers["content-length"].flatMap({ Int64($0) }) else {
            throw StoreError(
                operation: "look up", object: name(key), status: answer.status,
                reason: "the answer does not say its size")
        }
        return ObjectInfo(
            key: key, size: size, etag: answer.headers["etag"].map(S3Answer.withoutQuotes),
            modified: answer.headers["last-modified"].flatMap(HTTPTime.parse).map {
                Date(timeIntervalSince1970: Double($0))
            })
    }

    public func delete(_ key: String) throws(StoreError) {
        let answer = try send(S3Request("DELETE", try full(key, "delete")), "delete", key)
        if S3Answer.isNoSuchObject(answer) { return }
        try check(answer, "delete", key)
    }

    // MARK: Requests

    func name(_ key: String) -> String { "\(location)/\(key)" }

    /// The key in the bucket.
    func full(_ key: String, _ operation: String) throws(StoreError) -> String {
        var flaw = ObjectKey.flaw(in: key)
        let full = configuration.prefix.isEmpty ? key : "\(configuration.prefix)/\(key)"
        if flaw == nil, full.utf8.count > 1024 { flaw = "its key has more than 1024 bytes" }
        if let flaw { throw StoreError(operation: operation, object: name(key), reason: flaw) }
        return full
    }

    /// Signs and sends a request; twice if it is refused and the store's clock differs much from this machine's.
    ///
    /// The clocks are compared whatever the store says is wrong: an answer to HEAD says nothing, and look-alikes have
    /// codes of their own for it.
    func send(_ request: S3Request, _ operation: String, _ key: String) throws(StoreError) -> HTTPAnswer {
        let offset = clockOffset.withLock(\.self)
        let answer = try send(request, operation, key, offset)
        guard answer.status == 403 || answer.status == 400, let date = answer.headers["date"].flatMap(HTTPTime.parse)
        else { return answer }
        let better = date - HTTPTime.now()
        if abs(better - offset) < Self.largestSkew { return answer }
        let second = try send(request, operation, key, better)
        // A server between here and the store may have the wrong clock.
        if S3Answer.isTimeTooSkewed(second) { return answer }
        clockOffset.withLock { $0 = better }
        return second
    }

    private func send(
        _ request: S3Request, _ operation: String, _ key: String, _ offset: Int
    ) throws(StoreError) -> HTTPAnswer {
        let body = request.body
        let isHashed = !address.isTLS || (body?.count ?? 0) <= Self.largestHashedOverTLS
        let path = address.path(request.key)
        let query = S3Signer.query(request.query)
        let signature = signer.sign(
            method: request.method, path: path, query: query, headers: [("host", address.host)] + request.headers,
            payload: isHashed ? S3Signer.hash(body ?? []) : S3Signer.unsignedPayload, at: HTTPTime.now() + offset)
        var sent = HTTPRequest(
            method: request.method,
            url: "\(address.scheme)://\(address.host)\(path)" + (query.isEmpty ? "" : "?\(query)"),
            headers: request.headers + signature, body: body, answerLimit: request.answerLimit ?? Self.largestAnswer)
        sent.stallTimeout = request.stallTimeout
        do throws(HTTPFailure) {
            return try client.send(sent)
        } catch {
            throw StoreError(
                operation: operation, object: name(key), reason: error.reason, hint: error.hint,
                isTransient: error.isTransient)
        }
    }

    /// Throws what an answer says went wrong, if something did.
    func check(_ answer: HTTPAnswer, _ operation: String, _ key: String) throws(StoreError) {
        if answer.isSuccess { return }
        throw S3Answer.error(answer, operation, name(key), configuration, host: address.host)
    }
}

/// A request to a bucket, before it is signed.
struct S3Request {
    var method: String
    /// The key in the bucket; empty for the bucket.
    var key: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]?
    var answerLimit: Int?
    /// The seconds without a byte after which it is given up, instead of the client's.
    var stallTimeout: Int?

    init(
        _ method: String, _ key: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8]? = nil, answerLimit: Int? = nil
    ) {
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
        self.answerLimit = answerLimit
    }
}

extension PutCondition {
    /// The headers that ask for it.
    var headers: [(name: String, value: String)] {
        switch self {
        case .none: []
        case .ifAbsent: [("if-none-match", "*")]
        }
    }
}
