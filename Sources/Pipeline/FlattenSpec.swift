/// A JSON column of the table whose keys become columns.
public struct FlattenSpec: Hashable, Sendable {
    /// What becomes of a JSON array.
    public enum Arrays: String, Hashable, Sendable, CaseIterable {
        /// It stays one JSON value.
        case json
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

    /// Makes a flattening.
    ///
    /// - Parameter prefix: nil for the column's name and `_`.
    public init(
        column: String, prefix: String? = nil, separator: String = "_", depth: Int = 5, arrays: Arrays = .json
    ) {
        self.column = column
        self.prefix = prefix ?? "\(column)_"
        self.separator = separator
        self.depth = depth
        self.arrays = arrays
    }
}

extension FlattenSpec {
    init(reading map: Mapping) {
        map.require("column", hint: "name the JSON column, as in {column: payload}")
        let column = map.value("column", Parse.name) ?? ""
        self.init(column: column, prefix: map.value("prefix", Parse.namePart))
        separator = map.value("separator", Parse.namePart) ?? separator
        depth = map.value("depth", Parse.int(1...32)) ?? depth
        arrays = map.value("arrays", Parse.choice(notYet: ["explode"])) ?? arrays
        map.finish()
    }
}
