/// One part of a dataset's partition path: `name=value`.
public struct PartitionSpec: Hashable, Sendable {
    /// How a moment is cut.
    public enum Unit: String, Hashable, Sendable, CaseIterable {
        case year, month, day, hour
    }

    /// The table's column.
    public var column: String
    /// How its moments are cut; nil for the value itself.
    public var by: Unit?
    /// The name in the path: letters, digits, `_` and `-`.
    public var name: String

    /// Makes a part.
    ///
    /// - Parameter name: nil for `<column>_<by>`, or the column's name where nothing is cut.
    public init(column: String, by: Unit? = nil, name: String? = nil) {
        self.column = column
        self.by = by
        self.name = name ?? ([column] + (by.map { [$0.rawValue] } ?? [])).joined(separator: "_")
    }
}

extension PartitionSpec {
    init(reading map: Mapping) {
        map.require("column", hint: "name the column, as in {column: occurred_at, by: day, as: event_date}")
        let column = map.value("column", Parse.name) ?? ""
        let unit: Unit? = map.value("by", Parse.choice())
        let name = map.value("as", Parse.identifier)
        self.init(column: column, by: unit, name: name)
        if !map.has("as"), !column.isEmpty, (try? Parse.identifier(self.name)) == nil {
            map.document.report(
                "'\(map.shown("column"))' cannot be the name of a folder", at: map.place(of: "column"),
                hint: "name the part with 'as', in letters, digits, '_' and '-'")
        }
        map.finish()
    }
}
