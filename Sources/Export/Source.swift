import Lake
import Postgres

/// The source database, asked over one connection.
struct Source {
    let connection: Connection

    /// The least server version that is served: `pg_snapshot_xmin` came with 13, what is tested begins with 14.
    static let minimumVersion = 140_000

    /// Opens a connection for questions.
    ///
    /// - Throws: `PostgresError`; `ExportError` when the server is too old.
    init(url: String, applicationName: String) throws {
        connection = try Connection(url, applicationName: applicationName)
        guard connection.serverVersion >= Self.minimumVersion else {
            throw ExportError(
                operation: "export from", object: connection.target,
                reason: "the server is PostgreSQL \(connection.serverVersion / 10_000), and Tidemark needs 14 or later")
        }
        try connection.execute(SessionSettings.sql)
    }

    /// Which cluster, database and timeline this is.
    func identity() throws -> SourceIdentity {
        let row = try connection.query(
            """
            SELECT system_identifier::text AS system, current_database() AS database, (\(Timeline.sql))::text AS timeline
            FROM pg_control_system()
            """)
        return SourceIdentity(
            systemIdentifier: try row.text(0, "system"), database: try row.text(0, "database"),
            timeline: try row.integer(0, "timeline"))
    }
}

/// The timeline that a server is on.
enum Timeline {
    /// An expression for it.
    ///
    /// What pg_control_checkpoint() says is that of the last checkpoint, and the first one after a promotion takes minutes. A
    /// primary's WAL knows; a standby's control file knows a little earlier than its last restart point.
    static let sql = """
        CASE WHEN pg_is_in_recovery() THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END
        """
}

/// What every session of ours sets, so that values are read in one form whatever the server's configuration says.
enum SessionSettings {
    static let sql = """
        SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
        SET bytea_output = 'hex'; SET xmloption = 'content'; SET default_transaction_read_only = on;
        SET idle_session_timeout = 0; SET constraint_exclusion = on
        """
}

extension QueryResult {
    /// A value that cannot be NULL.
    func text(_ row: Int, _ column: String) throws -> String {
        guard row < count, let value = self[row, column] else {
            throw ExportError(
                operation: "read", object: "the server's catalog",
                reason: "\(column) is NULL or missing where a value must be")
        }
        return value
    }

    /// A whole number that cannot be NULL.
    func integer<Number: FixedWidthInteger>(_ row: Int, _ column: String) throws -> Number {
        let written = try text(row, column)
        guard let number = Number(written) else {
            throw ExportError(
                operation: "read", object: "the server's catalog",
                reason: "\(column) is \(written) where a whole number must be")
        }
        return number
    }
}
