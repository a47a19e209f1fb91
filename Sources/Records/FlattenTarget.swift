/// A key path of a document and the column that takes its value.
public struct FlattenTarget: Sendable, Codable, Hashable {
    /// The keys that lead to the value, decoded; none for the whole document.
    public var path: [String]
    /// The column's index.
    public var column: Int
    /// The column's type.
    public var type: ColumnType

    /// Makes a target.
    public init(path: [String], column: Int, type: ColumnType) {
        self.path = path
        self.column = column
        self.type = type
    }
}
