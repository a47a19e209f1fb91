import Foundation
import Lake
import Pipeline
import Postgres
import Records

extension Verifier {
    /// Proves, or not, that every row of a leaf is in the lake.
    ///
    /// - Parameters:
    ///   - name: the leaf's name, or schema and name. It may be detached: it is known by its oid.
    ///   - dataset: only for this one; nil for all that have exported it.
    ///   - limit: how many differing rows are listed.
    /// - Returns: a certificate for each dataset that exports the leaf.
    /// - Throws: `StoreError`, `LakeError`, `PostgresError`; `ExportError` when there is no such leaf, or nothing that could
    ///   be compared.
    public func certify(
        leaf name: String, dataset: String? = nil, limit: VerifyLimit = VerifyLimit()
    ) throws -> [VerifyCertificate] {
        let shares = try byDataset(only: dataset)
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let identity = try source.identity()
        try SourceGuard.check(lake.state, identity, try Horizon.take(source), source)
        let place = try LeafPlace(name, source, lake.state)
        let own = try shares.filter { share in
            if lake.state.datasets[share.report.name]?.watermarks[Int(place.leaf.oid)] != nil { return true }
            guard let spec = share.spec, spec.mode == .incremental, spec.cursor.mode == .transaction else {
                return false
            }
            return try SourceTable(spec, source: source).leaves.contains { $0.oid == place.leaf.oid }
        }
        guard !own.isEmpty else {
            throw ExportError(
                .configuration, operation: "verify", object: place.leaf.qualifiedName,
                reason: "pipeline \(spec.name) neither exports it nor has ever exported it")
        }
        return try own.map { try certificate(place, $0, source, identity, limit) }
    }

    private func certificate(
        _ place: LeafPlace, _ share: Share, _ source: Source, _ identity: SourceIdentity, _ limit: VerifyLimit
    ) throws -> VerifyCertificate {
        let leaf = place.leaf
        let watermark = lake.state.datasets[share.report.name]?.watermarks[Int(leaf.oid)]
        var certificate = VerifyCertificate(
            pipeline: spec.name, dataset: share.report.name, destination: store.location,
            version: lake.state.version, source: identity, leaf: leaf.qualifiedName, oid: leaf.oid,
            parent: place.parent, watermark: watermark?.high)
        guard let watermark else {
            certificate.reasons = ["It has never been exported: run first."]
            return certificate
        }
        guard let dataset = share.spec, watermark.column == nil, dataset.mode == .incremental else {
            throw ExportError(
                operation: "verify", object: "\(leaf.qualifiedName) in dataset \(share.report.name)",
                reason: share.spec == nil
                    ? "the pipeline has no such dataset any more" : "its rows do not go by their transactions")
        }
        var layouts = VerifyLayouts(lake: lake, store: store)
        let key = dataset.key.uniqued
        let files = share.files.filter { $0.chunk.leaf == leaf.oid }
        let plans = try files.map { try layouts.layout(of: $0) }
        let rowPlans = zip(files, plans).filter { !$0.0.chunk.hasItems }.map(\.1)
        let keys = try VerifyKeys(
            dataset, columns: try source.connection.columns(ofTable: leaf.oid), name: leaf.qualifiedName,
            types: try keyTypes(rowPlans, key), key: key, byPartition: false)
        try checkOrigins(rowPlans, keys, key)
        // Who writes is asked before the snapshot: what they have written is invisible then.
        certificate.reasons += try writers(of: leaf, source)
        certificate.checkedAt = Date()
        let comparison = VerifyComparison(
            work: work,
            files: zip(files, plans).map { file, plan in
                VerifyComparison.File(
                    chunk: file.chunk, layout: plan, key: plan.columns(of: key) ?? [],
                    partition: file.chunk.hasItems ? nil : "")
            },
            units: [
                VerifyUnit(
                    identity: identity, keys: keys, leaf: leaf, watermark: watermark.high, begin: watermark.begin,
                    piece: .whole, readsAll: true)
            ])
        let findings = try comparison.read()
        certificate.key = key
        certificate.files = files.count
        certificate.problems = try refuseReplaced(findings.problems)
        certificate.fill(findings)
        // What is extra does no harm here, however much it is; what is missing is looked for to the end.
        let thorough = VerifyLimit(
            perPartition: limit.perPartition, total: 3 * limit.perPartition, isThorough: true)
        certificate.difference = try comparison.differences(
            findings, limit: thorough, names: [leaf.oid: leaf.qualifiedName], keysAtOnce: keysAtOnce
        ).first
        certificate.judge(watermark)
        return certificate
    }

    /// Who has written to a leaf in a transaction that is still open, in sentences.
    private func writers(of leaf: LeafPlan, _ source: Source) throws -> [String] {
        let standby = try source.connection.query("SELECT pg_is_in_recovery()::text AS standby")
        if try standby.text(0, "standby") == "true" {
            return ["This is a standby, which does not show who still writes: connect to the primary."]
        }
        let rows = try source.connection.query(
            """
            SELECT DISTINCT coalesce('process ' || l.pid || ' (' || concat_ws(', ', nullif(a.application_name, ''),
                       'user ' || a.usename) || ')', 'prepared transaction ' || quote_literal(x.gid), 'a session') AS who
            FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
                 -- A prepared transaction still holds the lock on its own id.
                 LEFT JOIN (pg_prepared_xacts x JOIN pg_locks o ON o.transactionid = x.transaction AND o.granted
                            AND o.mode = 'ExclusiveLock')
                     ON l.pid IS NULL AND o.virtualtransaction = l.virtualtransaction
            WHERE l.locktype = 'relation' AND l.relation = $1::oid AND l.granted
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            ORDER BY who
            """, [String(leaf.oid)])
        return try (0..<rows.count).map { row in
            "An open transaction may have written to it: \(try rows.text(row, "who")). Wait for its end, and run again."
        }
    }
}

/// A leaf that was named on the command line, as it is now.
private struct LeafPlace {
    let leaf: LeafPlan
    /// The table that it is a partition of.
    let parent: String?

    /// Finds it: as psql would, else by the name under which it was exported.
    init(_ name: String, _ source: Source, _ state: LakeState) throws {
        // With quotes it is SQL already; without them it is exact, as in the pipeline file.
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let quoted = name.contains("\"") ? name : SQL.identifier(parts)
        let exported = state.datasets.values.flatMap(\.watermarks.values).filter { mark in
            mark.name == name || mark.name.hasSuffix("." + name)
        }
        let rows = try source.connection.query(
            """
            SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                   coalesce(pg_relation_filenode(c.oid), 0)::text AS filenode,
                   (SELECT min(i.inhparent::regclass::text) FROM pg_inherits i WHERE i.inhrelid = c.oid) AS parent
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.oid = coalesce(to_regclass($1)::oid, (SELECT min(oid) FROM unnest($2::oid[]) AS e (oid)
                                                          WHERE EXISTS (SELECT FROM pg_class p WHERE p.oid = e.oid)))
            """, [quoted, "{" + exported.map { String($0.leaf) }.joined(separator: ",") + "}"])
        guard rows.count == 1 else {
            throw ExportError(
                operation: "verify", object: "\(name) in \(source.connection.target)", reason: "there is no such table",
                hint: exported.isEmpty
                    ? "Give the name of a partition, or schema and name."
                    : "It was exported, and dropped since: what the lake has of it cannot be compared any more.")
        }
        let (schema, found) = (try rows.text(0, "schema"), try rows.text(0, "name"))
        guard try rows.text(0, "kind") == "r" else {
            throw ExportError(
                .configuration, operation: "verify", object: "\(schema).\(found)",
                reason: "it is no table that holds rows itself", hint: "Name one of its partitions.")
        }
        parent = rows[0, "parent"]
        leaf = LeafPlan(
            oid: try rows.integer(0, "oid"), schema: schema, name: found, fileNode: try rows.integer(0, "filenode"),
            low: nil, high: 0, pages: 0, rows: 0)
    }
}

extension VerifyCertificate {
    /// Takes the figures up.
    fileprivate mutating func fill(_ findings: VerifyComparison.Findings) {
        let group = findings.groups.first ?? VerifyComparison.Group(path: "")
        newer = findings.newer
        leftOut = findings.leftOut
        rowsInSource = findings.rowsInSource + newer + leftOut
        rowsInLake = group.lake.rows
        sourceFingerprint = group.source.hexadecimal
        lakeFingerprint = group.lake.hexadecimal
    }

    /// Says what speaks against dropping it.
    fileprivate mutating func judge(_ watermark: Watermark) {
        if newer > 0 {
            reasons.append("\(Self.rows(newer)) landed after the last run: run again.")
        }
        if !problems.isEmpty {
            let count = Set(problems.map(\.key)).count
            reasons.append("\(count) of its files \(count == 1 ? "is" : "are") lost or damaged.")
        }
        if let difference {
            let count = difference.missing.reduce(0) { $0 + $1.inSource - $1.inLake }
            if count > 0 {
                let least = difference.hasAllMissing ? "" : "At least "
                reasons.append(
                    "\(least)\(Self.rows(Int64(count))) of it \(count == 1 ? "is" : "are") not in the lake.")
            } else if !difference.hasAllMissing {
                reasons.append("Its rows are not those in the lake; `--limit N` with N > 0 finds out which.")
            }
            let extra = difference.extra.reduce(0) { $0 + $1.inLake }
            if extra > 0 {
                notes.append(
                    "The lake has \(Self.rows(Int64(extra))) that the leaf has not, or has no more: deleted, updated or moved."
                )
            }
            if !difference.repeated.isEmpty {
                notes.append("The lake has \(Self.rows(Int64(difference.repeated.count))) more than once.")
            }
        }
        if leftOut > 0 {
            notes.append(
                "\(Self.rows(leftOut)) \(leftOut == 1 ? "is" : "are") left out on purpose, by `where` or `initial`, and "
                    + "\(leftOut == 1 ? "is" : "are") not in the lake.")
        }
        if let parent {
            notes.append(
                "It is a partition of \(parent): rows may still arrive. Detach it first, for a proof that lasts.")
        }
    }

    private static func rows(_ count: Int64) -> String { count == 1 ? "1 row" : "\(count) rows" }
}
