import Lake
import Postgres

/// What every reading of a leaf does first, in a transaction of its own: a unit, a verification, a repair.
///
/// The lock comes before the first snapshot: the other way round, a rewriting ALTER in between would make the table look
/// empty.
struct Preflight {
    /// How rows are to be reached.
    enum Access {
        /// By their place in the table, and nothing else, so that they come in one order always.
        case pages
        /// Through an index.
        case index
        /// As the server likes.
        case any
    }

    /// The source that is expected.
    let identity: SourceIdentity
    let leaf: LeafPlan
    /// What is read in the leaf's place; nil for a leaf.
    let relation: String?
    /// Every transaction below it must have ended in what the connection shows.
    let high: Int64
    /// In milliseconds; 0 for none.
    let statementTimeout: Int
    /// In milliseconds; 0 for none.
    let lockTimeout: Int

    /// Begins the transaction and checks that the source is as expected.
    ///
    /// - Parameter connection: one outside of a transaction.
    /// - Returns: `pg_snapshot_xmax` of the transaction's snapshot, by which its rows' ids are widened.
    /// - Throws: `PostgresError`; `ExportError` when the source is not as expected; ``LaggingSource`` when it does not
    ///   show all transactions yet.
    func begin(_ connection: Connection, _ access: Access) throws -> Int64 {
        let lock = try locked(connection).map { "; LOCK TABLE \($0) IN ACCESS SHARE MODE" } ?? ""
        let scans: String =
            switch access {
            case .pages:
                "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off;"
            case .index: "SET LOCAL enable_seqscan = off; SET LOCAL enable_tidscan = off;"
            case .any: ""
            }
        try connection.execute(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SET LOCAL statement_timeout = \(statementTimeout);
            SET LOCAL lock_timeout = \(lockTimeout);
            SET LOCAL idle_in_transaction_session_timeout = 600000;
            SET LOCAL row_security = off;
            SET LOCAL synchronize_seqscans = off;
            SET LOCAL max_parallel_workers_per_gather = 0;
            \(scans)
            SET LOCAL jit = off\(lock)
            """)
        let name = leaf.oid == 0 ? "0::regclass" : "\(SQL.literal(table))::regclass"
        let row = try connection.query(
            """
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS low, pg_snapshot_xmax(pg_current_snapshot())::text AS next,
                   (SELECT system_identifier::text FROM pg_control_system()) AS system,
                   (\(Timeline.sql))::text AS timeline,
                   current_database() AS database,
                   \(name)::oid::text AS oid, coalesce(pg_relation_filenode(\(name)), 0)::text AS filenode
            """)
        let found = SourceIdentity(
            systemIdentifier: try row.text(0, "system"), database: try row.text(0, "database"),
            timeline: try row.integer(0, "timeline"))
        guard found == identity else {
            throw ExportError(
                operation: "read from", object: connection.target,
                reason: "\(identity) is expected, and this is \(found)",
                hint: "Does the url lead to several servers?")
        }
        let oid: UInt32 = try row.integer(0, "oid")
        let fileNode: UInt32 = try row.integer(0, "filenode")
        guard oid == leaf.oid, relation != nil || fileNode == leaf.fileNode else {
            throw ExportError(
                operation: "read", object: leaf.qualifiedName,
                reason: "it was replaced or rewritten after the run was planned", hint: "The next run plans afresh.")
        }
        let low: Int64 = try row.integer(0, "low")
        guard low >= high else { throw LaggingSource(target: connection.target, high: high, low: low) }
        return try row.integer(0, "next")
    }

    private var table: String { SQL.identifier([leaf.schema, leaf.name]) }

    /// What LOCK TABLE takes: a leaf; of relations a table, but no materialized view, foreign table or query.
    private func locked(_ connection: Connection) throws -> String? {
        if relation == nil { return "ONLY \(table)" }
        guard leaf.oid != 0 else { return nil }
        let kind = try connection.query(
            "SELECT relkind::text AS kind FROM pg_class WHERE oid = $1::oid", [String(leaf.oid)])
        return kind.count == 1 && ["r", "p"].contains(kind[0, "kind"]) ? table : nil
    }
}

/// The server that a connection led to does not show the whole window yet: a standby that lags.
struct LaggingSource: Error, CustomStringConvertible {
    let target: String
    let high: Int64
    let low: Int64

    var description: String {
        """
        Cannot read from \(target) yet: it has replayed up to transaction \(low), and the window ends at \(high). \
        A standby lags; connect to the primary or wait.
        """
    }
}
