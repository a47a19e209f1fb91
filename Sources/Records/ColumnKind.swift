/// A column's type as the switches of the hot loops want it: one byte, parameters apart.
enum ColumnKind: UInt8 {
    case none, string, int64, number, decimal, double, bool, timestamp, date, uuid, json, bytes
    /// A whole number that NDJSON has as a string: known to the encoder alone.
    case quotedInt64

    init(_ type: ColumnType) {
        self =
            switch type {
            case .string: .string
            case .int64: .int64
            case .number: .number
            case .decimal: .decimal
            case .double: .double
            case .bool: .bool
            case .timestamp: .timestamp
            case .date: .date
            case .uuid: .uuid
            case .json: .json
            case .bytes: .bytes
            }
    }
}
