import Foundation
import Lake
import Records

/// A temporary view over the files, then `INSERT … SELECT`.
///
/// See https://spark.apache.org/docs/latest/sql-data-sources-json.html, …/sql-data-sources-csv.html,
/// …/sql-ref-syntax-ddl-create-table-datasource.html and …/sql-ref-syntax-dml-insert-table.html.
struct SparkLoader: Loader {
    let warehouse = Warehouse.spark
    let schemes = ["file:", "s3://", "s3a://", "gs://", "abfss://", "hdfs://"]
    let longestName = 255

    func identifier(_ name: String) -> String { "`\(name.replacingOccurrences(of: "`", with: "``"))`" }
    func literal(_ text: String) -> String { SQLText.backslashed(text) }

    let tableOptions = "\nUSING parquet"

    func type(_ type: ColumnType) -> String {
        switch type {
        case .string, .number, .uuid, .json: "STRING"
        case .int64: "BIGINT"
        case .decimal(let precision, let scale): precision <= 38 ? "DECIMAL(\(precision), \(scale))" : "STRING"
        case .double: "DOUBLE"
        case .bool: "BOOLEAN"
        case .timestamp: "TIMESTAMP"
        case .date: "DATE"
        case .bytes: "BINARY"
        }
    }

    private func value(_ text: String, _ type: ColumnType) -> String {
        switch type {
        case .bytes: return "unhex(substring(\(text), 3))"
        default:
            let name = self.type(type)
            return name == "STRING" ? text : "CAST(\(text) AS \(name))"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        var notes = Digits.note(table, type: "STRING", cast: "CAST(… AS DECIMAL(38, 9)) where that is enough")
        let dialects = table.versions.compactMap { try? FileDialect($0.output) }
        let hasNumbers = table.columns.contains { column in dialects.contains { Digits.matter(column, in: $0) } }
        if hasNumbers, dialects.contains(where: { !$0.isCSV }) {
            notes.append(
                "Spark before 4.0 makes doubles of JSON numbers with a point on their way into text (from 4.0 on, "
                    + "spark.sql.json.enableExactStringParsing is on); with `bigint_as_string: true`, or as CSV, columns of numbers keep "
                    + "all digits everywhere.")
        }
        if dialects.contains(where: { $0.codec == .zstd }) {
            notes.append(
                "Spark reads zstd in text files with Hadoop's native library only (hadoop checknative); gzip needs none."
            )
        }
        return notes + ["The format is yours to choose: USING delta or iceberg in place of parquet."]
    }

    func changes(of table: NamedTable) -> [String] {
        let added = additions(table)
        guard !added.isEmpty else { return widenedNotes(table) }
        return ["-- A table that was made for an earlier version needs this; Spark has no IF NOT EXISTS for columns:"]
            + [SQLText.comment("ALTER TABLE \(table.name) ADD COLUMNS (\(added.joined(separator: ", ")));")]
            + widenedNotes(table)
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        let place = address("", script)
        if let sign = place.first(where: "*?[]{},\\".contains) {
            throw refuse(
                table.table, "the lake's path \(place) has a '\(sign)', which Spark takes for a pattern",
                "Move the lake, or reach it by a link with another name, and give that with --location.")
        }
        let groups = try LoadGroup.groups(of: table.table, most: 500, byFolder: false)
        return Loaded(
            statements: groups.enumerated().map { index, group in
                let view = identifier("\(table.bareName)_tidemark_\(index + 1)")
                let columns = table.table.columns.prefix(group.columns)
                let names = columns.enumerated().map { group.dialect.isCSV ? "c\($0 + 1)" : identifier($1.name) }
                let values = zip(names, columns).map { value($0, effectiveType($1, in: table.table)) }
                let paths = table.table.partitions.map { part in
                    // The name comes as an address does, percent-encoded once more.
                    let folder =
                        "regexp_extract(url_decode(input_file_name()), \(literal(PartitionPath.pattern(part.name))), 1)"
                    let value = "nullif(nullif(\(folder), ''), \(literal(PartitionPath.null)))"
                    return part.isDay ? "CAST(\(value) AS DATE)" : "url_decode(\(value))"
                }
                // A list in braces is no pattern, but names each file.
                let list = group.files.map(\.key).joined(separator: ",")
                let path = group.files.count == 1 ? address(list, script) : address("{\(list)}", script)
                return """
                    CREATE OR REPLACE TEMPORARY VIEW \(view) (\(names.map { "\($0) STRING" }.joined(separator: ", ")))
                    USING \(group.dialect.isCSV ? "csv" : "json")
                    OPTIONS (
                        'path' = \(literal(path)),
                    \(options(group.dialect).indented(4))
                    );
                    INSERT INTO \(table.name) (\(table.targets(group, self)))
                    SELECT
                    \(SQLText.list(values + paths, indent: 4))
                    FROM \(view);
                    DROP VIEW \(view);
                    """
            })
    }

    private func address(_ key: String, _ script: LoadScript) -> String {
        let address = script.address(key)
        if script.isLocal { return "file:\(address)" }
        // Hadoop's own name for S3.
        return address.hasPrefix("s3://") ? "s3a://\(address.dropFirst(5))" : address
    }

    private func options(_ dialect: FileDialect) -> String {
        guard case .csv(let header, let delimiter, let null) = dialect.format else { return "'mode' = 'FAILFAST'" }
        return [
            "'sep' = \(literal(delimiter))", "'quote' = '\"'", "'escape' = '\"'", "'header' = '\(header)'",
            "'nullValue' = \(literal(null))", "'emptyValue' = ''", "'multiLine' = 'true'", "'mode' = 'FAILFAST'",
        ].joined(separator: ",\n")
    }
}
