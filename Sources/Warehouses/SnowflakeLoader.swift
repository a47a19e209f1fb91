import Foundation
import Lake
import Records

/// `COPY INTO … FROM (SELECT …)` from a stage over the lake.
///
/// See https://docs.snowflake.com/en/sql-reference/sql/copy-into-table (data load with transformation) and
/// https://docs.snowflake.com/en/user-guide/data-load-transform.
struct SnowflakeLoader: Loader {
    let warehouse = Warehouse.snowflake
    let schemes = ["s3://", "gcs://", "gs://", "azure://"]
    let longestName = 255
    /// FILES takes so many.
    private static let mostFiles = 1_000

    func identifier(_ name: String) -> String { SQLText.quoted(name) }
    func literal(_ text: String) -> String { SQLText.backslashed(text) }

    func type(_ type: ColumnType) -> String {
        switch type {
        case .string, .number: "VARCHAR"
        case .int64: "NUMBER(19, 0)"
        case .decimal(let precision, let scale): precision <= 38 ? "NUMBER(\(precision), \(min(scale, 37)))" : "VARCHAR"
        case .double: "FLOAT"
        case .bool: "BOOLEAN"
        case .timestamp: "TIMESTAMP_TZ(6)"
        case .date: "DATE"
        case .uuid: "VARCHAR(36)"
        case .json: "VARIANT"
        case .bytes: "BINARY"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        var notes = Digits.note(table, type: "VARCHAR", cast: "TO_DECIMAL(…, 38, 9) where that is enough")
        let dialects = table.versions.compactMap { try? FileDialect($0.output) }
        let hasNumbers = table.columns.contains { column in
            column.type == .json || dialects.contains { Digits.matter(column, in: $0) }
        }
        if hasNumbers, dialects.contains(where: { !$0.isCSV }) {
            notes.append(
                "A JSON number of more than 38 digits is a double to Snowflake; with `bigint_as_string: true`, or as CSV, columns of "
                    + "numbers keep all digits. In VARIANT columns null is JSON's null, which IS_NULL_VALUE finds.")
        }
        return notes
    }

    func preamble(of script: LoadScript) -> [String] {
        let url = script.location.hasPrefix("gs://") ? "gcs://\(script.location.dropFirst(5))" : script.location
        return [
            script.comment(["Put the name of your storage integration in, which may read \(script.location)."]),
            """
            CREATE STAGE IF NOT EXISTS \(stage(script))
                URL = \(literal(url.hasSuffix("/") ? url : url + "/"))
                STORAGE_INTEGRATION = <your storage integration>;
            """,
        ]
    }

    private func stage(_ script: LoadScript) -> String {
        NamedTable.qualified("tidemark_\(script.pipeline)", schema: script.schema, self)
    }

    func changes(of table: NamedTable) -> [String] {
        additions(table).map { "ALTER TABLE \(table.name) ADD COLUMN IF NOT EXISTS \($0);" }
            + widenedNotes(table)
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        let groups = try LoadGroup.groups(of: table.table, most: Self.mostFiles, byFolder: false)
        return Loaded(
            statements: groups.map { group in
                let columns = table.table.columns.prefix(group.columns)
                let values = columns.enumerated().map { index, column in
                    let type = effectiveType(column, in: table.table)
                    return group.dialect.isCSV
                        ? csv("$\(index + 1)", type) : ndjson("$1:\(identifier(column.name))", type)
                }
                let paths = table.table.partitions.map { path($0, group.files) }
                let files = group.files.map { literal($0.key) }.joined(separator: ",\n")
                return """
                    COPY INTO \(table.name) (\(table.targets(group, self)))
                    FROM (
                        SELECT
                    \(SQLText.list(values + paths, indent: 8))
                        FROM @\(stage(script))
                    )
                    FILES = (
                    \(files.indented(4))
                    )
                    FILE_FORMAT = (\(format(group.dialect)))
                    ON_ERROR = ABORT_STATEMENT;
                    """
            })
    }

    private func ndjson(_ field: String, _ type: ColumnType) -> String {
        switch type {
        case .json: field
        case .bytes: "TO_BINARY(SUBSTR(\(field)::VARCHAR, 3), 'HEX')"
        // By way of its text, which is what the file has.
        case .timestamp, .date: "\(field)::VARCHAR::\(self.type(type))"
        default: "\(field)::\(self.type(type))"
        }
    }

    private func csv(_ field: String, _ type: ColumnType) -> String {
        switch type {
        case .json: "PARSE_JSON(\(field))"
        case .bytes: "TO_BINARY(SUBSTR(\(field), 3), 'HEX')"
        default: "\(field)::\(self.type(type))"
        }
    }

    /// A partition's value from the file's name.
    private func path(_ part: LoadTable.Partition, _ files: [LoadTable.File]) -> String {
        let folder =
            "NULLIF(REGEXP_SUBSTR(METADATA$FILENAME, \(literal(PartitionPath.pattern(part.name))), 1, 1, 'e', 1), "
            + "\(literal(PartitionPath.null)))"
        return part.isDay ? "\(folder)::DATE" : decoded(folder, part, files)
    }

    /// The options in the order of the page.
    private func format(_ dialect: FileDialect) -> String {
        let codec = "COMPRESSION = \(dialect.codec.rawValue.uppercased())"
        guard case .csv(let header, let delimiter, let null) = dialect.format else { return "TYPE = JSON \(codec)" }
        let nulls = null.isEmpty ? "NULL_IF = ()" : "NULL_IF = (\(literal(null)))"
        return "TYPE = CSV \(codec) FIELD_DELIMITER = \(literal(delimiter)) SKIP_HEADER = \(header ? 1 : 0)"
            + " ESCAPE_UNENCLOSED_FIELD = NONE TRIM_SPACE = FALSE FIELD_OPTIONALLY_ENCLOSED_BY = '\"' \(nulls)"
            + " EMPTY_FIELD_AS_NULL = \(null.isEmpty ? "TRUE" : "FALSE") ENCODING = 'UTF8'"
    }
}
