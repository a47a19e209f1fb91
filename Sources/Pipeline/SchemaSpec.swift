/// Whether a dataset's columns may change by what its documents hold.
public struct SchemaSpec: Hashable, Sendable {
    /// Whether they may.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Keys that went to `_extra` get columns at the next run, and columns whose values stopped fitting wider types.
        case evolve
        /// The columns stay as they are; the rest stays in `_extra`.
        case freeze
    }

    /// Whether they may.
    public var mode: Mode
    /// The most columns that a table gets by discovery and evolution, 1 to 10,000.
    public var maxColumns: Int
    /// How often a key must have been met before it gets a column, from 1.
    public var minCount: Int

    /// Makes the settings.
    public init(mode: Mode = .evolve, maxColumns: Int = 1_000, minCount: Int = 10) {
        self.mode = mode
        self.maxColumns = maxColumns
        self.minCount = minCount
    }
}

extension SchemaSpec {
    /// Reads `evolve`, `freeze`, or a mapping with `mode`.
    mutating func read(from map: Mapping) {
        guard map.isMapping("schema") else {
            mode = map.value("schema", Parse.choice()) ?? mode
            return
        }
        let own = map.mapping("schema")
        mode = own.value("mode", Parse.choice()) ?? mode
        maxColumns = own.value("max_columns", Parse.int(1...10_000)) ?? maxColumns
        minCount = own.value("min_count", Parse.int(1...1_000_000_000)) ?? minCount
        own.finish()
    }
}

/// How a dataset is divided into one for each value of a column.
public struct SplitSpec: Hashable, Sendable {
    /// The table's column.
    public var column: String
    /// The most datasets that are made, 1 to 1,000; rows with other values go to `_other`.
    public var maxDatasets: Int

    /// Makes the settings.
    public init(column: String, maxDatasets: Int = 100) {
        self.column = column
        self.maxDatasets = maxDatasets
    }
}

extension SplitSpec {
    /// Reads a column's name, or a mapping with `column`.
    static func read(from map: Mapping) -> SplitSpec? {
        guard map.isMapping("split_by") else {
            return map.value("split_by", Parse.name).map { SplitSpec(column: $0) }
        }
        let own = map.mapping("split_by")
        own.require("column", hint: "name the column, as in {column: event_type}")
        let column = own.value("column", Parse.name)
        let most = own.value("max_datasets", Parse.int(1...1_000))
        own.finish()
        return column.map { SplitSpec(column: $0, maxDatasets: most ?? 100) }
    }
}
