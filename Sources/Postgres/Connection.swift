import CPostgres

/// A session with a PostgreSQL server.
///
/// It is used by one thread at a time and closed when the last reference goes. All calls block.
@safe public final class Connection {
    /// `user@host:port/database`, for messages; never a password.
    public let target: String
    /// Told of every notice and warning of the server, on one line; by default they are dropped.
    public var onNotice: ((String) -> Void)?

    /// Whether a CopyReader is reading: nothing else can be asked meanwhile.
    var isCopying = false
    /// What no message may show.
    let secrets: [String]
    let handle: OpaquePointer

    /// Connects.
    ///
    /// Everything that libpq reads works: `PG*` variables, `~/.pgpass`, service files, `sslmode`, several hosts.
    /// Source: libpq, `PQconnectStartParams`.
    /// - Parameters:
    ///   - conninfo: a URL, a keyword string, a database's name, or "" for the environment's defaults.
    ///   - applicationName: shown in `pg_stat_activity`, unless conninfo or PGAPPNAME give another.
    ///   - connectTimeout: seconds for each host and address, unless conninfo or PGCONNECT_TIMEOUT say otherwise.
    /// - Throws: PostgresError, with a hint for the usual causes.
    public init(_ conninfo: String, applicationName: String, connectTimeout: Int = 10) throws(PostgresError) {
        let parsed = Conninfo(conninfo)
        unsafe handle = try Connector(conninfo: conninfo, parsed: parsed)
            .connect(applicationName: applicationName, timeout: connectTimeout)
        target = unsafe Connector.target(handle)
        secrets = unsafe Connector.secrets(handle, parsed)
        unsafe PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context = unsafe context, let result = unsafe result else { return }
                let connection = unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
                guard let onNotice = connection.onNotice, let text = unsafe PQresultErrorMessage(result) else { return }
                onNotice(PostgresError.oneLine(unsafe String(cString: text)))
            }, unsafe Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        unsafe PQfinish(handle)
    }

    /// The server's version as a number: 150018 is 15.18.
    public var serverVersion: Int { unsafe Int(PQserverVersion(handle)) }

    /// The process id of the session's server process, as in `pg_stat_activity.pid`.
    public var serverProcess: Int32 { unsafe PQbackendPID(handle) }

    /// Whether the connection is lost, as far as the last call could tell.
    public var isLost: Bool { unsafe PQstatus(handle) == CONNECTION_BAD }

    /// `user@host:port/database` of a connection string, through PQconninfoParse and the environment, without connecting.
    /// - Returns: a text without any password, also when the string cannot be read.
    public static func describe(_ conninfo: String) -> String {
        Conninfo(conninfo).description
    }

    /// Runs one or several statements and drops their results.
    ///
    /// Several statements in one text are one transaction, unless they say otherwise. Source: libpq, `PQexec`.
    /// - Throws: PostgresError of the first statement that fails.
    public func execute(_ sql: String) throws(PostgresError) {
        let operation = "run a statement on"
        try ready(operation, [sql])
        guard let result = unsafe PQexec(handle, sql) else { throw failure(operation) }
        defer { unsafe PQclear(result) }
        switch unsafe PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: throw unsafe unexpected(result, operation)
        }
    }

    /// Runs one statement with parameters and returns its rows as text.
    ///
    /// Source: libpq, `PQexecParams`.
    /// - Parameters:
    ///   - sql: one statement, with `$1`, `$2`, … for the parameters.
    ///   - parameters: their texts; nil is NULL; 65,535 at most.
    /// - Throws: PostgresError.
    public func query(_ sql: String, _ parameters: [String?] = []) throws(PostgresError) -> QueryResult {
        let operation = "run a query on"
        try ready(operation, [sql] + parameters.compactMap { $0 })
        guard let result = unsafe executeWithParameters(sql, parameters) else { throw failure(operation) }
        defer { unsafe PQclear(result) }
        switch unsafe PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return unsafe QueryResult(result)
        default: throw unsafe unexpected(result, operation)
        }
    }

    /// Starts `COPY (…) TO STDOUT (FORMAT binary)`.
    ///
    /// Until the reader has given its last row, thrown, or is let go, nothing else can be asked of this connection.
    /// - Throws: PostgresError, also when the statement is no such COPY.
    public func copyOut(_ sql: String) throws(PostgresError) -> CopyReader {
        let operation = "start a COPY on"
        try ready(operation, [sql])
        guard let result = unsafe PQexec(handle, sql) else { throw failure(operation) }
        defer { unsafe PQclear(result) }
        guard unsafe PQresultStatus(result) == PGRES_COPY_OUT else { throw unsafe unexpected(result, operation) }
        guard unsafe PQbinaryTuples(result) == 1 else {
            abandonCopy()
            throw PostgresError(
                operation: operation, target: target, reason: "the COPY is in text form, not in (FORMAT binary)")
        }
        return CopyReader(self)
    }

    /// A handle by which another thread can cancel what this connection is running.
    public func cancelHandle() -> CancelHandle {
        unsafe CancelHandle(PQgetCancel(handle), target: target)
    }
}

extension QueryResult {
    fileprivate init(_ result: OpaquePointer) {
        let width = unsafe PQnfields(result)
        self.init(
            columns: (0..<width).map { column in
                unsafe PQfname(result, column).map { unsafe String(cString: $0) } ?? ""
            },
            rows: unsafe (0..<PQntuples(result)).map { row in
                (0..<width).map { column in
                    guard unsafe PQgetisnull(result, row, column) == 0,
                        let value = unsafe PQgetvalue(result, row, column)
                    else { return nil }
                    return unsafe String(cString: value)
                }
            })
    }
}
