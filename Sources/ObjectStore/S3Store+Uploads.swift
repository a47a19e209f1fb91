import Foundation

extension S3Store {
    /// CreateMultipartUpload.
    public func startUpload(_ key: String) throws(StoreError) -> UploadID {
        let operation = "begin the upload of"
        let request = S3Request("POST", try full(key, operation), query: [("uploads", "")], body: [])
        let answer = try send(request, operation, key)
        try check(answer, operation, key)
        guard let id = XMLElement(document: answer.body)?["UploadId"], !id.isEmpty else {
            throw notS3(answer, operation, key)
        }
        return UploadID(key: key, id: id)
    }

    /// UploadPart.
    public func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        let operation = "upload part \(number) of"
        guard (1...10_000).contains(number) else {
            throw StoreError(
                operation: operation, object: name(upload.key), reason: "S3 takes at most 10000 parts of an object",
                hint: "Set a larger part size (part_size), or a smaller size of output files.")
        }
        let request = S3Request(
            "PUT", try full(upload.key, operation), query: [("partNumber", "\(number)"), ("uploadId", upload.id)],
            body: body)
        let answer = try send(request, operation, upload.key)
        try check(answer, operation, upload.key)
        guard let etag = answer.headers["etag"] else { throw notS3(answer, operation, upload.key) }
        return UploadedPart(number: number, size: body.count, etag: S3Answer.withoutQuotes(etag))
    }

    /// CompleteMultipartUpload, whose answer can be 200 and an error all the same.
    ///
    /// An upload that is not known (any more) may have been completed by a request whose answer was lost: then an object
    /// of the parts' size and number is there.
    @discardableResult
    public func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome {
        let operation = "complete the upload of"
        var request = S3Request(
            "POST", try full(upload.key, operation), query: [("uploadId", upload.id)], headers: condition.headers,
            body: Self.completion(parts))
        request.stallTimeout = Self.completionTimeout
        var answer = try send(request, operation, upload.key)
        if answer.status == 412, condition == .ifAbsent { return .alreadyExists }
        if answer.isSuccess {
            guard let root = XMLElement(document: answer.body) else {
                throw StoreError(
                    operation: operation, object: name(upload.key), status: answer.status,
                    reason: "the store's answer was cut off", isTransient: true)
            }
            if root.name == "CompleteMultipartUploadResult" { return .written }
            guard root.name == "Error" else { throw notS3(answer, operation, upload.key) }
            // The status was sent before the work was done; the code says what it should have been.
            answer.status = S3Answer.status(ofCode: root["Code"])
            if answer.status == 412, condition == .ifAbsent { return .alreadyExists }
        }
        let code = S3Answer.code(answer)
        if code == "NoSuchUpload", let found = try head(upload.key), Self.isResult(found, of: parts) {
            return condition == .ifAbsent ? .alreadyExists : .written
        }
        // Somebody else's write to the same key came between.
        if code == "ConditionalRequestConflict", condition == .ifAbsent, try head(upload.key) != nil {
            return .alreadyExists
        }
        try check(answer, operation, upload.key)
        return .written
    }

    /// AbortMultipartUpload.
    public func abortUpload(_ upload: UploadID) throws(StoreError) {
        let operation = "abort the upload of"
        let request = S3Request("DELETE", try full(upload.key, operation), query: [("uploadId", upload.id)])
        let answer = try send(request, operation, upload.key)
        if answer.status == 404, S3Answer.code(answer) != "NoSuchBucket" { return }
        try check(answer, operation, upload.key)
    }

    /// The seconds that a store may be silent while it puts parts together.
    private static let completionTimeout = 300

    private static func completion(_ parts: [UploadedPart]) -> [UInt8] {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            let etag = part.etag.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            text += "<Part><PartNumber>\(part.number)</PartNumber><ETag>&quot;\(etag)&quot;</ETag></Part>"
        }
        return Array((text + "</CompleteMultipartUpload>").utf8)
    }

    /// Whether an object can be what the parts became. S3's entity tags of such end with the number of parts.
    private static func isResult(_ object: ObjectInfo, of parts: [UploadedPart]) -> Bool {
        guard object.size == parts.reduce(0, { $0 + Int64($1.size) }) else { return false }
        guard let etag = object.etag, let dash = etag.lastIndex(of: "-"),
            let count = Int(etag[etag.index(after: dash)...])
        else { return true }
        return count == parts.count
    }

    func notS3(_ answer: HTTPAnswer, _ operation: String, _ key: String) -> StoreError {
        StoreError(
            operation: operation, object: name(key), status: answer.status,
            reason: "the answer is not one that S3 would give",
            hint: "Check that the endpoint is that of an S3 service.")
    }
}

extension S3Store {
    /// ListMultipartUploads.
    public func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
        let operation = "list the uploads to"
        let base = configuration.prefix.isEmpty ? "" : configuration.prefix + "/"
        var uploads: [PendingUpload] = []
        var marker: (key: String, id: String)?
        while true {
            var query = [
                ("uploads", ""), ("encoding-type", "url"), ("max-uploads", "\(pageSize)"), ("prefix", base + prefix),
            ]
            if let marker {
                query.append(("key-marker", marker.key))
                query.append(("upload-id-marker", marker.id))
            }
            let answer = try send(S3Request("GET", "", query: query), operation, prefix)
            // rclone's word for a bucket in which none was ever begun.
            if answer.status == 404, S3Answer.code(answer) == "NoSuchUpload" { return [] }
            try check(answer, operation, prefix)
            guard let root = XMLElement(document: answer.body), root.name == "ListMultipartUploadsResult" else {
                throw notS3(answer, operation, prefix)
            }
            uploads += Self.uploads(root, below: base, prefix: prefix)
            guard root["IsTruncated"] == "true" else { break }
            let next = (Self.text(root["NextKeyMarker"], root), root["NextUploadIdMarker"] ?? "")
            guard let key = next.0, marker.map({ $0 != (key, next.1) }) ?? true else {
                throw notS3(answer, operation, prefix)
            }
            marker = (key, next.1)
        }
        return uploads.sorted { ObjectKey.precedes($0.key, $1.key) }
    }

    private static func uploads(_ root: XMLElement, below base: String, prefix: String) -> [PendingUpload] {
        root.all("Upload").compactMap { element in
            guard let full = text(element["Key"], root), let id = element["UploadId"], !id.isEmpty,
                full.utf8.starts(with: (base + prefix).utf8)
            else { return nil }
            let key = String(decoding: full.utf8.dropFirst(base.utf8.count), as: UTF8.self)
            return PendingUpload(
                key: key, upload: UploadID(key: key, id: id),
                started: element["Initiated"].flatMap(HTTPTime.parseISO).map { Date(timeIntervalSince1970: $0) })
        }
    }

    private static func text(_ text: String?, _ root: XMLElement) -> String? {
        root["EncodingType"] == "url" ? text.map(PercentEncoding.decodeForm) : text
    }
}
