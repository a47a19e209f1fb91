import CPostgres

/// The catalog's view of columns.
extension Connection {
    /// The columns of a table, view or partition in the table's order, without dropped ones.
    /// - Parameter oid: the table's `pg_class.oid`.
    /// - Returns: an empty list if there is no such table.
    /// - Throws: PostgresError.
    public func columns(ofTable oid: UInt32) throws(PostgresError) -> [ColumnInfo] {
        let result = try query(
            """
            SELECT attname, atttypid::text, atttypmod, attnotnull, pg_catalog.format_type(atttypid, atttypmod)
            FROM pg_catalog.pg_attribute
            WHERE attrelid = $1::pg_catalog.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """, [String(oid)])
        return try columnInfos(
            result.rows.map { row in
                RawColumn(
                    name: row[0] ?? "", oid: row[1].flatMap { UInt32($0) } ?? 0,
                    modifier: row[2].flatMap { Int32($0) } ?? -1,
                    notNull: row[3] == "t", typeName: row[4] ?? "")
            })
    }

    /// The columns that a query would give, without running it.
    ///
    /// Source: libpq, `PQdescribePrepared`. The catalog does not know which of them can be NULL: `notNull` is false unless a
    /// domain says so.
    /// - Parameter sql: one statement without parameters.
    /// - Throws: PostgresError, also for a query that is wrong.
    public func columns(ofQuery sql: String) throws(PostgresError) -> [ColumnInfo] {
        let columns = try describe(sql)
        let names = try query(
            """
            SELECT pg_catalog.format_type(o, m)
            FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[]))
            WITH ORDINALITY AS t (o, m, n) ORDER BY n
            """,
            [
                "{" + columns.map { String($0.oid) }.joined(separator: ",") + "}",
                "{" + columns.map { String($0.modifier) }.joined(separator: ",") + "}",
            ])
        return try columnInfos(
            zip(columns, names.rows).map { column, row in
                var column = column
                column.typeName = row[0] ?? ""
                return column
            })
    }

    private func describe(_ sql: String) throws(PostgresError) -> [RawColumn] {
        let operation = "look at a query on"
        try ready(operation, [sql])
        guard let prepared = unsafe PQprepare(handle, "", sql, 0, nil) else { throw failure(operation) }
        defer { unsafe PQclear(prepared) }
        guard unsafe PQresultStatus(prepared) == PGRES_COMMAND_OK else {
            throw unsafe failure(operation, result: prepared)
        }
        guard let result = unsafe PQdescribePrepared(handle, "") else { throw failure(operation) }
        defer { unsafe PQclear(result) }
        guard unsafe PQresultStatus(result) == PGRES_COMMAND_OK else { throw unsafe failure(operation, result: result) }
        return unsafe (0..<PQnfields(result)).map { column in
            RawColumn(
                name: unsafe PQfname(result, column).map { unsafe String(cString: $0) } ?? "",
                oid: unsafe PQftype(result, column), modifier: unsafe PQfmod(result, column), notNull: false,
                typeName: "")
        }
    }

    struct RawColumn {
        var name: String
        var oid: UInt32
        /// `atttypmod`: -1 is none.
        var modifier: Int32
        var notNull: Bool
        var typeName: String
    }

    func columnInfos(_ columns: [RawColumn]) throws(PostgresError) -> [ColumnInfo] {
        let catalog = try TypeCatalog(self, types: columns.map(\.oid))
        return columns.map { column in
            let base = catalog.base(of: column.oid, modifier: column.modifier)
            var info = ColumnInfo(
                name: column.name, typeName: column.typeName, type: catalog.type(column.oid),
                notNull: column.notNull || base.notNull)
            if info.type == .numeric, base.modifier >= 4 {
                // ((precision << 16) | (scale & 0x7ff)) + 4, the scale in 11 bits of two's complement (numeric.c)
                let packed = Int(base.modifier) - 4
                info.precision = (packed >> 16) & 0xFFFF
                info.scale = ((packed & 0x7FF) ^ 1024) - 1024
            }
            return info
        }
    }
}
