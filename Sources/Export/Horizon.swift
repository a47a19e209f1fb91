import Foundation
import Lake
import Postgres

/// The end of a window, and what holds it back.
public struct Horizon: Sendable {
    /// The window's end: every transaction below `high` has ended.
    public let window: WindowPlan
    /// The oldest transaction that is still open, if the session may see it; later rows wait for it.
    public let holder: Holder?
    /// Why no floor may be taken from this horizon later; nil when one may.
    public let withoutFloor: String?
    /// Why a cursor that goes by a time column cannot be used on this source; nil when it can.
    let withoutCursor: String?
    /// Why it cannot advance now; nil when it can.
    let cursorWaits: String?
    /// When the oldest open transaction began, or the reading; microseconds since 2000-01-01 UTC. Not certain where
    /// ``withoutCursor`` says so.
    let oldest: Int64

    /// The server's clock when the snapshot was taken, likewise.
    var takenAt: Int64 { Int64((window.takenAt.timeIntervalSinceReferenceDate + 366 * 86_400) * 1e6) }

    /// A transaction that holds the horizon back.
    public struct Holder: Sendable, Codable {
        /// Who it is: a session or a prepared transaction.
        public let who: String
        /// When it began, as the server says.
        public let since: String
        /// How many seconds ago that was.
        public let seconds: Double
    }

    /// Takes the horizon: activity first, then one snapshot.
    ///
    /// - Parameter source: the source.
    /// - Throws: `PostgresError`.
    static func take(_ source: Source) throws -> Horizon {
        let holders = try source.connection.query(
            """
            SELECT 'process ' || pid || ' (' || concat_ws(', ', nullif(application_name, ''), 'user ' || usename,
                       'database ' || datname) || ')' AS who,
                   backend_xid::text AS xid, xact_start::text AS since,
                   extract(epoch FROM clock_timestamp() - xact_start)::text AS seconds
            FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            UNION ALL
            SELECT 'prepared transaction ' || quote_literal(gid) || ' (user ' || owner || ', database ' || database || ')',
                   transaction::text, prepared::text, extract(epoch FROM clock_timestamp() - prepared)::text
            FROM pg_prepared_xacts
            """)
        let activity = try Activity(source)
        let row = try source.connection.query(
            """
            WITH s AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
            SELECT pg_snapshot_xmin(snapshot)::text AS high, pg_snapshot_xmax(snapshot)::text AS next,
                   extract(epoch FROM clock_timestamp())::text AS now
            FROM s
            """)
        let high: Int64 = try row.integer(0, "high")
        let window = WindowPlan(
            high: high, next: try row.integer(0, "next"),
            takenAt: Date(timeIntervalSince1970: Double(try row.text(0, "now")) ?? 0),
            oldest: activity.withoutFloor == nil ? activity.oldest : nil)
        // Only ids below `next` can hold the horizon; the lowest of them is the horizon itself.
        var holder: Holder?
        for index in 0..<holders.count
        where window.high < window.next && holders[index, "xid"] == String(UInt32(truncatingIfNeeded: high)) {
            holder = Holder(
                who: holders[index, "who"] ?? "a session", since: holders[index, "since"] ?? "an unknown time",
                seconds: holders[index, "seconds"].flatMap(Double.init) ?? 0)
        }
        return Horizon(
            window: window, holder: holder, withoutFloor: activity.withoutFloor,
            withoutCursor: activity.withoutCursor, cursorWaits: activity.cursorWaits, oldest: activity.oldest)
    }
}

/// What is known of open transactions, read before a snapshot is taken: whoever writes later began later.
private struct Activity {
    /// When the oldest open transaction began, or the reading if there was none; microseconds since 2000-01-01 UTC.
    let oldest: Int64
    /// Why that is not certain.
    let withoutFloor: String?
    /// Why a cursor that goes by a time column cannot be used at all, and why it cannot advance now.
    let withoutCursor: String?
    let cursorWaits: String?

    init(_ source: Source) throws {
        let row = try source.connection.query(
            """
            SELECT (extract(epoch FROM least(min(xact_start), statement_timestamp())) * 1000000)::bigint
                       - 946684800000000 AS oldest,
                   pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_all, pg_is_in_recovery() AS standby,
                   EXISTS (SELECT FROM pg_prepared_xacts) AS prepared, current_user AS role,
                   EXISTS (SELECT FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                           WHERE d.datname = current_database()) AS subscriber
            FROM pg_stat_activity
            """)
        oldest = try row.integer(0, "oldest")
        var reason: String?
        if row[0, "standby"] == "t" {
            reason = "a standby does not show its primary's sessions"
        } else if row[0, "sees_all"] != "t" {
            let role = SQL.identifier(try row.text(0, "role"))
            reason = "other sessions' transactions are hidden; GRANT pg_read_all_stats TO \(role)"
        }
        withoutCursor = reason
        cursorWaits =
            row[0, "prepared"] == "t" ? "a prepared transaction is open, and nobody can tell when it began" : nil
        withoutFloor =
            reason ?? cursorWaits
            ?? (row[0, "subscriber"] == "t" ? "rows that a subscription brings carry their origin's time" : nil)
    }
}

/// Waits until the source's WAL is flushed past a window.
///
/// A source with `synchronous_commit = off` could lose, in a crash, transactions that a window already holds, and give
/// their ids to others. So a run is opened only when all that its snapshot saw is on disk.
enum FlushedWAL {
    /// Waits.
    ///
    /// - Parameters:
    ///   - source: the source, its snapshot taken before.
    ///   - limit: how long to wait at most, in seconds.
    /// - Throws: `PostgresError`; `ExportError` when the time is over.
    static func wait(_ source: Source, limit: Double = 60) throws {
        let state = try source.connection.query(
            """
            SELECT pg_is_in_recovery()::text AS standby,
                   CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') END
                       ::text AS lsn,
                   (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size') AS segment
            """)
        // A standby replays only what its primary has flushed.
        if try state.text(0, "standby") == "true" { return }
        let target = pageStart(try state.integer(0, "lsn"), segment: try state.integer(0, "segment"))
        let start = ContinuousClock.now
        var pushed = false
        while true {
            let flushed: Int64 = try source.connection.query(
                "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::text AS lsn"
            ).integer(0, "lsn")
            if flushed >= target { return }
            let waited = ContinuousClock.now - start
            guard waited < .seconds(limit) else {
                throw ExportError(
                    operation: "open a run on", object: source.connection.target,
                    reason:
                        "its WAL was not flushed within \(Int(limit)) s, so a crash could still take back rows of the window",
                    hint: "Is its disk very slow, or synchronous_commit off with a large wal_writer_delay? Try again.")
            }
            if waited > .seconds(1), !pushed {
                // An idle server leaves a partial page unflushed for long; the commit of an id flushes it.
                try source.connection.execute("SELECT pg_current_xact_id()")
                pushed = true
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    /// An insert position just behind a page's header never looks flushed: the page's start stands for it.
    static func pageStart(_ lsn: Int64, segment: Int64) -> Int64 {
        let pageSize: Int64 = 8_192
        let shortHeader: Int64 = 24
        let longHeader: Int64 = 40
        if lsn % segment == longHeader { return lsn - longHeader }
        return lsn % pageSize == shortHeader ? lsn - shortHeader : lsn
    }
}
