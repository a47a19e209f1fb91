import Foundation
import Lake
import Records

/// `COPY` with a manifest for each group of files.
///
/// See https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html, …/copy-parameters-data-format.html,
/// …/copy-parameters-data-load.html and …/loading-data-files-using-manifest.html.
struct RedshiftLoader: Loader {
    let warehouse = Warehouse.redshift
    let schemes = ["s3://"]
    let longestName = 127

    func identifier(_ name: String) -> String { SQLText.quoted(name) }
    func literal(_ text: String) -> String { SQLText.standard(text) }

    func type(_ type: ColumnType) -> String {
        switch type {
        case .string, .number, .bytes: "VARCHAR(65535)"
        case .int64: "BIGINT"
        case .decimal(let precision, let scale):
            precision <= 38 && scale <= 37 ? "DECIMAL(\(precision), \(scale))" : "VARCHAR(65535)"
        case .double: "DOUBLE PRECISION"
        case .bool: "BOOLEAN"
        case .timestamp: "TIMESTAMPTZ"
        case .date: "DATE"
        case .uuid: "VARCHAR(36)"
        case .json: "SUPER"
        }
    }

    func notes(of table: LoadTable) -> [String] {
        var notes = Digits.note(table, type: "VARCHAR", cast: "CAST(… AS DECIMAL(38, 9)) where that is enough")
        if table.columns.contains(where: { $0.type == .bytes }) {
            notes.append("Bytes are kept as hexadecimal text: FROM_HEX(SUBSTRING(…, 3)) makes bytes of it.")
        }
        if table.versions.contains(where: { $0.output.format == "csv" && $0.output.null.isEmpty }) {
            notes.append(
                "In these files NULL is an empty field, which Redshift does not tell from an empty string: both become NULL. With "
                    + "`null: '\\N'` in the dataset's csv settings they stay apart.")
        }
        if table.versions.contains(where: { ($0.output.format == "csv") }), table.versions.count > 1 {
            notes.append(
                "Files of versions with fewer columns have a COPY of their own with those columns: with FILLRECORD the columns that "
                    + "they lack would be empty strings instead of NULL.")
        }
        return notes
    }

    func preamble(of script: LoadScript) -> [String] {
        let place = script.manifests ?? Self.place
        return [
            script.comment([
                "The manifests that the COPYs name are written by --manifests FOLDER. Copy them with the files' region in mind: aws "
                    + "s3 cp --recursive FOLDER \(place). Put the address of your role in, which may read both."
            ]), "BEGIN;",
        ]
    }

    func ending(of script: LoadScript) -> [String] { ["COMMIT;"] }

    private static let place = "s3://<your bucket>/<folder of the manifests>"

    func changes(of table: NamedTable) -> [String] {
        let added = additions(table)
        guard !added.isEmpty else { return widenedNotes(table) }
        return [
            "-- A table that was made for an earlier version needs these; Redshift has no IF NOT EXISTS for columns:"
        ]
            + added.map { SQLText.comment("ALTER TABLE \(table.name) ADD COLUMN \($0);") }
            + widenedNotes(table)
    }

    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded {
        // COPY has no value but those in the files: one of each folder for all rows that are staged.
        let groups = try LoadGroup.groups(of: table.table, most: 100_000, byFolder: true)
        if groups.contains(where: { !$0.dialect.isCSV }),
            let (fitted, column) = zip(table.columns, table.table.columns).first(where: { $0 != $1.name })
        {
            throw refuse(
                table.table,
                "Redshift finds a key of JSON by its column's name, and \(column.name) would have to be \(fitted)",
                "Give the column another name in the pipeline, or write CSV.")
        }
        var loaded = Loaded()
        for (index, group) in groups.enumerated() {
            let manifest = LoadScript.Manifest(
                name: "\(table.bareName)-\(script.through)-\(index + 1).manifest", text: Self.manifest(group, script))
            loaded.manifests.append(manifest)
            loaded.statements.append(statement(table, group, manifest.name, script))
        }
        return loaded
    }

    private func statement(
        _ table: NamedTable, _ group: LoadGroup, _ manifest: String, _ script: LoadScript
    ) -> String {
        let columns = table.columns.prefix(group.columns).map(identifier).joined(separator: ", ")
        let place = script.manifests ?? Self.place
        let stage = identifier("\(table.bareName)_tidemark")
        let isStaged = !table.partitions.isEmpty
        let copy = """
            COPY \(isStaged ? stage : table.name) (\(columns))
            FROM \(literal(place.hasSuffix("/") ? place + manifest : "\(place)/\(manifest)"))
            IAM_ROLE '<the ARN of your role>'
            \(format(group, table));
            """
        guard isStaged else { return copy }
        let values = table.table.partitions.map { part in
            let value = group.folders.last { $0.name == part.name }?.value
            return value.map { "CAST(\(literal($0)) AS \(type(part)))" } ?? "NULL"
        }
        return """
            CREATE TEMP TABLE \(stage) (LIKE \(table.name));
            \(copy)
            INSERT INTO \(table.name) (\(table.targets(group, self)))
            SELECT \(([columns] + values).joined(separator: ", "))
            FROM \(stage);
            DROP TABLE \(stage);
            """
    }

    private func format(_ group: LoadGroup, _ table: NamedTable) -> String {
        var lines: [String]
        switch group.dialect.format {
        case .ndjson:
            // Names are lower case to Redshift; keys are as they are.
            let isLower = table.columns.allSatisfy { $0 == $0.lowercased() }
            lines = ["FORMAT AS JSON '\(isLower ? "auto" : "auto ignorecase")'", "MANIFEST"]
        case .csv(let header, let delimiter, let null):
            lines = ["FORMAT AS CSV DELIMITER AS \(literal(delimiter == "\t" ? "\\t" : delimiter))", "MANIFEST"]
            if header { lines.append("IGNOREHEADER AS 1") }
            lines.append(null.isEmpty ? "EMPTYASNULL" : "NULL AS \(literal(null))")
        }
        if group.dialect.codec != .none { lines.append(group.dialect.codec.rawValue.uppercased()) }
        return (lines + ["DATEFORMAT AS 'auto'", "TIMEFORMAT AS 'auto'"]).joined(separator: "\n")
    }

    private static func manifest(_ group: LoadGroup, _ script: LoadScript) -> String {
        let entries = group.files.map { file in
            "{\"url\": \(SQLText.json(script.address(file.key))), \"mandatory\": true, \"meta\": {\"content_length\": \(file.bytes)}}"
        }
        return "{\"entries\": [\n\(entries.joined(separator: ",\n"))\n]}\n"
    }
}
