extension PipelineSpec {
    /// All settings that shape the output, spelled in one way, with defaults and variables filled in.
    ///
    /// It tells whether an open run still fits the file. The order of datasets does not count, nor do the source, the
    /// destination, timeouts and workers, so it holds no secret of theirs.
    public var canonicalText: String {
        (["settings 1", "pipeline \(Self.quoted(name))"]
            + datasets.sorted { $0.name < $1.name }.flatMap(\.canonicalLines)).joined(separator: "\n") + "\n"
    }

    /// A text in double quotes, with what could be mistaken for the quotes' end or a line's end escaped.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension DatasetSpec {
    fileprivate var canonicalLines: [String] {
        let quoted = PipelineSpec.quoted
        func list(_ texts: [String]) -> String { texts.map(quoted).joined(separator: " ") }
        var lines = [
            "dataset \(quoted(name))",
            query.map { " query \(quoted($0))" } ?? " table \(list([table.schema, table.name].compactMap { $0 }))",
            " key \(list(key))",
            " mode \(mode.rawValue)",
        ]
        if cursor.mode == .column {
            lines.append(" cursor \(quoted(cursor.column ?? "")) settle \(cursor.settle.milliseconds)")
        }
        if let prune {
            lines.append(
                " prune \(quoted(prune.column)) lookback \(prune.lookback.milliseconds) client_time \(prune.clientTime)"
            )
        }
        switch initial {
        case .all: break
        case .none: lines.append(" initial none")
        case .from(let column, let from): lines.append(" initial \(quoted(column ?? "")) from \(from)")
        }
        lines += (columns ?? []).map {
            """
             column \(quoted($0.name)) \($0.type?.description ?? "as-found") \
            \($0.sql.map { "sql \(quoted($0))" } ?? "from \(quoted("\($0.from)"))")
            """
        }
        lines += flatten.map {
            """
             flatten \(quoted($0.column)) prefix \(quoted($0.prefix)) separator \(quoted($0.separator)) \
            depth \($0.depth) arrays \($0.arrays.rawValue)
            """
        }
        for flatten in flatten {
            switch flatten.jsonSchema {
            case .file(let file): lines.append(" json_schema of \(quoted(flatten.column)) file \(quoted(file))")
            case .sql(let sql): lines.append(" json_schema of \(quoted(flatten.column)) sql \(quoted(sql))")
            case nil: break
            }
        }
        lines += privacy.exclude.map { " exclude \(quoted("\($0)"))" }.sorted()
        lines += privacy.hash.map { " hash \(quoted("\($0)"))" }.sorted()
        lines += privacy.mask.map { " mask \(quoted("\($0.path)")) keep \($0.keep)" }.sorted()
        lines += rename.map { " rename \(quoted("\($0.key)")) to \(quoted($0.value))" }.sorted()
        lines.append(" schema \(schema.mode.rawValue) columns \(schema.maxColumns) count \(schema.minCount)")
        if let split { lines.append(" split \(quoted(split.column)) datasets \(split.maxDatasets)") }
        lines.append(" sample \(sample)")
        lines += partitionBy.map {
            " partition \(quoted($0.column)) by \($0.by?.rawValue ?? "value") as \(quoted($0.name))"
        }
        switch format {
        case .json(let json):
            lines.append(" format ndjson nulls \(json.nulls.rawValue) bigint_as_string \(json.bigintAsString)")
        case .csv(let csv):
            lines.append(
                """
                 format csv header \(csv.header) delimiter \(quoted(csv.delimiter)) null \(quoted(csv.null)) \
                quote \(csv.quote.rawValue) line_end \(csv.lineEnd.rawValue)
                """)
        }
        lines.append(" special_values \(specialValues.rawValue)")
        lines.append(
            " compression \(compression.codec.rawValue)\(compression.codec == .none ? "" : " \(compression.level)")")
        lines.append(" chunk \(chunk.targetSize) rows \(chunk.rows.map(String.init) ?? "any")")
        lines.append(" timestamp_zone \(quoted(timestampZone))")
        if let filter { lines.append(" where \(quoted(filter))") }
        return lines
    }
}
