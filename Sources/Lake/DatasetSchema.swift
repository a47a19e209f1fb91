import Records

/// A dataset's columns at one version; the order never changes, new columns come at the end.
public struct DatasetSchema: Codable, Hashable, Sendable {
    /// The version, from 1.
    public var version: Int
    /// The columns, in file order.
    public var columns: [PlannedColumn]

    /// Makes a schema.
    public init(version: Int, columns: [PlannedColumn]) {
        self.version = version
        self.columns = columns
    }
}

/// A column and where its values come from.
public struct PlannedColumn: Codable, Hashable, Sendable {
    /// The name as files have it.
    public var name: String
    /// The type.
    public var type: ColumnType
    /// The table's column that the values are read from; nil for `_extra`, which is made of what no other column takes.
    public var field: String?
    /// The keys that lead to the value inside a JSON document; nil for the table's column itself.
    public var path: [String]?

    /// Makes a column.
    public init(name: String, type: ColumnType, field: String?, path: [String]? = nil) {
        self.name = name
        self.type = type
        self.field = field
        self.path = path
    }

    /// The name of the column that takes what no other column does.
    public static let extraName = "_extra"

    /// Whether it is the column that takes what no other column does.
    public var isExtra: Bool { field == nil }

    /// The column without its origin, as encoders want it.
    public var column: Column { Column(name: name, type: type) }
}
