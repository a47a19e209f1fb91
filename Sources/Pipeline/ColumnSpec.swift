import Records

/// A column that a pipeline declares.
public struct ColumnSpec: Hashable, Sendable {
    /// The name in the files; unique in its dataset whatever its case.
    public var name: String
    /// Where the values come from.
    public var from: FieldPath
    /// An SQL expression in place of ``from``.
    public var sql: String?
    /// The type; nil: as the table has it.
    public var type: ColumnType?

    /// Makes a column.
    ///
    /// - Parameters:
    ///   - from: nil for the table's column of that name.
    ///   - sql: an expression over the table's columns.
    public init(name: String, from: FieldPath? = nil, sql: String? = nil, type: ColumnType? = nil) {
        self.name = name
        self.from = from ?? FieldPath(column: name)
        self.sql = sql
        self.type = type
    }

    /// What stands for all of the table's columns that are not named.
    public static let all = "*"
    /// Whether it stands for all of the table's columns that are not named.
    public var isAll: Bool { name == Self.all }
}

extension ColumnSpec {
    /// The name of the column that takes what no other column takes.
    static let extra = "_extra"

    init(reading map: Mapping) {
        map.require("name", hint: "name the column, as in {name: user_id, from: payload.user.id}")
        let name = map.value("name", Self.checkedName) ?? ""
        let sql = map.value("sql", Self.expression)
        self.init(name: name, from: map.value("from", FieldPath.single), sql: sql, type: map.value("type", Self.type))
        if sql != nil, map.has("from") {
            map.document.report(
                "'from' and 'sql' are both set", at: map.place(of: "sql"), hint: "remove one of them")
        }
        if isAll, map.has("from") || map.has("sql") || map.has("type") {
            map.document.report(
                "'*' stands for all of the table's columns", at: map.place(of: "name"),
                hint: "write just \"*\", or name a column")
        }
        map.finish()
    }

    static func expression(_ text: String) throws(InvalidValue) -> String {
        let hint = "write an SQL expression over the table's columns, such as \"upper(country)\""
        guard text.contains(where: { !$0.isWhitespace }), !text.contains("\0") else { throw InvalidValue(hint: hint) }
        guard text.last != ";" else { throw InvalidValue("it ends in a semicolon", hint: hint) }
        return text
    }

    static func checkedName(_ text: String) throws(InvalidValue) -> String {
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
