import Crypto
import Foundation
import Lake
import Postgres
import Synchronization

/// The advisory lock that says a destination is held, on a session of its own.
///
/// PostgreSQL frees it when the session ends, however the process dies, so there is never a lock to remove by hand.
///
/// Several workers may ask it; the mutex lets one at a time use its connection.
final class RunLock: @unchecked Sendable {
    private let connection: Connection
    private let turn = Mutex(())
    private let key: Int64

    private static let heldQuery = """
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
            AND (classid::bigint << 32 | objid::bigint) = $1)::text AS held
        """

    /// Takes the lock if it is free.
    ///
    /// - Parameters:
    ///   - url: the source.
    ///   - applicationName: the session's name.
    ///   - destination: the destination's location, which the lock stands for.
    ///   - purpose: what is done there; locks for different purposes do not exclude one another.
    ///   - holder: who takes it; the session's name tells it to others.
    /// - Returns: the lock, or who holds it.
    /// - Throws: `PostgresError`.
    static func take(
        url: String, applicationName: String, destination: String, purpose: Purpose, holder: LogEntry.Holder
    ) throws -> Attempt {
        let lock = try RunLock(
            url: url, applicationName: applicationName, name: "tidemark \(purpose.rawValue) \(destination)")
        let row = try lock.connection.query("SELECT pg_try_advisory_lock($1)::text AS taken", [String(lock.key)])
        guard row[0, "taken"] == "true" else { return .held(by: try lock.present()) }
        let name = "\(applicationName) (\(holder.process) on \(holder.host))"
        try lock.connection.execute("SET application_name = \(SQL.literal(String(name.prefix(63))))")
        return .taken(lock)
    }

    /// What became of an attempt.
    enum Attempt {
        case taken(RunLock)
        /// Who holds it, as far as the server shows.
        case held(by: String?)
    }

    /// Who holds the lock, in words; nil where the server does not show it, or it is free now.
    private func present() throws -> String? {
        let row = try connection.query(
            """
            SELECT a.application_name AS name, to_char(a.backend_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
            FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = $1
            """, [String(key)])
        guard row.count > 0, let name = row[0, "name"], let since = row[0, "since"],
            let match = name.firstMatch(of: /\((\d+) on (.*?)\)?$/)
        else { return nil }
        return "process \(match.1) on \(match.2), since \(since)"
    }

    /// What a lock keeps others from.
    enum Purpose: String {
        /// Exporting what is new.
        case export = "lock"
        /// Writing history anew.
        case rewrite

        /// The kinds of run that it covers.
        var kinds: Set<RunKind> { self == .export ? [.export] : [.backfill, .repair, .replay] }
    }

    private init(url: String, applicationName: String, name: String) throws {
        connection = try Connection(url, applicationName: applicationName)
        try connection.execute(SessionSettings.sql)
        let digest = SHA256.hash(data: Array(name.utf8))
        key = digest.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Checks that the session, and with it the lock, is still there.
    ///
    /// - Throws: `PostgresError` when the session is lost; `ExportError` when the lock is.
    func check() throws {
        let row: QueryResult
        do {
            row = try turn.withLock { _ in try connection.query(Self.heldQuery, [String(key)]) }
        } catch let error as PostgresError where error.isConnectionLost {
            // No new connection brings the lock back, so this is nothing that a worker should try again.
            throw ExportError(
                .stopped, operation: "go on with", object: "this run",
                reason: "the session that holds its lock was lost: \(error.reason)",
                hint: "The next `tidemark run` goes on where it was.")
        }
        guard row[0, "held"] == "true" else {
            throw ExportError(
                .held, operation: "go on with", object: "this run",
                reason: "the session that holds its lock is another now",
                hint: "Is a pooler in transaction mode between? Give the source a direct url.")
        }
    }
}
