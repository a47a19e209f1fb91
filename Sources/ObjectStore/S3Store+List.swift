import Foundation

extension S3Store {
    /// ListObjectsV2.
    public func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
        let base = configuration.prefix.isEmpty ? "" : configuration.prefix + "/"
        var token: String?
        while true {
            // Keys can hold what XML cannot, so the store is asked to encode them.
            var query = [
                ("list-type", "2"), ("encoding-type", "url"), ("max-keys", "\(pageSize)"), ("prefix", base + prefix),
            ]
            if let after { query.append(("start-after", base + after)) }
            if let token { query.append(("continuation-token", token)) }
            let answer = try send(S3Request("GET", "", query: query), "list", prefix)
            try check(answer, "list", prefix)
            guard let root = XMLElement(document: answer.body), root.name == "ListBucketResult" else {
                throw notS3(answer, "list", prefix)
            }
            let objects = Self.objects(root, below: base, after: after)
            guard root["IsTruncated"] == "true" else { return ListPage(objects: objects) }
            if let last = objects.last { return ListPage(objects: objects, next: last.key) }
            // A page may be empty and not the last.
            guard let next = root["NextContinuationToken"], next != token else { throw notS3(answer, "list", prefix) }
            token = next
        }
    }

    private static func objects(_ root: XMLElement, below base: String, after: String?) -> [ObjectInfo] {
        let isEncoded = root["EncodingType"] == "url"
        return root.all("Contents").compactMap { element in
            guard let text = element["Key"], let size = element["Size"].flatMap({ Int64($0) }) else { return nil }
            let full = isEncoded ? PercentEncoding.decodeForm(text) : text
            guard full.hasPrefix(base) else { return nil }
            let key = String(decoding: full.utf8.dropFirst(base.utf8.count), as: UTF8.self)
            // Some look-alikes begin with the key itself, or do not know start-after.
            if let after, !ObjectKey.precedes(after, key) { return nil }
            return ObjectInfo(
                key: key, size: size, etag: element["ETag"].map(S3Answer.withoutQuotes),
                modified: element["LastModified"].flatMap(HTTPTime.parseISO).map { Date(timeIntervalSince1970: $0) })
        }
    }
}
