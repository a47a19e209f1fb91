/// Where a bucket is and how to speak with its store.
public struct S3Configuration: Sendable {
    /// The bucket's name.
    public var bucket: String
    /// What all keys are below, without a slash at either end; empty for the whole bucket.
    public var prefix: String
    /// The region that requests are signed for: `eu-central-1`; look-alikes mostly take `us-east-1`.
    public var region: String
    /// The store's address, `https://HOST` or `http://HOST:PORT`; nil: AWS in the region.
    public var endpoint: String?
    /// Whether the bucket stands in the path and not in the host's name.
    public var pathStyle: Bool
    /// The access key.
    public var credentials: S3Credentials
    /// Bytes of an upload's part, from 5 MiB to 5 GiB; at most 10,000 parts make an object.
    public var partSize: Int
    /// A file with certificates in PEM form that are trusted instead of the system's.
    public var certificates: String?

    /// 16 MiB.
    public static let defaultPartSize = 16 << 20

    /// Makes a configuration.
    ///
    /// - Parameter pathStyle: nil: as the store probably wants it: in the path for look-alikes and for a bucket with a
    ///   dot in its name, whose host no certificate of AWS covers; else in the host's name.
    public init(
        bucket: String, prefix: String = "", region: String, endpoint: String? = nil, pathStyle: Bool? = nil,
        credentials: S3Credentials, partSize: Int = Self.defaultPartSize, certificates: String? = nil
    ) {
        self.bucket = bucket
        self.prefix = prefix
        self.region = region
        self.endpoint = endpoint
        let isAWS = endpoint.map { Self.isAWS($0) } ?? true
        self.pathStyle = pathStyle ?? (!isAWS || bucket.contains("."))
        self.credentials = credentials
        self.partSize = partSize
        self.certificates = certificates
    }

    private static func isAWS(_ endpoint: String) -> Bool {
        let host = endpoint.split(separator: "/").dropFirst().first ?? ""
        return host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    }
}

/// An access key, whose secret no text shows.
public struct S3Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key's id, which is no secret.
    public var accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String?

    /// Makes one.
    ///
    /// - Parameter sessionToken: of temporary credentials.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// The id alone.
    public var description: String { "access key \(accessKeyID)" }
    /// The id alone.
    public var debugDescription: String { description }
    /// The id alone, so that `dump` does not show the secret either.
    public var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}
