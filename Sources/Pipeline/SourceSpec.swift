/// The database that a pipeline reads.
public struct SourceSpec: Hashable, Sendable {
    /// A libpq URL or keyword string; when it is empty, libpq goes by the `PG*` variables.
    public var url: Secret
    /// How long a statement may take, up to 24 days; 0 for no limit.
    public var statementTimeout: TimeSpan
    /// How long to wait for a lock, up to 24 days; 0 for no limit.
    public var lockTimeout: TimeSpan
    /// The name that the server shows for the connections; at most 63 bytes.
    public var applicationName: String

    /// An hour.
    public static let defaultStatementTimeout = TimeSpan(milliseconds: 3_600_000)
    /// Ten seconds.
    public static let defaultLockTimeout = TimeSpan(milliseconds: 10_000)
    /// The program's name.
    public static let defaultApplicationName = "tidemark"

    /// Makes a source.
    public init(
        url: Secret, statementTimeout: TimeSpan = defaultStatementTimeout, lockTimeout: TimeSpan = defaultLockTimeout,
        applicationName: String = defaultApplicationName
    ) {
        self.url = url
        self.statementTimeout = statementTimeout
        self.lockTimeout = lockTimeout
        self.applicationName = applicationName
    }
}

extension SourceSpec {
    init(reading map: Mapping) {
        map.require("url", hint: "add `url: ${DATABASE_URL}`, or `url: \"\"` to go by the PG* variables")
        let url = map.value("url", isSecret: true, Self.checkedURL) ?? ""
        // PostgreSQL's timeouts are 32-bit numbers of milliseconds.
        let limit = TimeSpan(milliseconds: 0)...TimeSpan(milliseconds: 24 * 86_400_000)
        self.init(
            url: Secret(url),
            statementTimeout: map.value("statement_timeout", Parse.span(limit)) ?? Self.defaultStatementTimeout,
            lockTimeout: map.value("lock_timeout", Parse.span(limit)) ?? Self.defaultLockTimeout,
            applicationName: map.value("application_name", Self.checkedName) ?? Self.defaultApplicationName)
        map.finish()
    }

    /// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>
    private static func checkedURL(_ text: String) throws(InvalidValue) -> String {
        let isURL = text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
        guard text.isEmpty || isURL || text.contains("=") && !text.prefix(while: { $0 != "=" }).contains(":") else {
            throw InvalidValue(
                "it is no connection URL",
                hint: "write postgresql://USER@HOST/DATABASE, or keywords as in `host=HOST dbname=DATABASE`")
        }
        return text
    }

    /// PostgreSQL cuts longer names.
    private static func checkedName(_ text: String) throws(InvalidValue) -> String {
        guard (1...63).contains(text.utf8.count), text.utf8.allSatisfy({ (32...126).contains($0) }) else {
            throw InvalidValue(hint: "write 1 to 63 ASCII characters")
        }
        return text
    }
}
