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
            " column \(quoted($0.name)) \($0.type?.description ?? "as-found") from \(list($0.from))"
        }
        lines += flatten.map {
            """
             flatten \(quoted($0.column)) prefix \(quoted($0.prefix)) separator \(quoted($0.separator)) \
            depth \($0.depth) arrays \($0.arrays.rawValue)
            """
        }
        lines += exclude.sorted().map { " exclude \(quoted($0))" }
        lines.append(" sample \(sample)")
        lines += partitionBy.map {
            " partition \(quoted($0.column)) by \($0.by?.rawValue ?? "value") as \(quoted($0.name))"
        }
        switch format {
        case .ndjson: lines.append(" format ndjson")
        case .csv(let csv):
            lines.append(
                " format csv header \(csv.header) delimiter \(quoted(csv.delimiter)) null \(quoted(csv.null))")
        }
        lines.append(
            " compression \(compression.codec.rawValue)\(compression.codec == .none ? "" : " \(compression.level)")")
        lines.append(" chunk \(chunk.targetSize) rows \(chunk.rows.map(String.init) ?? "any")")
        lines.append(" timestamp_zone \(quoted(timestampZone))")
        if let filter { lines.append(" where \(quoted(filter))") }
        return lines
    }
}
