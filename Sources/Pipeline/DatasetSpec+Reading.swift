extension DatasetSpec {
    init(name: String, reading map: Mapping, defaults: OutputSettings) {
        map.require("key", hint: "add `key: COLUMN`, or a list: what identifies a row")
        let table = map.value("table", Self.table) ?? TableName(name: "")
        let query = map.value("query", Self.query)
        let key = map.texts("key", Parse.name)
        let mode: Mode? = map.value("mode", Parse.choice())
        let cursor = CursorSpec(reading: map.mapping("cursor"))
        let prune = map.optional("prune").map(PruneSpec.init(reading:))
        let initial = Self.initial(map)
        let columns = map.entries("columns", short: "name")
        let flatten = map.entries("flatten", short: "column")
        let privacy = PrivacySpec(reading: map)
        let rename = Self.rename(map)
        let split = SplitSpec.read(from: map)
        let partitions = map.entries("partition_by", short: "column")
        let filter = map.value("where", Self.condition)
        let settings = defaults.overridden(by: map)
        self.init(
            name: name, table: table, query: query, key: key?.map(\.value) ?? [], mode: mode ?? .incremental,
            cursor: cursor, prune: prune, initial: initial ?? .all, columns: columns?.map(ColumnSpec.init(reading:)),
            flatten: flatten?.map(FlattenSpec.init(reading:)) ?? [], privacy: privacy, rename: rename,
            schema: settings.schema, split: split, sample: settings.sample,
            partitionBy: partitions?.map(PartitionSpec.init(reading:)) ?? [], format: settings.formatSpec,
            specialValues: settings.specialValues, compression: settings.compression, chunk: settings.chunk,
            timestampZone: settings.timestampZone, filter: filter)
        checkOrigin(map)
        check(map, key: key, columns: columns, flatten: flatten ?? [], partitions ?? [])
        checkPrivacy(map)
        map.finish()
    }

    private static func table(_ text: String) throws(InvalidValue) -> TableName { try TableName(parsing: text) }

    private static func query(_ text: String) throws(InvalidValue) -> String {
        let hint = "write one SELECT without a semicolon at its end"
        let trimmed = String(text.reversed().drop { $0.isWhitespace }.reversed())
        guard !trimmed.isEmpty, !trimmed.contains("\0") else { throw InvalidValue(hint: hint) }
        guard trimmed.last != ";" else { throw InvalidValue("it ends in a semicolon", hint: hint) }
        return trimmed
    }

    /// `all`, `none`, or a mapping with `from`.
    private static func initial(_ map: Mapping) -> InitialSpec? {
        guard map.isMapping("initial") else {
            return map.value("initial") { text throws(InvalidValue) in
                switch text {
                case "all": return .all
                case "none": return InitialSpec.none
                default: throw InvalidValue(hint: "write all, none or {from: 2026-01-01}")
                }
            }
        }
        let own = map.mapping("initial")
        own.require("from", hint: "write the day of the first rows, as in {from: 2026-01-01}")
        let column = own.value("column", Parse.name)
        let from = own.value("from", Parse.moment)
        own.finish()
        return from.map { .from(column: column, from: $0) }
    }

    /// The names that columns get.
    private static func rename(_ map: Mapping) -> [FieldPath: String] {
        let named = map.mapping("rename", kind: "a mapping of columns and places to names")
        var names: [FieldPath: String] = [:]
        for entry in named.entries {
            do throws(InvalidValue) {
                let path = try FieldPath.single(entry.name)
                names[path] = named.value(entry.name, ColumnSpec.checkedName)
            } catch {
                map.document.report(
                    "'rename' cannot speak of '\(entry.name)'" + (error.reason.map { ": \($0)" } ?? ""),
                    at: entry.place,
                    hint: error.hint)
            }
        }
        return names
    }

    /// What is hashed or masked must not stand in a path, and what is left out cannot be split by.
    private func checkPrivacy(_ map: Mapping) {
        func report(_ column: String, _ setting: String) {
            guard let action = privacy.action(on: column) else { return }
            if action == .exclude, setting == "partition_by" { return }
            let how = action == .exclude ? "left out" : action == .hash ? "hashed" : "masked"
            map.document.report(
                "'\(setting)' puts values into paths of a column that is \(how)", at: map.place(of: setting),
                hint: "divide by another column")
        }
        for part in partitionBy { report(part.column, "partition_by") }
        if let split { report(split.column, "split_by") }
        let hidden = (privacy.hash + privacy.mask.map(\.path)).filter(\.steps.isEmpty)
        if hidden.contains(where: { path in flatten.contains { $0.column == path.column } }) {
            map.document.report(
                "a column is flattened, and hashed or masked as a whole", at: map.place(of: "flatten"),
                hint: "name the places in it, as in payload.user.email")
        }
    }

    /// What belongs together of table, query, mode and cursor.
    private func checkOrigin(_ map: Mapping) {
        let document = map.document
        func report(_ message: String, _ key: String, hint: String) {
            document.report(message, at: map.place(of: key), hint: hint)
        }
        if !map.has("table"), !map.has("query") {
            map.require("table", hint: "add `table: SCHEMA.TABLE`, or `query: SELECT …`")
        }
        if map.has("table"), map.has("query") {
            report("'table' and 'query' are both set", "query", hint: "remove one of them")
        }
        if query != nil, mode == .incremental, cursor.mode == .transaction {
            report(
                "the rows of a query carry no transaction to go by", "query",
                hint: "add `cursor: {mode: column, column: NAME}`, or `mode: snapshot`")
        }
        for (key, isSet) in [
            ("cursor", map.has("cursor")), ("prune", prune != nil), ("initial", map.has("initial")),
        ] where isSet && mode == .snapshot {
            report("a snapshot has no '\(key)'", key, hint: "remove it: a snapshot is all rows, each time")
        }
        if mode == .snapshot, let query, [":low", ":high"].contains(where: query.contains) {
            report("a snapshot has no window, so no :low and :high", "query", hint: "remove them from the query")
        }
        if cursor.mode == .column, prune != nil {
            report(
                "'prune' does nothing beside a cursor that goes by a column", "prune",
                hint: "remove it: only the window's rows are asked for anyway")
        }
        if cursor.mode == .column, initial == .none {
            report(
                "`initial: none` is for tables that go by transactions", "initial",
                hint: "write `initial: {from: …}` with the moment to begin at")
        }
    }

    private static func condition(_ text: String) throws(InvalidValue) -> String {
        guard text.contains(where: { !$0.isWhitespace }), !text.contains("\0") else {
            throw InvalidValue(hint: "write an SQL condition, such as \"event_type <> 'test'\", or remove the line")
        }
        return text
    }

    /// Checks what holds between settings.
    private func check(
        _ map: Mapping, key: [Text]?, columns: [Mapping]?, flatten: [Mapping], _ partitions: [Mapping]
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
        let isCSV = if case .csv = format { true } else { false }
        for key in isCSV ? ["nulls", "bigint_as_string"] : ["csv"] where map.has(key) {
            let (own, other) = isCSV ? ("csv", "ndjson") : ("ndjson", "csv")
            document.report(
                "'\(key)' is set, but the format is \(own)", at: map.place(of: key),
                hint: "write `format: \(other)`, or remove '\(key)'")
        }
        if let own = self.columns, !own.contains(where: \.isAll), !privacy.exclude.isEmpty,
            privacy.exclude.allSatisfy(\.steps.isEmpty)
        {
            document.report(
                "'exclude' does nothing beside 'columns'", at: map.place(of: "exclude"),
                hint: "remove 'exclude': columns that are not listed are left out anyway")
        }
        checkFlatten(map, flatten.texts("column"))
        map.reportRepeated(columns?.texts("name") ?? [], in: "columns", ignoringCase: true)
        checkPartitions(map, partitions)
    }

    private func checkFlatten(_ map: Mapping, _ flatten: [Text]) {
        map.reportRepeated(flatten, in: "flatten")
        let excluded = Set(excluded)
        for column in flatten where excluded.contains(column.value) {
            map.document.report(
                "'\(column.shown)' is both flattened and excluded", at: map.place(of: "exclude"),
                hint: "remove it from 'exclude' (its JSON is not exported beside its keys anyway), or from 'flatten'")
        }
    }

    /// Checks the names of partition parts: against each other, and against the columns that are known without the
    /// table.
    private func checkPartitions(_ map: Mapping, _ parts: [Mapping]) {
        let gone = Set(excluded + flatten.map(\.column))
        let all = (key + partitionBy.map(\.column)).filter { !gone.contains($0) }
        let known = columns.map { $0.contains(where: \.isAll) ? $0.map(\.name) + all : $0.map(\.name) } ?? all
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
            let isSame =
                columns?.allSatisfy {
                    $0.name != part.name || $0.sql == nil && $0.from == FieldPath(column: part.column)
                } ?? true
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
