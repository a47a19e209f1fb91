/// The rows that a query gave, as the server's text, all in memory.
public struct QueryResult: Sendable {
    /// The columns' names, in order; a name may come twice.
    public let columns: [String]
    /// The rows; nil is NULL.
    public let rows: [[String?]]

    /// The number of rows.
    public var count: Int { rows.count }

    init(columns: [String], rows: [[String?]]) {
        self.columns = columns
        self.rows = rows
    }

    /// A value by row and column name.
    /// - Parameters:
    ///   - row: 0 ..< `count`.
    ///   - column: a name out of `columns`; anything else is the caller's error.
    public subscript(row: Int, column: String) -> String? {
        guard let index = columns.firstIndex(of: column) else {
            preconditionFailure("The result has no column \(column); it has \(columns).")
        }
        return rows[row][index]
    }
}
