/// A named, typed column of a dataset.
public struct Column: Hashable, Sendable, Codable {
    /// The name as files and warehouses have it.
    public var name: String
    /// The type that every value of the column has.
    public var type: ColumnType

    /// Makes a column.
    public init(name: String, type: ColumnType) {
        self.name = name
        self.type = type
    }
}
