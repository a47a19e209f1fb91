/// The type of an exported column.
///
/// Its text form (`int64`, `decimal(10,2)`) is what pipeline files, plans and the log hold.
public enum ColumnType: Hashable, Sendable {
    /// UTF-8 text.
    case string
    /// A whole number from -2^63 to 2^63 - 1.
    case int64
    /// A number of any size, kept as the digits that were read.
    case number
    /// A number of at most `precision` digits (1 to 1,000), `scale` of them (0 to `precision`) after the point.
    case decimal(precision: Int, scale: Int)
    /// A binary floating-point number of 64 bits.
    case double
    /// True or false.
    case bool
    /// A moment in UTC with microseconds.
    case timestamp
    /// A day of the proleptic Gregorian calendar.
    case date
    /// A UUID, written in lower case.
    case uuid
    /// Any JSON value, kept as its text.
    case json
    /// Raw bytes.
    case bytes
}

extension ColumnType: LosslessStringConvertible {
    /// Reads the text form.
    ///
    /// - Parameter description: a type's name as pipeline files hold it; nil is returned for any other text.
    public init?(_ description: String) {
        switch description {
        case "string": self = .string
        case "int64": self = .int64
        case "number": self = .number
        case "double": self = .double
        case "bool": self = .bool
        case "timestamp": self = .timestamp
        case "date": self = .date
        case "uuid": self = .uuid
        case "json": self = .json
        case "bytes": self = .bytes
        default:
            guard description.hasPrefix("decimal("), description.hasSuffix(")") else { return nil }
            let parts = description.dropFirst(8).dropLast().split(separator: ",", omittingEmptySubsequences: false)
                .map { part in
                    String(part.drop { $0 == " " })
                }
            guard parts.count == 2, let precision = Int(parts[0]), let scale = Int(parts[1]),
                (1...1_000).contains(precision), (0...precision).contains(scale)
            else { return nil }
            self = .decimal(precision: precision, scale: scale)
        }
    }

    /// The text form.
    public var description: String {
        switch self {
        case .string: "string"
        case .int64: "int64"
        case .number: "number"
        case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
        case .double: "double"
        case .bool: "bool"
        case .timestamp: "timestamp"
        case .date: "date"
        case .uuid: "uuid"
        case .json: "json"
        case .bytes: "bytes"
        }
    }

    /// The names of all types, as error messages list them.
    public static let names = [
        "string", "int64", "number", "decimal(p,s)", "double", "bool", "timestamp", "date", "uuid", "json", "bytes",
    ]
}

extension ColumnType: Codable {
    /// Decodes the text form.
    ///
    /// - Throws: `DecodingError.dataCorrupted` when the text names no type.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let type = ColumnType(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) names no column type")
        }
        self = type
    }

    /// Encodes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
