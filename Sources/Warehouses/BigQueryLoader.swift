import Foundation
import Lake
import Records

/// An external table over the files, then `INSERT … SELECT`.
///
/// See https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement,
/// https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions and, for `_FILE_NAME`,
/// https://cloud.google.com/bigquery/docs/query-cloud-storage-data#query_the_file_name_pseudo-column.
struct BigQueryLoader: Loader {
    let warehouse = Warehouse.bigquery
    let schemes = ["gs://"]
    let longestName = 300
    /// A table takes so many addresses.
    private static let mostFiles = 10_000

    func identifier(_ name: String) -> String { "`\(name)`" }
    func literal(_ text: String) -> String { SQLText.backslashed(text) }

    /// Letters, digits and `_`, no digit first, and none of the prefixes that BigQuery keeps for itself.
    func columnName(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            let isPlain = scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            scalars.append(isPlain ? scalar : "_")
        }
        let plain = String(scalars)
        let kept = ["_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER", "_CHANGE_"]
        let needsMore = plain.first.map(\.isNumber) ?? true || kept.contains(where: plain.uppercased().hasPrefix)
        return needsMore ? "c_\(plain)" : plain
    }

    func type(_ type: ColumnType) -> String {
        switch type {
        // The JSON type would round long numbers; JSON_VALUE, JSON_QUERY and PARSE_JSON take text.
        case .string, .number, .uuid, .json: "STRING"
        case .int64: "INT64"
        case .decimal(let precision, let scale):
            if scale <= 9, precision - scale <= 29 {
                "NUMERIC(\(precision), \(scale))"
            } else if scale <= 38, precision - scale <= 38 {
                "BIGNUMERIC(\(precision), \(scale))"
            } else {
                "STRING"
            }
        case .double: "FLOAT64"
        case .bool: "BOOL"
        case .timestamp: "TIMESTAMP"
        case .date: "DATE"
        case .bytes: "BYTES"
        }
    }

    private func value(_ text: String, _ type: ColumnType) -> String {
        switch type {
        case .bytes: return "FROM_HEX(SUBSTR(\(text), 3))"
        default:
            let name = self.type(type)
            return name == "STRING" ? text : "CAST(\(text) AS \(name))"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        var notes = Digits.note(table, type: "STRING", cast: "CAST(… AS BIGNUMERIC) where that is enough")
        if table.columns.contains(where: { $0.type == .json }) {
            notes.append("JSON is kept as text, digit by digit; PARSE_JSON makes a JSON value of it.")
        }
        return notes
    }

    func changes(of table: NamedTable) -> [String] {
        additions(table).map { "ALTER TABLE \(table.name) ADD COLUMN IF NOT EXISTS \($0);" }
            + widenedNotes(table)
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        let groups = try LoadGroup.groups(of: table.table, most: Self.mostFiles, byFolder: false)
        if groups.contains(where: { $0.dialect.codec == .zstd }) {
            throw refuse(
                table.table, "its files are compressed with zstd, which BigQuery does not read in CSV and JSON",
                "Set `compression: {codec: gzip}`, or none, and write the old files anew with `tidemark backfill`.")
        }
        if let column = table.table.columns.first(where: { $0.name.contains { "\"\\".contains($0) } }),
            groups.contains(where: { !$0.dialect.isCSV })
        {
            throw refuse(
                table.table, "the name of its column \(column.name) has a character that a JSONPath cannot",
                "Give the column another name in the pipeline, or write CSV.")
        }
        return Loaded(
            statements: groups.enumerated().map { index, group in
                let stage = NamedTable.qualified(
                    "\(table.bareName)_tidemark_\(index + 1)", schema: script.schema, self)
                return statement(table, group, script, stage: stage)
            })
    }

    private func statement(_ table: NamedTable, _ group: LoadGroup, _ script: LoadScript, stage: String) -> String {
        let columns = Array(table.table.columns.prefix(group.columns))
        let names = columns.indices.map { "c\($0 + 1)" }
        let file = "_FILE_NAME AS file"
        let fields: String
        let inner: String
        let options: String
        let values: [String]
        switch group.dialect.format {
        case .ndjson:
            // Each line is one field: JSON holds neither the delimiter nor, here, any quote that counts.
            fields = "line STRING"
            options = "field_delimiter = '\\x01',\n    quote = ''"
            let marked = "REGEXP_REPLACE(line, \(literal(MarkedJSON.pattern)), \(literal(MarkedJSON.replacement)))"
            let cells = zip(names, columns).map { name, column in
                let path = literal("$.\"\(column.name)\(MarkedJSON.mark)\"")
                return column.type == .json
                    ? "NULLIF(JSON_QUERY(line, \(path)), 'null') AS \(name)" : "JSON_VALUE(line, \(path)) AS \(name)"
            }
            inner = """
                (
                    SELECT
                \(SQLText.list(cells + ["file"], indent: 8))
                    FROM (SELECT \(marked) AS line, \(file) FROM \(stage))
                )
                """
            values = zip(names, columns).map { name, column in
                value(text(name, column), effectiveType(column, in: table.table))
            }
        case .csv(let header, let delimiter, let null):
            fields = names.map { "\($0) STRING" }.joined(separator: ", ")
            options =
                "field_delimiter = \(literal(delimiter)),\n    quote = '\"',\n    allow_quoted_newlines = true,\n    "
                + "skip_leading_rows = \(header ? 1 : 0)"
                + (null.isEmpty ? "" : ",\n    null_marker = \(literal(null))")
            inner = "(SELECT *, \(file) FROM \(stage))"
            values = zip(names, columns).map { value($0, effectiveType($1, in: table.table)) }
        }
        let paths = table.table.partitions.map { path($0, group.files) }
        let addresses = group.files.map { literal(script.address($0.key)) }.joined(separator: ",\n")
        let codec = group.dialect.codec == .gzip ? "    compression = 'GZIP',\n" : ""
        return """
            CREATE OR REPLACE EXTERNAL TABLE \(stage) (\(fields))
            OPTIONS (
                format = 'CSV',
            \(codec)    \(options),
                uris = [
            \(addresses.indented(8))
                ]
            );
            INSERT INTO \(table.name) (\(table.targets(group, self)))
            SELECT
            \(SQLText.list(values + paths, indent: 4))
            FROM \(inner);
            DROP EXTERNAL TABLE \(stage);
            """
    }

    /// The text of a marked value; JSON_VALUE gives none for a document.
    private func text(_ field: String, _ column: PlannedColumn) -> String {
        switch MarkedJSON.Cell(column) {
        case .plain: return "REPLACE(\(field), '#', '')"
        case .string: return "LEFT(\(field), LENGTH(\(field)) - 1)"
        case .any:
            return "CASE WHEN ENDS_WITH(\(field), '#') THEN LEFT(\(field), LENGTH(\(field)) - 1) "
                + "WHEN STARTS_WITH(\(field), '#') THEN SUBSTR(\(field), 2) ELSE \(field) END"
        case .document:
            return "REPLACE(REGEXP_REPLACE(\(field), \(literal(MarkedJSON.number)), \(literal("\\1"))), '#\"', '\"')"
        }
    }

    private func path(_ part: LoadTable.Partition, _ files: [LoadTable.File]) -> String {
        let folder =
            "NULLIF(REGEXP_EXTRACT(file, \(literal(PartitionPath.pattern(part.name)))), \(literal(PartitionPath.null)))"
        return part.isDay ? "CAST(\(folder) AS DATE)" : decoded(folder, part, files)
    }
}
