/// A path into a document and the column that takes its value.
public struct FlattenTarget: Sendable, Codable, Hashable {
    /// The steps that lead to the value: keys, and places in arrays; none for the whole document.
    public var path: [PathStep]
    /// The column's index.
    public var column: Int
    /// The column's type.
    public var type: ColumnType
    /// Whether a `string` column takes numbers and truth values too, as their text. Such a value is kept in `_extra` as
    /// well, so that the columns and `_extra` still rebuild the document.
    public var takesScalars = false

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - path: the steps that lead to the value; ``PathStep/each`` is none of them.
    ///   - column: the column's index.
    ///   - type: the column's type.
    ///   - takesScalars: whether a `string` column takes numbers and truth values too.
    public init(path: [PathStep], column: Int, type: ColumnType, takesScalars: Bool = false) {
        self.path = path
        self.column = column
        self.type = type
        self.takesScalars = takesScalars
    }

    /// Makes a target of keys.
    public init(keys: [String], column: Int, type: ColumnType) {
        self.init(path: keys.map(PathStep.key), column: column, type: type)
    }
}
