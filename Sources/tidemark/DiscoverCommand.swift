import ArgumentParser
import Export
import Foundation

/// `tidemark discover PIPELINE`
struct DiscoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover",
        abstract: "Look at a dataset's table and a sample of its JSON, and print its columns as YAML to paste.",
        discussion: """
            Behind each key stand the share of the documents that have it, the kinds of value seen, and a few values. A \
            dataset needs no `columns` for `flatten` to find keys by itself; paste them to choose names and types, or to \
            settle them once and for all. Values that a column cannot hold go to _extra either way.
            """)

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    @Option(help: ArgumentHelp("Which dataset; the pipeline's first unless given.", valueName: "name"))
    var dataset: String?

    @Option(help: "How many rows are looked at, over all leaves; the pipeline's `sample` unless given.")
    var rows: Int?

    @Flag(help: "Print all as one JSON document.")
    var json = false

    func validate() throws {
        if let rows, !(0...10_000_000).contains(rows) { throw ValidationError("--rows takes 0 to 10000000 rows.") }
    }

    func run() throws {
        let found = try ColumnSuggestions(
            of: try argument.load(), dataset: dataset, rows: rows, log: logs.logger)
        if json { return try Output.json(found) }
        for line in SuggestionText.lines(found) { print(line) }
    }
}

/// Suggested columns as YAML with comments.
private enum SuggestionText {
    /// What stands behind an entry begins in this column, where the entry leaves room.
    private static let remarkColumn = 72

    static func lines(_ found: ColumnSuggestions) -> [String] {
        var lines = ["# dataset \(found.dataset), from \(found.source)"]
        for (column, count) in found.documents.sorted(by: { $0.key < $1.key }) {
            lines.append("# \(Figure.count(count)) documents of \(column) were looked at")
        }
        lines += found.notes.map { "# \($0)" }
        for (index, table) in found.tables.enumerated() {
            if index > 0 { lines.append("") }
            // Only what a dataset's own rows hold can be listed under `columns`.
            let isComment = table.hasItems || found.tables.count > 1 && table.name != found.dataset
            if isComment { lines.append("# \(table.name), made of \(found.dataset):") }
            if !isComment { lines.append("columns:") }
            lines += table.columns.map { (isComment || $0.from == nil && $0.sql == nil ? "#" : "") + entry($0) }
        }
        return lines
    }

    private static func entry(_ column: ColumnSuggestions.Column) -> String {
        var parts = ["name: \(scalar(column.name))"]
        if let sql = column.sql { parts.append("sql: \(quoted(sql))") }
        if let from = column.from, from != column.name { parts.append("from: \(scalar(from))") }
        parts.append("type: \(scalar(column.type.description))")
        let entry = "  - {\(parts.joined(separator: ", "))}"
        guard let remark = remark(column) else { return entry }
        return entry + String(repeating: " ", count: max(1, remarkColumn - entry.count)) + "# \(remark)"
    }

    private static func remark(_ column: ColumnSuggestions.Column) -> String? {
        guard let count = column.count else { return nil }
        if count == 0 { return "only the JSON Schema has it" }
        let often = column.share.map { share in
            share > 0.9995
                ? "in all" : share < 0.001 ? "in \(Figure.count(count))" : String(format: "in %.1f %%", share * 100)
        }
        let examples = column.examples.isEmpty ? nil : "such as \(column.examples.joined(separator: ", "))"
        return [often ?? "\(Figure.count(count)) times", column.kinds.joined(separator: " or "), examples]
            .compactMap { $0 }.joined(separator: "; ")
    }

    /// A text as YAML: plain where that is safe, else in double quotes.
    private static func scalar(_ text: String) -> String {
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.".contains($0)) }
        return isPlain && text.first?.isLetter == true && !words.contains(text.lowercased()) ? text : quoted(text)
    }

    /// A text in YAML's double quotes. `${` begins a variable in a pipeline file.
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: quoted += String(format: "\\x%02x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return (quoted + "\"").replacing("${", with: "$${")
    }
}
