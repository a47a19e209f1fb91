/// Where a bucket's objects are: the URL's beginning, which requests name it by and sign.
struct S3Address {
    /// `http` or `https`.
    let scheme: String
    /// The Host header: with the port, unless it is the scheme's own.
    let host: String
    /// The path up to the object's key, encoded, with a slash at either end.
    let base: String

    var isTLS: Bool { scheme == "https" }

    init(_ configuration: S3Configuration) throws(StoreError) {
        let endpoint = configuration.endpoint ?? Self.amazon(configuration.region)
        let words = endpoint.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let scheme = words[0].lowercased()
        let rest = words.count == 2 ? words[1] : ""
        var host = rest.prefix { $0 != "/" }.lowercased()
        guard scheme == "http" || scheme == "https", !host.isEmpty, !rest.contains(where: { "@?# ".contains($0) })
        else {
            throw StoreError(
                operation: "open", object: "s3://\(configuration.bucket)",
                reason: "the endpoint is no address of a service",
                hint: "Write https://HOST or http://HOST:PORT.")
        }
        // libcurl leaves the scheme's own port out of the Host header.
        let own = scheme == "https" ? ":443" : ":80"
        if host.hasSuffix(own) { host.removeLast(own.count) }
        let path = rest.drop { $0 != "/" }.split(separator: "/").map { "\($0)/" }.joined()
        self.scheme = scheme
        self.host = configuration.pathStyle ? host : "\(configuration.bucket).\(host)"
        base = PercentEncoding.encodePath("/" + path + (configuration.pathStyle ? "\(configuration.bucket)/" : ""))
    }

    /// The path of an object, or of the bucket if the key is empty.
    func path(_ key: String) -> String { base + PercentEncoding.encodePath(key) }

    private static func amazon(_ region: String) -> String {
        "https://s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }
}
