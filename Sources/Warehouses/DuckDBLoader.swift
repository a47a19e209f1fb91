import Lake
import Records

/// `INSERT … SELECT` from `read_csv` and `read_ndjson_objects`.
///
/// See https://duckdb.org/docs/stable/data/csv/overview and https://duckdb.org/docs/stable/data/json/loading_json.
struct DuckDBLoader: Loader {
    let warehouse = Warehouse.duckdb
    let schemes = ["file:", "s3://", "gs://", "gcs://", "r2://", "az://", "https://"]
    let longestName = 1_000

    func identifier(_ name: String) -> String { SQLText.quoted(name) }
    func literal(_ text: String) -> String { SQLText.standard(text) }

    func type(_ type: ColumnType) -> String {
        switch type {
        case .string, .number: "VARCHAR"
        case .int64: "BIGINT"
        case .decimal(let precision, let scale): precision <= 38 ? "DECIMAL(\(precision), \(scale))" : "VARCHAR"
        case .double: "DOUBLE"
        case .bool: "BOOLEAN"
        case .timestamp: "TIMESTAMPTZ"
        case .date: "DATE"
        case .uuid: "UUID"
        case .json: "JSON"
        case .bytes: "BLOB"
        }
    }

    /// A value from the text that a file has for it.
    private func value(_ text: String, _ type: ColumnType) -> String {
        switch type {
        case .bytes: return "from_hex(substr(\(text), 3))"
        default:
            let name = self.type(type)
            return name == "VARCHAR" ? text : "CAST(\(text) AS \(name))"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        Digits.note(table, type: "VARCHAR", cast: "CAST(… AS DECIMAL(38, 9)) where that is enough")
    }

    func preamble(of script: LoadScript) -> [String] {
        guard !script.isLocal else { return ["BEGIN TRANSACTION;"] }
        return [
            script.comment([
                "The store's key comes from a secret: CREATE SECRET (TYPE s3, PROVIDER credential_chain); takes what the "
                    + "environment has."
            ]), "INSTALL httpfs;", "LOAD httpfs;", "BEGIN TRANSACTION;",
        ]
    }

    func ending(of script: LoadScript) -> [String] { ["COMMIT;"] }

    func changes(of table: NamedTable) -> [String] {
        additions(table).map { "ALTER TABLE \(table.name) ADD COLUMN IF NOT EXISTS \($0);" }
            + widened(table).map { "ALTER TABLE \(table.name) ALTER COLUMN \($0.name) SET DATA TYPE \($0.type);" }
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        let groups = try LoadGroup.groups(of: table.table, most: 500, byFolder: false)
        return Loaded(
            statements: groups.map { group in
                let files = group.files.map { literal(script.address($0.key)) }.joined(separator: ",\n")
                let paths = table.table.partitions.map { part in
                    let folder =
                        "NULLIF(NULLIF(regexp_extract(\(Self.file), \(literal(PartitionPath.pattern(part.name))), 1), ''), "
                        + "\(literal(PartitionPath.null)))"
                    return part.isDay ? "CAST(\(folder) AS DATE)" : "url_decode(\(folder))"
                }
                let columns = Array(table.table.columns.prefix(group.columns))
                let (values, source) =
                    switch group.dialect.format {
                    case .ndjson: ndjson(columns, table.table, group.dialect, files)
                    case .csv(let header, let delimiter, let null):
                        csv(columns, table.table, group.dialect, header, delimiter, null, files)
                    }
                return """
                    INSERT INTO \(table.name) (\(table.targets(group, self)))
                    SELECT
                    \(SQLText.list(values + paths, indent: 4))
                    FROM \(source);
                    """
            })
    }

    /// The column with a row's file; the files' columns have other names where it matters.
    private static let file = "tidemark_file"

    private func csv(
        _ columns: [PlannedColumn], _ table: LoadTable, _ dialect: FileDialect, _ header: Bool, _ delimiter: String,
        _ null: String, _ files: String
    ) -> (values: [String], source: String) {
        // By place, so that no name of theirs meets one of ours.
        let names = columns.indices.map { "c\($0 + 1)" }
        let types = names.map { "\(literal($0)): 'VARCHAR'" }.joined(separator: ", ")
        let values = zip(names, columns).map { name, column in value(name, effectiveType(column, in: table)) }
        return (
            values,
            """
            read_csv(
                [
            \(files.indented(8))
                ],
                auto_detect = false, header = \(header), delim = \(literal(delimiter)), quote = '"', escape = '"',
                new_line = \(literal(dialect.endsInCRLF ? "\\r\\n" : "\\n")), nullstr = \(literal(null)), allow_quoted_nulls = false,
                max_line_size = 67108864, columns = {\(types)},
                filename = '\(Self.file)', hive_partitioning = false
            )
            """
        )
    }

    /// Rows as lines, since DuckDB's JSON reader rounds numbers that are longer than a double.
    ///
    /// Columns that need none of that are read from the line as it is (`v`); the others from one in which every number is
    /// a string (`m`, see ``MarkedJSON``), which is made for the rows only that have such a key.
    private func ndjson(
        _ columns: [PlannedColumn], _ table: LoadTable, _ dialect: FileDialect, _ files: String
    ) -> (values: [String], source: String) {
        let exact = columns.filter { Digits.matter($0, in: dialect) }
        let plain = columns.filter { !Digits.matter($0, in: dialect) }
        let values = columns.map { column -> String in
            let type = effectiveType(column, in: table)
            guard exact.contains(column) else { return value("v.\(identifier(column.name))", type) }
            let field = "m.\(identifier(column.name + MarkedJSON.mark))"
            return value(text(field, column), type)
        }
        var parsed = ["from_json(line, \(structure(plain.map { ($0.name, "VARCHAR") }))) AS v"]
        if !exact.isEmpty {
            let fields = exact.map { ($0.name + MarkedJSON.mark, $0.type == .json ? "JSON" : "VARCHAR") }
            let keys = exact.map { "contains(line, \(literal(SQLText.json($0.name) + ":")))" }
            let marked =
                "regexp_replace(line, \(literal(MarkedJSON.pattern)), \(literal(MarkedJSON.replacement)), 'g')"
            parsed.append(
                "CASE WHEN \(keys.joined(separator: " OR "))\n    THEN from_json(\(marked),\n        "
                    + "\(structure(fields))) END AS m")
        }
        return (
            values,
            """
            (
                SELECT
            \(parsed.joined(separator: ",\n").indented(8)),
                    \(Self.file)
                FROM (
                    SELECT CAST(json AS VARCHAR) AS line, filename AS \(Self.file)
                    FROM read_ndjson_objects(
                        [
            \(files.indented(16))
                        ],
                        filename = true, hive_partitioning = false
                    )
                )
            )
            """
        )
    }

    private func structure(_ fields: [(name: String, type: String)]) -> String {
        // It may not be empty.
        let fields = fields.isEmpty ? [(name: "", type: "VARCHAR")] : fields
        return literal("{\(fields.map { "\(SQLText.json($0.name)):\"\($0.type)\"" }.joined(separator: ","))}")
    }

    /// The text of a marked value.
    private func text(_ field: String, _ column: PlannedColumn) -> String {
        let restored = "replace(regexp_replace(\(field), \(literal(MarkedJSON.number)), '\\1', 'g'), '#\"', '\"')"
        switch MarkedJSON.Cell(column) {
        case .plain: return "replace(\(field), '#', '')"
        case .string: return "left(\(field), -1)"
        case .any:
            return "CASE WHEN ends_with(\(field), '#') THEN left(\(field), -1) "
                + "WHEN starts_with(\(field), '#') THEN substr(\(field), 2) ELSE \(restored) END"
        case .document: return restored
        }
    }
}
