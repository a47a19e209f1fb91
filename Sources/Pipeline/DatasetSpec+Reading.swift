extension DatasetSpec {
    init(name: String, reading map: Mapping, defaults: OutputSettings) {
        map.require("table", hint: "add `table: SCHEMA.TABLE`")
        map.require("key", hint: "add `key: COLUMN`, or a list: what identifies a row")
        let table = map.value("table", Self.table) ?? TableName(name: "")
        let key = map.texts("key", Parse.name)
        let mode: Mode? = map.value("mode", Parse.choice(notYet: ["snapshot"]))
        let columns = map.entries("columns", short: "name")
        let flatten = map.entries("flatten", short: "column")
        let exclude = map.texts("exclude", Parse.name)
        let partitions = map.entries("partition_by", short: "column")
        let filter = map.value("where", Self.condition)
        let settings = defaults.overridden(by: map)
        self.init(
            name: name, table: table, key: key?.map(\.value) ?? [], mode: mode ?? .incremental,
            columns: columns?.map(ColumnSpec.init(reading:)),
            flatten: flatten?.map(FlattenSpec.init(reading:)) ?? [], exclude: exclude?.map(\.value) ?? [],
            sample: settings.sample, partitionBy: partitions?.map(PartitionSpec.init(reading:)) ?? [],
            format: settings.formatSpec, compression: settings.compression, chunk: settings.chunk,
            timestampZone: settings.timestampZone, filter: filter)
        check(map, key: key, columns: columns, flatten: flatten ?? [], exclude: exclude ?? [], partitions ?? [])
        map.finish()
    }

    private static func table(_ text: String) throws(InvalidValue) -> TableName { try TableName(parsing: text) }

    private static func condition(_ text: String) throws(InvalidValue) -> String {
        guard text.contains(where: { !$0.isWhitespace }), !text.contains("\0") else {
            throw InvalidValue(hint: "write an SQL condition, such as \"event_type <> 'test'\", or remove the line")
        }
        return text
    }

    /// Checks what holds between settings.
    private func check(
        _ map: Mapping, key: [Text]?, columns: [Mapping]?, flatten: [Mapping], exclude: [Text], _ partitions: [Mapping]
    ) {
        let document = map.document
        if map.isEmptyList("key") {
            document.report("'key' is empty", at: map.place(of: "key"), hint: "name what identifies a row")
        }
        if map.isEmptyList("columns") {
            document.report(
                "'columns' is empty", at: map.place(of: "columns"),
                hint: "name at least one, or remove 'columns' to take all of the table's")
        }
        if case .ndjson = format, map.has("csv") {
            document.report(
                "'csv' is set, but the format is ndjson", at: map.place(of: "csv"),
                hint: "add `format: csv`, or remove 'csv'")
        }
        if columns != nil, map.has("exclude") {
            document.report(
                "'exclude' does nothing beside 'columns'", at: map.place(of: "exclude"),
                hint: "remove 'exclude': columns that are not listed are left out anyway")
        }
        checkFlatten(map, flatten.texts("column"), exclude)
        map.reportRepeated(columns?.texts("name") ?? [], in: "columns", ignoringCase: true)
        checkPartitions(map, partitions)
    }

    private func checkFlatten(_ map: Mapping, _ flatten: [Text], _ exclude: [Text]) {
        map.reportRepeated(flatten, in: "flatten")
        for column in exclude where flatten.contains(where: { $0.value == column.value }) {
            map.document.report(
                "'\(column.shown)' is both flattened and excluded", at: column.place,
                hint: "remove it from 'exclude' (its JSON is not exported beside its keys anyway), or from 'flatten'")
        }
    }

    /// Checks the names of partition parts: against each other, and against the columns that are known without the
    /// table.
    private func checkPartitions(_ map: Mapping, _ parts: [Mapping]) {
        let gone = Set(exclude + flatten.map(\.column))
        let known = columns?.map(\.name) ?? (key + partitionBy.map(\.column)).filter { !gone.contains($0) }
        let taken = Set(known.map { $0.lowercased() })
        var names: Set<String> = []
        for (part, entry) in zip(partitionBy, parts) where !part.name.isEmpty && !part.column.isEmpty {
            let setting = entry.has("as") ? "as" : "column"
            let shown = entry.has("as") ? entry.shown("as") : part.by == nil ? entry.shown("column") : nil
            let name = shown ?? "\(entry.shown("column"))_\(part.by?.rawValue ?? "")"
            let place = entry.place(of: setting)
            if !names.insert(part.name.lowercased()).inserted {
                map.document.report(
                    "two parts of 'partition_by' are called '\(name)'", at: place, hint: "name one of them with 'as'")
            }
            // A plain column's part may have the column's name, when the file and the path then say the same.
            let isSame = columns?.allSatisfy { $0.name != part.name || $0.from == [part.column] } ?? true
            let isItself = part.by == nil && part.name == part.column && isSame
            if !isItself, taken.contains(part.name.lowercased()) {
                map.document.report(
                    "'partition_by' makes '\(name)', which is also the name of a column", at: place,
                    hint: "choose another name with 'as'")
            }
        }
    }
}

extension [Mapping] {
    /// One setting's texts.
    fileprivate func texts(_ key: String) -> [Text] { compactMap { $0.text(key) } }
}
