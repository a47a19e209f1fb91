import Lake

/// Which columns need their digits as the file has them.
enum Digits {
    /// Whether a reader that makes a double of each number in JSON, or drops a zero at its end, would spoil the column.
    static func matter(_ column: PlannedColumn, in dialect: FileDialect) -> Bool {
        switch column.type {
        case .json: true
        case .number, .decimal: !dialect.quotesNumbers
        // Files of earlier versions have other values than strings.
        case .string: !column.former.isEmpty
        default: false
        }
    }

    /// Says that numbers are text, if there are any.
    static func note(_ table: LoadTable, type: String, cast: String) -> [String] {
        let names = table.columns.filter { $0.type == .number }.map(\.name)
        guard !names.isEmpty else { return [] }
        return ["\(type) keeps all digits of \(names.joined(separator: ", ")); \(cast)."]
    }
}
