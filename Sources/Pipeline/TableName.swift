/// The name of a table of the source, exactly as PostgreSQL has it (nothing is folded to lower case).
public struct TableName: Hashable, Sendable, CustomStringConvertible {
    /// The schema; nil where the pipeline names none.
    public var schema: String?
    /// The table.
    public var name: String

    /// Makes a name.
    public init(schema: String? = nil, name: String) {
        self.schema = schema
        self.name = name
    }

    /// `schema.table`, as messages have it; not quoted for SQL.
    public var description: String {
        [schema, name].compactMap { $0 }.joined(separator: ".")
    }

    /// Reads `events`, `public.events` or `"My Schema"."Events"`.
    init(parsing text: String) throws(InvalidValue) {
        guard let path = try? FieldPath(parsing: text), path.steps.allSatisfy({ $0.key != nil }) else {
            throw InvalidValue(
                "it is no table's name", hint: "write SCHEMA.TABLE; names with other characters go in double quotes")
        }
        let parts = [path.column] + path.steps.compactMap(\.key)
        switch parts.count {
        case 1: self.init(name: parts[0])
        case 2: self.init(schema: parts[0], name: parts[1])
        default:
            throw InvalidValue(
                "it has \(parts.count) parts", hint: "write SCHEMA.TABLE; the database is chosen by the source's url")
        }
    }
}
