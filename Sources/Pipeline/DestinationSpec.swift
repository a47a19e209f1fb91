/// Where a pipeline's files go.
public struct DestinationSpec: Hashable, Sendable {
    /// `file:/path` or `s3://bucket/prefix`.
    public var url: String
    /// The region; nil: from the environment.
    public var region: String?
    /// The URL of another S3 service than AWS; nil: from the environment, else AWS.
    public var endpoint: String?
    /// Whether the bucket stands in the path and not in the host name; nil: as the endpoint suggests.
    public var pathStyle: Bool?
    /// The access key's name; nil: from the environment.
    public var accessKeyID: String?
    /// The access key's secret; nil: from the environment.
    public var secretAccessKey: Secret?
    /// The token of temporary credentials; nil: from the environment.
    public var sessionToken: Secret?
    /// The size of an upload part in bytes, 5 MiB to 5 GiB.
    public var partSize: Int
    /// How long files that a backfill replaced stay, since readers may hold them.
    public var grace: TimeSpan

    /// One hour.
    public static let defaultGrace = TimeSpan(milliseconds: 3_600_000)
    /// 16 MiB.
    public static let defaultPartSize = 16 << 20

    /// Makes a destination.
    public init(
        url: String, region: String? = nil, endpoint: String? = nil, pathStyle: Bool? = nil,
        accessKeyID: String? = nil, secretAccessKey: Secret? = nil, sessionToken: Secret? = nil,
        partSize: Int = defaultPartSize, grace: TimeSpan = defaultGrace
    ) {
        self.url = url
        self.region = region
        self.endpoint = endpoint
        self.pathStyle = pathStyle
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.partSize = partSize
        self.grace = grace
    }
}

extension DestinationSpec {
    init(reading map: Mapping) {
        map.require("url", hint: "add `url: file:/some/folder` or `url: s3://BUCKET/PREFIX`")
        self.init(url: map.value("url", isSecret: true, Self.checkedURL) ?? "")
        region = map.value("region", Parse.word)
        endpoint = map.value("endpoint", isSecret: true, Self.checkedEndpoint)
        pathStyle = map.value("path_style", Parse.bool)
        accessKeyID = map.value("access_key_id", isSecret: true, Parse.word)
        secretAccessKey = map.value("secret_access_key", isSecret: true, Parse.word).map { Secret($0) }
        sessionToken = map.value("session_token", isSecret: true, Parse.word).map { Secret($0) }
        let parts = ByteSize(bytes: 5 << 20)...ByteSize(bytes: 5 << 30)
        partSize = map.value("part_size", Parse.size(parts))?.bytes ?? Self.defaultPartSize
        grace = map.value("grace", Parse.span(PruneSpec.spans)) ?? Self.defaultGrace
        checkCredentials(map)
        map.finish()
    }

    /// Half a key pair is a mistake, not a wish to take the other half from the environment.
    private func checkCredentials(_ map: Mapping) {
        let pair = ["access_key_id", "secret_access_key"]
        let given = (pair + ["session_token"]).filter(map.has)
        guard let first = given.first, let missing = pair.first(where: { !map.has($0) }) else { return }
        map.document.report(
            "'\(first)' is given without '\(missing)'", at: map.place(of: first),
            hint: "add '\(missing)', or remove '\(first)' to take both from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    }

    private static func checkedURL(_ text: String) throws(InvalidValue) -> String {
        let hint = "write file:/some/folder or s3://BUCKET/PREFIX"
        if text.hasPrefix("file:") { return try checkedPath(text) }
        if text.hasPrefix("s3://") {
            let bucket = text.dropFirst(5).prefix { $0 != "/" }
            if bucket.isEmpty { throw InvalidValue("it names no bucket", hint: hint) }
            if text.contains(where: { "@?#".contains($0) }) {
                throw InvalidValue(
                    "it holds more than a bucket and a prefix",
                    hint: "write s3://BUCKET/PREFIX; keys go to access_key_id and secret_access_key")
            }
            return text
        }
        if ["gs:", "az:", "http:", "https:"].contains(where: text.hasPrefix) {
            throw InvalidValue("this kind of store is not supported yet", hint: hint)
        }
        throw InvalidValue("it names no kind of store", hint: hint)
    }

    private static func checkedPath(_ text: String) throws(InvalidValue) -> String {
        let path = text.dropFirst(5)
        if path.isEmpty || path == "//" {
            throw InvalidValue("it names no folder", hint: "write file:/some/folder")
        }
        if path.hasPrefix("//"), !path.hasPrefix("///") {
            throw InvalidValue("what follows file:// is a host", hint: "write file:/some/folder or file:///some/folder")
        }
        return text
    }

    private static func checkedEndpoint(_ text: String) throws(InvalidValue) -> String {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix), text.count > scheme.count,
            !text.contains(where: { "@?# ".contains($0) })
        else { throw InvalidValue("it is no address of a service", hint: "write https://HOST or http://HOST:PORT") }
        return text
    }
}
