import Lake
import Pipeline
import Postgres
import Records

/// What is read of a dataset's source to compare it with the lake: its key and what its output partitions are cut from.
struct VerifyKeys: Sendable {
    /// A plan whose columns are the key's, two marks and `_extra`; it is read by the code that reads rows for files.
    let plan: DatasetPlan
    /// How many columns the key has.
    let count: Int

    /// The names of the marks: whether a row lies below the watermark, and whether the pipeline wants it.
    private static let marks = ["tidemark: old", "tidemark: wanted"]
    var oldColumn: Int { count }
    var wantedColumn: Int { count + 1 }

    /// Settles what is read.
    ///
    /// - Parameters:
    ///   - dataset: the dataset.
    ///   - table: its table.
    ///   - types: the key's column types in the files; nil for the table's own, where there are no files.
    ///   - key: the columns of the key, each once.
    ///   - byPartition: whether the rows are told apart by their output partition.
    /// - Throws: `ExportError` when the table has a column no more.
    init(
        _ dataset: DatasetSpec, columns: [ColumnInfo], name: String, types: [ColumnType]?, key: [String],
        byPartition: Bool
    ) throws {
        func info(_ name: String) throws -> ColumnInfo {
            if let info = columns.first(where: { $0.name == name }) { return info }
            throw ExportError(
                operation: "compare", object: "dataset \(dataset.name)",
                reason: "the table has no column \(name) any more")
        }
        var fields = FieldList(timestampZone: dataset.timestampZone)
        var planned: [PlannedColumn] = []
        for (index, column) in key.enumerated() {
            let info = try info(column)
            let type = types?[index] ?? info.columnType
            fields.add(info, as: type == info.columnType ? nil : type)
            planned.append(PlannedColumn(name: column, type: type, field: column))
        }
        count = key.count
        let partitions = try (byPartition ? dataset.partitionBy : []).map { part in
            let unit = part.by.flatMap { PartitionPlan.Unit(rawValue: $0.rawValue) } ?? .value
            return PartitionPlan(
                field: fields.add(try info(part.column), as: unit == .value ? .string : nil), by: unit, name: part.name)
        }
        planned += Self.marks.map { PlannedColumn(name: $0, type: .bool, field: $0) }
        planned.append(PlannedColumn(name: PlannedColumn.extraName, type: .json, field: nil))
        // A look at the source does not fail for what an export of it would not take.
        var output = OutputPlan(dataset)
        if output.specialValues == "fail" { output.specialValues = "null" }
        plan = DatasetPlan(
            name: dataset.name, table: name,
            tables: [TablePlan(name: dataset.name, schema: DatasetSchema(version: 1, columns: planned))],
            fields: fields.fields + Self.marks.map { FieldPlan(name: $0, expression: "", type: "bool") },
            flatten: [], partitions: partitions, filter: dataset.filter, output: output, leaves: [])
    }

    /// How each of the key's values comes to be, to be compared with the files' own.
    func origins() throws -> [VerifyOrigin] { try (0..<count).map { try plan.origin($0) } }
}

/// A piece of a leaf, read in one transaction of its own.
struct VerifyUnit: Sendable {
    /// What the source is expected to be.
    let identity: SourceIdentity
    let keys: VerifyKeys
    let leaf: LeafPlan
    /// The end of the leaf's last committed window.
    let watermark: Int64
    /// What the first load left out.
    let begin: Beginning?
    let piece: UnitPlan.Piece
    /// Whether rows that lie above the watermark, or that the pipeline leaves out, are read as well.
    let readsAll: Bool

    /// A row of the source.
    struct Row {
        /// The number of its output partition, from 0.
        let partition: Int
        /// That partition's folders.
        let folders: [String]
        /// Whether it lies below the watermark.
        let isOld: Bool
        /// Whether the pipeline wants it.
        let isWanted: Bool
    }

    /// Reads the rows.
    ///
    /// - Parameters:
    ///   - tools: the thread's.
    ///   - start: called before the first row, and again when reading starts anew.
    ///   - row: called with each row and its key.
    /// - Throws: `PostgresError`, `ExportError`, what the bodies throw.
    func read(
        _ tools: VerifyTools, start: () throws -> Void, _ row: (Row, RawSpan) throws -> Void
    ) throws {
        let source = tools.work.spec.source
        try tools.asking { connection in
            try start()
            let preflight = Preflight(
                identity: identity, leaf: leaf, relation: nil, high: watermark,
                statementTimeout: source.statementTimeout.milliseconds, lockTimeout: source.lockTimeout.milliseconds)
            let next = try preflight.begin(connection, .pages)
            let sql = copy(next: next)
            tools.work.log.debug("\(leaf.qualifiedName): \(sql)")
            let copy = try connection.copyOut(sql)
            try pump(copy, tools.work.interruption, row)
            try connection.execute("COMMIT")
        }
    }

    private func pump(
        _ copy: CopyReader, _ interruption: Interruption, _ row: (Row, RawSpan) throws -> Void
    ) throws {
        let columns = keys.plan.tables[0].schema.columns.map(\.column)
        let reader = try RowReader(dataset: keys.plan, redaction: nil)
        let encoder = RowEncoder(format: .ndjson, columns: columns)
        var parser = KeyReader(format: .ndjson, columns: columns, key: Array(0..<keys.count))
        var text = ByteBuffer()
        let give = { (rows: RowReader.TableRows) in
            // Written and read back like the files, so that equal rows give equal keys.
            let all = (0..<Int32(rows.reader.batch.rowCount)).map { $0 }
            text.removeAll()
            encoder.encode(rows.reader.batch, rows: all.span, into: &text)
            var index = 0
            try parser.read(text.span) { key in
                let partition = Int(rows.reader.partitionOfRow[index])
                try row(
                    Row(
                        partition: partition, folders: reader.partitioner.paths[partition],
                        isOld: rows.reader.batch.int64(index, keys.oldColumn) == 1,
                        isWanted: rows.reader.batch.int64(index, keys.wantedColumn) == 1), key)
                index += 1
            }
            rows.reader.clear()
            try interruption.check()
        }
        while try copy.next() { try reader.read(copy, full: give) }
        try reader.rest(give)
    }

    /// The statement.
    ///
    /// - Parameter next: `pg_snapshot_xmax` of the transaction's own snapshot.
    private func copy(next: Int64) -> String {
        let isOld = UnitQuery.window(low: nil, high: watermark, next: next)
        var wanted: [String] = []
        if let begin {
            let isLater = UnitQuery.window(low: begin.high, high: next, next: next)
            wanted.append("(\(([isLater] + begin.bounds.map { "(\($0.condition))" }).joined(separator: " OR ")))")
        }
        // The line end keeps a comment at the filter's end from hiding what follows.
        if let filter = keys.plan.filter { wanted.append("(\(filter)\n)") }
        var conditions: [String] = []
        if case .pages(let from, let to) = piece {
            if from > 0 { conditions.append("t.ctid >= '(\(from),0)'") }
            if let to { conditions.append("t.ctid < '(\(to),0)'") }
        }
        var marks = ["true", "true"]
        if readsAll {
            marks = [isOld, wanted.isEmpty ? "true" : "coalesce(\(wanted.joined(separator: " AND ")), false)"]
        } else {
            conditions += [isOld] + wanted
        }
        let fields = keys.plan.fields.dropLast(marks.count).map(\.expression) + marks
        let rows = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
        return
            "COPY (SELECT \(fields.joined(separator: ", ")) FROM \(keys.plan.from(leaf))\(rows)) TO STDOUT (FORMAT binary)"
    }
}
