/// A JSON column of the table whose keys become columns.
public struct FlattenSpec: Hashable, Sendable {
    /// What becomes of a JSON array.
    public enum Arrays: String, Hashable, Sendable, CaseIterable {
        /// It stays one JSON value.
        case json
        /// Its elements become the rows of a dataset of their own.
        case explode
    }

    /// The table's column.
    public var column: String
    /// What the names of its columns begin with.
    public var prefix: String
    /// What stands between the keys of nested objects.
    public var separator: String
    /// How many levels of objects are taken apart, 1 to 32.
    public var depth: Int
    /// What becomes of arrays.
    public var arrays: Arrays
    /// A JSON Schema whose properties get columns, whether a sample shows them or not.
    public var jsonSchema: JSONSchemaSource?

    /// Where a JSON Schema comes from.
    public enum JSONSchemaSource: Hashable, Sendable {
        /// A file, its path beside the pipeline's.
        case file(String)
        /// A statement that gives one a row.
        case sql(String)
    }

    /// Makes a flattening.
    ///
    /// - Parameter prefix: nil for the column's name and `_`.
    public init(
        column: String, prefix: String? = nil, separator: String = "_", depth: Int = 5, arrays: Arrays = .json,
        jsonSchema: JSONSchemaSource? = nil
    ) {
        self.column = column
        self.prefix = prefix ?? "\(column)_"
        self.separator = separator
        self.depth = depth
        self.arrays = arrays
        self.jsonSchema = jsonSchema
    }
}

extension FlattenSpec {
    init(reading map: Mapping) {
        map.require("column", hint: "name the JSON column, as in {column: payload}")
        let column = map.value("column", Parse.name) ?? ""
        self.init(column: column, prefix: map.value("prefix", Parse.namePart))
        separator = map.value("separator", Parse.namePart) ?? separator
        depth = map.value("depth", Parse.int(1...32)) ?? depth
        arrays = map.value("arrays", Parse.choice()) ?? arrays
        jsonSchema = Self.jsonSchema(map)
        map.finish()
    }

    /// A file's path, or a mapping with `sql`.
    private static func jsonSchema(_ map: Mapping) -> JSONSchemaSource? {
        guard map.isMapping("json_schema") else {
            return map.value("json_schema", Parse.word).map { .file($0) }
        }
        let own = map.mapping("json_schema")
        own.require(
            "sql", hint: "write a SELECT that gives one JSON Schema a row, or a file's path in place of the mapping")
        let sql = own.value("sql", ColumnSpec.expression)
        own.finish()
        return sql.map { .sql($0) }
    }
}
