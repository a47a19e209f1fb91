import Lake
import Records

/// `\copy … FROM PROGRAM` into temporary tables, then `INSERT … SELECT`: a script for psql.
///
/// See https://www.postgresql.org/docs/current/sql-copy.html and https://www.postgresql.org/docs/current/functions-json.html.
struct PostgresLoader: Loader {
    let warehouse = Warehouse.postgres
    let schemes = ["file:", "s3://", "gs://"]
    let longestName = 63

    func identifier(_ name: String) -> String { SQLText.quoted(name) }
    func literal(_ text: String) -> String { SQLText.standard(text) }

    func type(_ type: ColumnType) -> String {
        switch type {
        case .string: "text"
        case .int64: "bigint"
        case .number: "numeric"
        case .decimal(let precision, let scale): "numeric(\(precision), \(scale))"
        case .double: "double precision"
        case .bool: "boolean"
        case .timestamp: "timestamptz"
        case .date: "date"
        case .uuid: "uuid"
        // Not jsonb: it drops repeated keys and their order.
        case .json: "json"
        case .bytes: "bytea"
        }
    }

    func notes(of table: LoadTable) -> [String] { [] }

    func preamble(of script: LoadScript) -> [String] {
        [
            script.comment([
                "For psql: it reads the files itself with \\copy, with the programs that the lines name. All is one "
                    + "transaction, and each group of files is counted before its rows are taken."
            ]), "\\set ON_ERROR_STOP on", "BEGIN;",
        ]
    }

    func ending(of script: LoadScript) -> [String] { ["COMMIT;"] }

    func changes(of table: NamedTable) -> [String] {
        additions(table).map { "ALTER TABLE \(table.name) ADD COLUMN IF NOT EXISTS \($0);" }
            + widened(table).map {
                "ALTER TABLE \(table.name) ALTER COLUMN \($0.name) TYPE \($0.type) USING \($0.name)::\($0.type);"
            }
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        // One value of each folder for all rows that are staged.
        let groups = try LoadGroup.groups(of: table.table, most: 1_000, byFolder: true)
        return Loaded(
            statements: groups.enumerated().map { index, group in
                statement(table, group, script, stage: "tidemark_\(table.bareName.prefix(40))_\(index + 1)")
            })
    }

    private func statement(_ table: NamedTable, _ group: LoadGroup, _ script: LoadScript, stage: String) -> String {
        let columns = Array(zip(table.columns, table.table.columns).prefix(group.columns))
        let stage = identifier(stage)
        let options: String
        let content: String
        let copied: String
        var values: [String]
        var source = stage
        switch group.dialect.format {
        case .ndjson:
            content = "line text"
            copied = "line"
            // Control characters never stand in JSON, so each line is one field.
            options = "FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', ENCODING 'UTF8'"
            // A name that PostgreSQL would cut is no key of the line; such values are taken one by one.
            let whole = columns.filter { $0.0 == $0.1.name }
            values = columns.map { name, column in
                name == column.name ? "r.\(identifier(name))" : single(column)
            }
            if !whole.isEmpty {
                let record = whole.map { "\(identifier($0.0)) \(type($0.1.type))" }.joined(separator: ", ")
                source += ", json_to_record(line::json) AS r (\(record))"
            }
        case .csv(let header, let delimiter, let null):
            // A line end in a column's name would end the \copy.
            let names = columns.indices.map { "c\($0 + 1)" }
            content = zip(names, columns).map { "\($0) \(type($1.1.type))" }.joined(separator: ", ")
            copied = names.joined(separator: ", ")
            options =
                "FORMAT csv, HEADER \(header), DELIMITER \(literal(delimiter)), NULL \(literal(null)), ENCODING 'UTF8'"
            values = names
        }
        values += table.table.partitions.map { part in
            let value = group.folders.last { $0.name == part.name }?.value
            return value.map { literal($0) + "::\(type(part))" } ?? "NULL"
        }
        let rows = group.files.reduce(0) { $0 + $1.rows }
        let copies = group.files.map { file in
            "\\copy \(stage) (\(copied)) FROM PROGRAM \(literal(program(script.address(file.key), group.dialect.codec))) WITH (\(options))"
        }
        return """
            CREATE TEMPORARY TABLE \(stage) (\(content));
            \(copies.joined(separator: "\n"))
            DO $$ BEGIN
                IF (SELECT count(*) FROM \(stage)) <> \(rows) THEN RAISE 'the files have other rows than the log says'; END IF;
            END $$;
            INSERT INTO \(table.name) (\(table.targets(group, self)))
            SELECT \(values.joined(separator: ", "))
            FROM \(source);
            DROP TABLE \(stage);
            """
    }

    private func single(_ column: PlannedColumn) -> String {
        let key = literal(column.name)
        guard column.type == .json else { return "(line::json ->> \(key))::\(type(column.type))" }
        return "CASE WHEN json_typeof(line::json -> \(key)) <> 'null' THEN line::json -> \(key) END"
    }

    /// What writes a file's text: a command for the shell.
    private func program(_ address: String, _ codec: FileDialect.Codec) -> String {
        let path = "'\(address.replacingOccurrences(of: "'", with: "'\\''"))'"
        let unpack =
            switch codec {
            case .zstd: "zstd -dcq"
            case .gzip: "gzip -dc"
            case .none: "cat"
            }
        if address.hasPrefix("s3://") { return "aws s3 cp --quiet \(path) - | \(unpack)" }
        if address.hasPrefix("gs://") { return "gcloud storage cat \(path) | \(unpack)" }
        return "\(unpack) < \(path)"
    }
}
