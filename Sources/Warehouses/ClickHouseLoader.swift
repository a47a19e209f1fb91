import Foundation
import Lake
import Records

/// `INSERT … SELECT` from `file` or `s3`.
///
/// See https://clickhouse.com/docs/sql-reference/table-functions/file, …/table-functions/s3 and
/// https://clickhouse.com/docs/interfaces/formats.
struct ClickHouseLoader: Loader {
    let warehouse = Warehouse.clickhouse
    let schemes = ["file:", "s3://", "gs://", "https://", "http://"]
    let longestName = 1_000

    func identifier(_ name: String) -> String {
        "`\(SQLText.backslashed(name).dropFirst().dropLast().replacingOccurrences(of: "`", with: "\\`"))`"
    }
    func literal(_ text: String) -> String { SQLText.backslashed(text) }

    let tableOptions = "\nENGINE = MergeTree\nORDER BY tuple()"

    func type(_ type: ColumnType) -> String { "Nullable(\(bareType(type)))" }

    private func bareType(_ type: ColumnType) -> String {
        switch type {
        // The JSON type would make doubles of long numbers.
        case .string, .number, .json, .bytes: "String"
        case .int64: "Int64"
        case .decimal(let precision, let scale): precision <= 76 ? "Decimal(\(precision), \(scale))" : "String"
        case .double: "Float64"
        case .bool: "Bool"
        case .timestamp: "DateTime64(6, 'UTC')"
        case .date: "Date32"
        case .uuid: "UUID"
        }
    }

    private func value(_ text: String, _ type: ColumnType) -> String {
        switch type {
        case .bytes: "unhex(substring(\(text), 3))"
        // Without the Z, for which a cast would need a setting; the type says that it is UTC.
        case .timestamp: "CAST(substring(\(text), 1, 26), \(literal(self.type(type))))"
        default: bareType(type) == "String" ? text : "CAST(\(text), \(literal(self.type(type))))"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        var notes = Digits.note(table, type: "String", cast: "toDecimal256(…, 9) where that is enough")
        if table.columns.contains(where: { $0.type == .timestamp || $0.type == .date }) {
            notes.append(
                "Older releases of ClickHouse hold years from 1900 to 2299 only; with other years in the data, use String there."
            )
        }
        return notes + ["The order is yours to choose: ORDER BY (…) in place of tuple()."]
    }

    func preamble(of script: LoadScript) -> [String] {
        [
            script.comment([
                script.isLocal
                    ? "clickhouse-local and chDB read any path; a server reads below its user_files_path only."
                    : "The store's key is the server's own (use_environment_credentials), or a named collection's: s3(NAME, …)."
            ])
        ]
    }

    func changes(of table: NamedTable) -> [String] {
        additions(table).map { "ALTER TABLE \(table.name) ADD COLUMN IF NOT EXISTS \($0);" }
            + widened(table).map { "ALTER TABLE \(table.name) MODIFY COLUMN \($0.name) \($0.type);" }
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        let place = script.address("")
        if let sign = place.first(where: "*?{},".contains) {
            throw refuse(
                table.table, "the lake's path \(place) has a '\(sign)', which ClickHouse takes for a pattern",
                "Move the lake, or reach it by a link with another name, and give that with --location.")
        }
        let groups = try LoadGroup.groups(of: table.table, most: 200, byFolder: false)
        return Loaded(statements: groups.map { statement(table, $0, script) })
    }

    private func statement(_ table: NamedTable, _ group: LoadGroup, _ script: LoadScript) -> String {
        let columns = Array(table.table.columns.prefix(group.columns))
        let source =
            switch group.dialect.format {
            case .csv(let header, let delimiter, let null): csv(columns, table.table, header, delimiter, null)
            case .ndjson: ndjson(columns, table.table)
            }
        let paths = table.table.partitions.map { part in
            let folder = "extract(_path, \(literal(PartitionPath.pattern(part.name))))"
            let value = "nullIf(nullIf(\(folder), ''), \(literal(PartitionPath.null)))"
            return part.isDay ? self.value(value, .date) : "decodeURLComponent(\(value))"
        }
        let settings = ["use_hive_partitioning = 0", "precise_float_parsing = 1"] + source.settings
        var reader = function(group, script, source)
        if let row = source.row {
            reader = "(\n    SELECT \(row) AS r, _path\n    FROM \(reader.indented(4).dropFirst(4))\n)"
        }
        return """
            INSERT INTO \(table.name) (\(table.targets(group, self)))
            SELECT
            \(SQLText.list(source.values + paths, indent: 4))
            FROM \(reader)
            SETTINGS \(settings.joined(separator: ", "));
            """
    }

    /// The table function; a list in braces is no pattern, but names each file.
    private func function(_ group: LoadGroup, _ script: LoadScript, _ source: Source) -> String {
        // A key's percent signs are its own, but in an address they begin a code.
        let keys = group.files.map { script.isLocal ? $0.key : $0.key.replacingOccurrences(of: "%", with: "%25") }
        let lines = ([script.address("{")] + keys.dropLast().map { $0 + "," } + [keys[keys.count - 1] + "}"]).map(
            literal)
        let codec = group.dialect.codec == .zstd ? "zst" : group.dialect.codec == .gzip ? "gz" : "none"
        return """
            \(script.isLocal ? "file" : "s3")(
                concat(
            \(lines.joined(separator: ",\n").indented(8))
                ),
                \(literal(source.format)),
                \(literal(source.structure)),
                '\(codec)'
            )
            """
    }

    /// How a group's files are read.
    private struct Source {
        var values: [String]
        var format: String
        var structure: String
        var settings: [String] = []
        /// What makes a row `r` of a line; nil where the format has columns of its own.
        var row: String?
    }

    private func csv(
        _ columns: [PlannedColumn], _ table: LoadTable, _ header: Bool, _ delimiter: String, _ null: String
    ) -> Source {
        let names = columns.indices.map { "c\($0 + 1)" }
        return Source(
            values: zip(names, columns).map { value($0, effectiveType($1, in: table)) },
            format: header ? "CSVWithNames" : "CSV",
            structure: names.map { "\($0) Nullable(String)" }.joined(separator: ", "),
            settings: [
                "format_csv_null_representation = \(literal(null))", "input_format_csv_empty_as_default = 1",
                "input_format_csv_trim_whitespaces = 0", "format_csv_allow_single_quotes = 0",
                "format_csv_delimiter = \(literal(delimiter))", "input_format_with_names_use_header = 0",
            ])
    }

    /// Its JSON reader leaves digits as they are and gives a document's own text; only a document that is a string would
    /// lose its quotes. So lines are read as such (see ``MarkedJSON``) where there may be one; `_extra` is always an object.
    private func ndjson(_ columns: [PlannedColumn], _ table: LoadTable) -> Source {
        guard columns.contains(where: { $0.type == .json && !$0.isExtra }) else {
            return Source(
                values: columns.map { value(identifier($0.name), effectiveType($0, in: table)) }, format: "JSONEachRow",
                structure: columns.map { "\(identifier($0.name)) Nullable(String)" }.joined(separator: ", "),
                settings: [
                    "input_format_json_read_numbers_as_strings = 1", "input_format_json_read_bools_as_strings = 1",
                    "input_format_json_read_objects_as_strings = 1", "input_format_json_read_arrays_as_strings = 1",
                ])
        }
        let fields = columns.map { "\(identifier($0.name + MarkedJSON.mark)) Nullable(String)" }
        let marked = "replaceRegexpAll(line, \(literal(MarkedJSON.pattern)), \(literal(MarkedJSON.replacement)))"
        let values = columns.enumerated().map { index, column in
            value(text("tupleElement(r, \(index + 1))", column), effectiveType(column, in: table))
        }
        return Source(
            values: values, format: "LineAsString", structure: "line String",
            row: "JSONExtract(\(marked), \(literal("Tuple(\(fields.joined(separator: ", ")))")))")
    }

    /// The text of a marked value.
    private func text(_ field: String, _ column: PlannedColumn) -> String {
        let string = "substring(\(field), 1, length(\(field)) - 1)"
        let restored =
            "replaceAll(replaceRegexpAll(\(field), \(literal(MarkedJSON.number)), \(literal("\\1"))), '#\"', '\"')"
        func choice(_ string: String) -> String {
            "multiIf(endsWith(\(field), '#'), \(string), startsWith(\(field), '#'), substring(\(field), 2), \(restored))"
        }
        switch MarkedJSON.Cell(column) {
        case .plain: return "replaceAll(\(field), '#', '')"
        case .string: return string
        case .any: return choice(string)
        // Of a document that is a string, the field is the string.
        case .document: return choice("toJSONString(\(string))")
        }
    }
}
