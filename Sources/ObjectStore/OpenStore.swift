import Foundation

/// How to reach a store; what is nil comes from the environment, where AWS's own tools look for it.
public struct StoreOptions: Sendable {
    /// The region; else `AWS_REGION`, `AWS_DEFAULT_REGION`, `us-east-1`.
    public var region: String?
    /// The address of another S3 service than AWS; else `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else AWS.
    public var endpoint: String?
    /// Whether the bucket stands in the path and not in the host's name; nil: as the endpoint suggests.
    public var pathStyle: Bool?
    /// The access key's id; else `AWS_ACCESS_KEY_ID`. Given together with its secret, or not at all.
    public var accessKeyID: String?
    /// The access key's secret; else `AWS_SECRET_ACCESS_KEY`.
    public var secretAccessKey: String?
    /// The token of temporary credentials; else `AWS_SESSION_TOKEN`.
    public var sessionToken: String?
    /// Bytes of an upload's part for S3, from 5 MiB to 5 GiB; a folder takes small ones whatever this says.
    public var partSize = S3Configuration.defaultPartSize
    /// How often and how long a store is asked again.
    public var retry = RetryPolicy()
    /// The variables that are looked at.
    public var environment = ProcessInfo.processInfo.environment

    /// Makes options that leave all to the environment.
    public init() {}
}

/// Opens a store; nothing is asked of it yet.
///
/// - Parameters:
///   - url: `file:/path`, `file:///path` or `s3://bucket/prefix`. A path is taken as it stands, without percent encoding.
///   - options: how to reach it.
/// - Returns: a store that tries again what failed for a while.
/// - Throws: `StoreError` when the URL, an option or the environment cannot be right.
public func openStore(url: String, options: StoreOptions) throws(StoreError) -> any ObjectStore {
    if url.hasPrefix("file:") {
        let folder = DirectoryStore(root: try StoreURL.path(url))
        return RetryingStore(withTestFaults(folder, options.environment), policy: options.retry)
    }
    if url.hasPrefix("s3://") {
        let bucket = try S3Store(StoreURL.s3(url, options))
        return RetryingStore(withTestFaults(bucket, options.environment), policy: options.retry)
    }
    throw StoreError(
        operation: "open", object: StoreURL.shown(url), reason: "it names no kind of store that is known",
        hint: "Write file:/some/folder or s3://BUCKET/PREFIX.")
}

/// Reads the URLs of stores.
enum StoreURL {
    /// The folder of a `file:` URL.
    static func path(_ url: String) throws(StoreError) -> String {
        var path = url.dropFirst("file:".count)
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw StoreError(
                    operation: "open", object: url, reason: "what follows file:// is a host",
                    hint: "Write file:/some/folder or file:///some/folder.")
            }
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StoreError(
                operation: "open", object: url, reason: "it names no folder", hint: "Write file:/some/folder.")
        }
        return String(path)
    }

    /// The bucket of an `s3:` URL.
    static func s3(_ url: String, _ options: StoreOptions) throws(StoreError) -> S3Configuration {
        let shown = shown(url)
        let rest = url.dropFirst("s3://".count)
        guard !rest.contains("@") else {
            throw StoreError(
                operation: "open", object: shown, reason: "a URL of a store holds no user and no password",
                hint:
                    "Put keys into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or access_key_id and secret_access_key."
            )
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw StoreError(
                operation: "open", object: shown, reason: "it holds more than a bucket and a prefix",
                hint: "Write s3://BUCKET/PREFIX; all else are settings of their own.")
        }
        let names = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let prefix = (names.count > 1 ? names[1] : "").drop { $0 == "/" }
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { options.environment[$0] }.first { !$0.isEmpty }
        }
        return S3Configuration(
            bucket: String(names[0]),
            prefix: String(prefix.reversed().drop { $0 == "/" }.reversed()),
            region: options.region ?? value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1",
            endpoint: options.endpoint ?? value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            pathStyle: options.pathStyle, credentials: try credentials(shown, options, value),
            partSize: options.partSize, certificates: value("AWS_CA_BUNDLE"))
    }

    /// A URL for messages: without what may be a password.
    static func shown(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return String(url.prefix { $0 != "?" }) }
        let scheme = url.range(of: "://").map { url[..<$0.upperBound] } ?? ""
        return "\(scheme)…\(url[at...].prefix { $0 != "?" })"
    }

    private static func credentials(
        _ shown: String, _ options: StoreOptions, _ value: (String...) -> String?
    ) throws(StoreError) -> S3Credentials {
        // A pair comes from one place: half of one and half of another never match.
        if options.accessKeyID != nil || options.secretAccessKey != nil {
            guard let id = options.accessKeyID, let secret = options.secretAccessKey, !id.isEmpty, !secret.isEmpty
            else {
                throw StoreError(
                    operation: "open", object: shown, reason: "only one half of an access key is given",
                    hint: "Give access_key_id and secret_access_key, or neither of them.")
            }
            return S3Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: options.sessionToken)
        }
        guard let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else {
            throw StoreError(
                operation: "open", object: shown, reason: "no access key is given",
                hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        }
        return S3Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: options.sessionToken ?? value("AWS_SESSION_TOKEN"))
    }
}
