import Postgres
import Records

extension PostgresType {
    /// The names by which a plan holds the types that are read in their binary form.
    private static let names: [String: PostgresType] = [
        "bool": .bool, "int2": .int2, "int4": .int4, "int8": .int8, "oid": .oid, "float4": .float4, "float8": .float8,
        "numeric": .numeric, "text": .text, "uuid": .uuid, "json": .json, "jsonb": .jsonb, "date": .date,
        "time": .time, "timetz": .timetz, "timestamp": .timestamp, "timestamptz": .timestamptz, "interval": .interval,
        "bytea": .bytea, "inet": .inet, "cidr": .cidr,
    ]

    /// Reads the name that a plan holds; `int4[]` is an array of `int4`.
    init?(wireName: String) {
        if wireName.hasSuffix("[]") {
            guard let element = PostgresType(wireName: String(wireName.dropLast(2))) else { return nil }
            self = .array(element)
        } else {
            guard let type = Self.names[wireName] else { return nil }
            self = type
        }
    }

    /// The name that a plan holds; nil for a type that is read through a cast to text.
    var wireName: String? {
        switch self {
        case .array(let element): element.wireName.map { $0 + "[]" }
        case .other: nil
        default: Self.names.first { $0.value == self }?.key
        }
    }

    /// The column type that holds all values of the type as they are, or nearly all: the rest goes to `_extra`.
    func columnType(precision: Int?, scale: Int?) -> ColumnType {
        switch self {
        case .bool: .bool
        case .int2, .int4, .int8, .oid: .int64
        case .float4, .float8: .double
        case .numeric:
            if let precision, let scale, (0...precision).contains(scale) {
                .decimal(precision: precision, scale: scale)
            } else {
                .number
            }
        case .uuid: .uuid
        case .json, .jsonb, .array: .json
        case .date: .date
        case .timestamp, .timestamptz: .timestamp
        case .bytea: .bytes
        case .text, .time, .timetz, .interval, .inet, .cidr, .other: .string
        }
    }

    /// Whether the type holds a document whose keys can become columns.
    var isDocument: Bool { self == .json || self == .jsonb }
    /// Whether the type holds moments, by which a partition path can be cut.
    var isMoment: Bool { self == .timestamp || self == .timestamptz || self == .date }
}

extension ColumnInfo {
    /// The column type that is used when the pipeline names none.
    var columnType: ColumnType { type.columnType(precision: precision, scale: scale) }
}
