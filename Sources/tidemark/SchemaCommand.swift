import ArgumentParser
import Export
import Lake

/// `tidemark schema PIPELINE`
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Show the columns of the lake's datasets, their history, and why each changed.",
        discussion: """
            The order of columns never changes: new ones come at the end. A type only becomes wider: int64 → number → \
            string, bool → string. With `schema: evolve`, the default, keys that went to _extra get columns at the next run \
            when they have been met `min_count` times.
            """)

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    @Option(help: ArgumentHelp("Only this dataset.", valueName: "name"))
    var dataset: String?

    @Flag(help: "Print all as one JSON document.")
    var json = false

    /// So many paths of what goes to `_extra` are shown.
    private static let straysShown = 10

    func run() throws {
        let history = try SchemaHistory(of: try argument.load(), dataset: dataset, log: logs.logger)
        if json { return try Output.json(history) }
        if history.tables.isEmpty { return print("\(history.pipeline): nothing has been exported yet") }
        for (index, table) in history.tables.enumerated() {
            if index > 0 { print() }
            show(table)
        }
    }

    private func show(_ table: SchemaHistory.Table) {
        print("\(table.name), columns version \(table.versions.last?.version ?? 1):")
        Output.table(
            [">no", "column", "type", "from", "once"],
            table.columns.enumerated().map { index, column in
                [
                    "\(index + 1)", column.name, column.type.description, column.origin,
                    column.former.map(\.description).joined(separator: " → "),
                ]
            })
        Output.table(
            [">version", ">lake", ">columns", "change", "why"],
            table.versions.flatMap { version in
                version.changes.enumerated().map { index, change in
                    [
                        index == 0 ? "\(version.version)" : "", index == 0 ? "\(version.entry)" : "",
                        index == 0 ? "\(version.columns)" : "",
                        [change.column, change.change].compactMap { $0 }.joined(separator: ": "), change.reason,
                    ]
                }
            })
        let strays = table.strays.filter { $0.unplanned + $0.misfits > 0 && $0.kinds != ["null"] }
            .sorted { ($1.unplanned + $1.misfits, $0.pointer) < ($0.unplanned + $0.misfits, $1.pointer) }
        guard !strays.isEmpty else { return }
        print("in _extra:")
        Output.table(
            ["path", ">without a column", ">did not fit", "kinds"],
            strays.prefix(Self.straysShown).map {
                [$0.pointer, Figure.count($0.unplanned), Figure.count($0.misfits), $0.kinds.joined(separator: ", ")]
            })
        if strays.count > Self.straysShown { print("and \(strays.count - Self.straysShown) other paths") }
    }
}
