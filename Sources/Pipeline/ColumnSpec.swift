import Records

/// A column that a pipeline declares.
public struct ColumnSpec: Hashable, Sendable {
    /// The name in the files; unique in its dataset whatever its case.
    public var name: String
    /// Where the values come from: the table's column, then the keys of nested JSON objects; at least one step.
    public var from: [String]
    /// The type; nil: as the table has it.
    public var type: ColumnType?

    /// Makes a column.
    ///
    /// - Parameter from: nil for the table's column of that name.
    public init(name: String, from: [String]? = nil, type: ColumnType? = nil) {
        self.name = name
        self.from = from ?? [name]
        self.type = type
    }
}

extension ColumnSpec {
    /// The name of the column that takes what no other column takes.
    static let extra = "_extra"

    init(reading map: Mapping) {
        map.require("name", hint: "name the column, as in {name: user_id, from: payload.user.id}")
        let name = map.value("name", Self.checkedName) ?? ""
        self.init(name: name, from: map.value("from", FieldPath.steps), type: map.value("type", Self.type))
        map.finish()
    }

    private static func checkedName(_ text: String) throws(InvalidValue) -> String {
        guard text.lowercased() != extra else {
            throw InvalidValue("it is reserved for what no other column takes", hint: "choose another name")
        }
        return try Parse.name(text)
    }

    /// PostgreSQL's and other tools' names of what is called differently here.
    private static let synonyms = [
        "int": "int64", "int2": "int64", "int4": "int64", "int8": "int64", "integer": "int64", "bigint": "int64",
        "smallint": "int64", "long": "int64", "text": "string", "varchar": "string", "float": "double",
        "float8": "double", "real": "double", "boolean": "bool", "jsonb": "json", "timestamptz": "timestamp",
        "datetime": "timestamp", "numeric": "number", "bytea": "bytes",
    ]

    private static func type(_ text: String) throws(InvalidValue) -> ColumnType {
        if let type = ColumnType(text) { return type }
        let all = "the types are \(ColumnType.names.joined(separator: ", "))"
        if text.hasPrefix("decimal(") {
            throw InvalidValue(
                "its digits are not understood",
                hint:
                    "write type: \"decimal(10,2)\", in quotes: the digits in all, 1 to 1000, and those behind the point"
            )
        }
        if text == "decimal" {
            throw InvalidValue("it lacks its digits", hint: "write \"decimal(10,2)\", or number for any digits")
        }
        guard let near = synonyms[text.lowercased()] ?? Suggestion.nearest(to: text, among: ColumnType.names) else {
            throw InvalidValue(hint: all)
        }
        throw InvalidValue("perhaps '\(near)' is meant", hint: all)
    }
}
