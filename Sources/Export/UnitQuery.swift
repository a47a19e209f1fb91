import Lake
import Postgres

/// The transaction that reads a unit: short, read-only, and sure that it reads what the plan speaks of.
struct UnitQuery {
    let plan: RunPlan
    let dataset: DatasetPlan
    let leaf: LeafPlan
    let unit: UnitPlan
    /// In milliseconds; 0 for none.
    let statementTimeout: Int
    /// In milliseconds; 0 for none.
    let lockTimeout: Int

    /// Begins the transaction and checks the plan against what it sees.
    ///
    /// The lock comes before the first snapshot: the other way round, a rewriting ALTER in between would make the table
    /// look empty. A page range is read by a TID scan and nothing else, so that the rows come in one order always.
    ///
    /// - Parameter connection: the worker's connection, outside of a transaction.
    /// - Returns: the COPY statement that reads the unit.
    /// - Throws: `PostgresError`; `ExportError` when the source is not as planned; ``LaggingSource`` when it does not show
    ///   the whole window yet.
    func begin(_ connection: Connection) throws -> String {
        try connection.execute(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
            SET LOCAL statement_timeout = \(statementTimeout);
            SET LOCAL lock_timeout = \(lockTimeout);
            SET LOCAL idle_in_transaction_session_timeout = 600000;
            SET LOCAL row_security = off;
            SET LOCAL synchronize_seqscans = off;
            SET LOCAL max_parallel_workers_per_gather = 0;
            SET LOCAL enable_indexscan = off;
            SET LOCAL enable_indexonlyscan = off;
            SET LOCAL enable_bitmapscan = off;
            SET LOCAL jit = off;
            LOCK TABLE ONLY \(table) IN ACCESS SHARE MODE
            """)
        let row = try connection.query(
            """
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS low, pg_snapshot_xmax(pg_current_snapshot())::text AS next,
                   (SELECT system_identifier::text FROM pg_control_system()) AS system,
                   (SELECT timeline_id::text FROM pg_control_checkpoint()) AS timeline,
                   current_database() AS database,
                   \(SQL.literal(table))::regclass::oid::text AS oid,
                   coalesce(pg_relation_filenode(\(SQL.literal(table))::regclass), 0)::text AS filenode
            """)
        try check(
            SourceIdentity(
                systemIdentifier: try row.text(0, "system"), database: try row.text(0, "database"),
                timeline: try row.integer(0, "timeline")), connection)
        let oid: UInt32 = try row.integer(0, "oid")
        let fileNode: UInt32 = try row.integer(0, "filenode")
        guard oid == leaf.oid, fileNode == leaf.fileNode else {
            throw ExportError(
                operation: "read", object: leaf.qualifiedName,
                reason: "it was replaced or rewritten after the run was planned",
                hint: "The next run plans afresh.")
        }
        let low: Int64 = try row.integer(0, "low")
        guard low >= plan.window.high else {
            throw LaggingSource(target: connection.target, high: plan.window.high, low: low)
        }
        return copy(next: try row.integer(0, "next"))
    }

    private func check(_ identity: SourceIdentity, _ connection: Connection) throws {
        guard identity == plan.source else {
            throw ExportError(
                operation: "read a unit from", object: connection.target,
                reason: "the plan is for \(plan.source), and this is \(identity)",
                hint: "Does the url lead to several servers?")
        }
    }

    private var table: String { SQL.identifier([leaf.schema, leaf.name]) }

    /// The statement.
    ///
    /// A row's transaction id has 32 bits; how far it lies behind the snapshot's end, modulo 2^32, tells its full id:
    /// `next - ((next - xmin) & 4294967295)`. Written as a distance, one comparison or two do.
    ///
    /// - Parameter next: `pg_snapshot_xmax` of the transaction's own snapshot.
    func copy(next: Int64) -> String {
        let distance = "((\(next) - t.xmin::text::bigint) & 4294967295)"
        var conditions: [String] = []
        if unit.firstPage > 0 { conditions.append("t.ctid >= '(\(unit.firstPage),0)'") }
        if let end = unit.endPage { conditions.append("t.ctid < '(\(end),0)'") }
        if let low = leaf.low {
            conditions.append("\(distance) BETWEEN \(next - plan.window.high + 1) AND \(next - low)")
        } else {
            conditions.append("\(distance) > \(next - plan.window.high)")
        }
        // The line end keeps a comment at the filter's end from hiding what follows.
        if let filter = dataset.filter { conditions.append("(\(filter)\n)") }
        return """
            COPY (SELECT \(dataset.fields.map(\.expression).joined(separator: ", ")) FROM ONLY \(table) AS t \
            WHERE \(conditions.joined(separator: " AND "))) TO STDOUT (FORMAT binary)
            """
    }
}

/// The server that a connection led to does not show the whole window yet: a standby that lags.
struct LaggingSource: Error, CustomStringConvertible {
    let target: String
    let high: Int64
    let low: Int64

    var description: String {
        """
        Cannot read a unit from \(target): it has replayed up to transaction \(low), and the window ends at \(high). \
        A standby lags; connect to the primary or wait.
        """
    }
}
