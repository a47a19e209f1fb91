/// What the answers of S3 and its look-alikes mean (AWS: "Error responses").
enum S3Answer {
    /// The code in an error's body.
    static func code(_ answer: HTTPAnswer) -> String? {
        guard let root = XMLElement(document: answer.body), root.name == "Error" else { return nil }
        return root["Code"]
    }

    /// Whether the answer says that there is no such object, and not that something else is missing.
    static func isNoSuchObject(_ answer: HTTPAnswer) -> Bool {
        guard answer.status == 404 else { return false }
        let code = code(answer)
        return code == nil || code == "NoSuchKey" || code == "NotFound"
    }

    /// Whether this machine's clock is too wrong for the signature.
    static func isTimeTooSkewed(_ answer: HTTPAnswer) -> Bool {
        answer.status == 403 && code(answer) == "RequestTimeTooSkewed"
    }

    static func withoutQuotes(_ etag: String) -> String {
        var etag = Substring(etag)
        if etag.hasPrefix("W/") { etag = etag.dropFirst(2) }
        if etag.count >= 2, etag.first == "\"", etag.last == "\"" { etag = etag.dropFirst().dropLast() }
        return String(etag)
    }

    /// The status that belongs to a code that came with 200.
    static func status(ofCode code: String?) -> Int {
        switch code {
        case "PreconditionFailed": 412
        case "ConditionalRequestConflict", "OperationAborted": 409
        case "NoSuchUpload", "NoSuchBucket": 404
        case "AccessDenied": 403
        case "SlowDown", "ServiceUnavailable": 503
        case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "MalformedXML": 400
        default: 500
        }
    }

    /// Makes an error of an answer.
    ///
    /// - Parameters:
    ///   - answer: one that is no success.
    ///   - operation: what was being done.
    ///   - object: to what.
    ///   - configuration: whose bucket and access key id the hint names.
    ///   - host: the server that answered.
    static func error(
        _ answer: HTTPAnswer, _ operation: String, _ object: String, _ configuration: S3Configuration, host: String
    ) -> StoreError {
        let root = XMLElement(document: answer.body).flatMap { $0.name == "Error" ? $0 : nil }
        let code = root?["Code"]
        var error = StoreError(
            operation: operation, object: object, status: answer.status, code: code, reason: "",
            isTransient: isTransient(answer.status, code), retryAfter: retryAfter(answer))
        let message = root?["Message"].flatMap { $0.isEmpty ? nil : String($0.prefix(500)) }
        let explanation = explanation(answer, code, operation, configuration, host)
        error.reason = explanation?.reason ?? "\(host) answered: \(message ?? Self.words(of: answer.status))"
        error.hint = explanation?.hint
        if answer.status >= 500, let id = root?["RequestId"] ?? answer.headers["x-amz-request-id"] {
            error.reason += ", request id \(id.prefix(100))"
        }
        return error
    }

    private static func isTransient(_ status: Int, _ code: String?) -> Bool {
        switch code {
        case "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "ConditionalRequestConflict",
            "OperationAborted", "TooManyRequests", "Throttling", "ThrottlingException", "RequestLimitExceeded":
            return true
        case "NotImplemented": return false
        default: return [408, 425, 429, 500, 502, 503, 504].contains(status)
        }
    }

    /// The seconds of a Retry-After header, which is a number or a date.
    static func retryAfter(_ answer: HTTPAnswer) -> Double? {
        guard let text = answer.headers["retry-after"] else { return nil }
        if let seconds = Int(text) { return seconds >= 0 ? Double(seconds) : nil }
        return HTTPTime.parse(text).map { max(0, Double($0 - HTTPTime.now())) }
    }

    private static func explanation(
        _ answer: HTTPAnswer, _ code: String?, _ operation: String, _ configuration: S3Configuration, _ host: String
    ) -> (reason: String, hint: String)? {
        let key = configuration.credentials.accessKeyID
        let bucket = configuration.bucket
        let root = XMLElement(document: answer.body)
        switch code {
        case "SignatureDoesNotMatch":
            return (
                "\(host) refuses the signature made with access key \(key)",
                "The secret access key does not belong to this access key id: check AWS_SECRET_ACCESS_KEY or secret_access_key."
            )
        case "InvalidAccessKeyId":
            return ("\(host) does not know access key \(key)", "Check AWS_ACCESS_KEY_ID or access_key_id.")
        case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
            return (
                "\(host) does not accept the session token of access key \(key)",
                "Temporary credentials end after a while: get new ones."
            )
        case "RequestTimeTooSkewed":
            let date = answer.headers["date"].map { "; the store's says \($0)" } ?? ""
            return ("this machine's clock is wrong\(date)", "Set this machine's clock, best by NTP.")
        case "NoSuchBucket":
            return (
                "there is no bucket \"\(bucket)\" at \(host)",
                "Create it, or correct the destination's url, its region or its endpoint."
            )
        case "AccessDenied", "AllAccessDisabled", "AccountProblem":
            let message = root?["Message"].flatMap { $0.isEmpty || $0 == "Access Denied" ? nil : ": \($0.prefix(500))" }
            return (
                "\(host) does not allow this to access key \(key)\(message ?? "")",
                "Grant it \(permission(for: operation)) on the bucket; a policy of the bucket may deny it, too."
            )
        case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "IncorrectEndpoint":
            return wrongRegion(root?["Region"] ?? answer.headers["x-amz-bucket-region"], configuration)
        case nil: return explanationWithoutCode(answer, configuration, host)
        default: return nil
        }
    }

    /// What AWS calls the right to do something.
    private static func permission(for operation: String) -> String {
        switch operation {
        case "list": "s3:ListBucket"
        case "list the uploads to": "s3:ListBucketMultipartUploads"
        case "delete": "s3:DeleteObject"
        case "abort the upload of": "s3:AbortMultipartUpload"
        // Without the right to list, S3 calls an object forbidden that is only not there.
        case "read", "look up": "s3:GetObject and s3:ListBucket"
        default: "s3:PutObject"
        }
    }

    /// For answers to HEAD, which have no body, and for servers that do not speak S3.
    private static func explanationWithoutCode(
        _ answer: HTTPAnswer, _ configuration: S3Configuration, _ host: String
    ) -> (reason: String, hint: String)? {
        switch answer.status {
        case 301, 307, 308: wrongRegion(answer.headers["x-amz-bucket-region"], configuration)
        case 400 where answer.headers["x-amz-bucket-region"] != nil:
            wrongRegion(answer.headers["x-amz-bucket-region"], configuration)
        case 401, 403:
            (
                "\(host) does not allow this to access key \(configuration.credentials.accessKeyID)",
                "Check the access key, its secret and its rights on bucket \"\(configuration.bucket)\"."
            )
        case 405, 501, 404:
            (
                "\(host) answered: \(words(of: answer.status))",
                "Check that the endpoint is that of an S3 service, and that bucket \"\(configuration.bucket)\" is there."
            )
        default: nil
        }
    }

    private static func wrongRegion(
        _ region: String?, _ configuration: S3Configuration
    ) -> (reason: String, hint: String) {
        let place =
            region.map { "is in region \($0)" } ?? "is not in region \(configuration.region), or not at this endpoint"
        return (
            "bucket \"\(configuration.bucket)\" \(place)",
            region.map { "Set region: \($0), or AWS_REGION." } ?? "Set its region, or AWS_REGION, and its endpoint."
        )
    }

    private static func words(of status: Int) -> String {
        switch status {
        case 400: "bad request"
        case 401: "not authorized"
        case 403: "forbidden"
        case 404: "not found"
        case 405: "method not allowed"
        case 409: "conflict"
        case 411: "length required"
        case 412: "precondition failed"
        case 413: "too large"
        case 429: "too many requests"
        case 500: "internal error"
        case 501: "not implemented"
        case 502: "bad gateway"
        case 503: "service unavailable"
        case 504: "gateway timeout"
        default: "status \(status)"
        }
    }
}
