import Records

/// A table's columns at one version; the order never changes, new columns come at the end.
public struct DatasetSchema: Codable, Hashable, Sendable {
    /// The version, from 1.
    public var version: Int
    /// The columns, in file order.
    public var columns: [PlannedColumn]

    /// Makes a schema.
    public init(version: Int, columns: [PlannedColumn]) {
        self.version = version
        self.columns = columns
    }
}

/// A column and where its values come from.
public struct PlannedColumn: Codable, Hashable, Sendable {
    /// What a column holds.
    public enum Role: String, Codable, Sendable {
        /// A value of the table's column, or of a document in it.
        case value
        /// What no other column takes.
        case extra
        /// Of an array whose elements are rows of a table of their own: how many there are.
        case count
        /// Of such an element: its place in the array, from 0.
        case index
        /// Of an element of an array within another's element: the places of those around it, outermost first: `3/0`.
        case parent
    }

    /// The name as files have it.
    public var name: String
    /// The type.
    public var type: ColumnType
    /// The field that the values are read from, mostly the table's column; nil where they are made of several.
    public var field: String?
    /// The steps that lead to the value inside a JSON document; nil for the field itself.
    public var path: [PathStep]?
    /// What the column holds.
    public var role: Role
    /// The types that it had in earlier versions, the first one first.
    public var former: [ColumnType]

    /// Makes a column.
    public init(
        name: String, type: ColumnType, field: String?, path: [PathStep]? = nil, role: Role? = nil,
        former: [ColumnType] = []
    ) {
        self.name = name
        self.type = type
        self.field = field
        self.path = path
        self.role = role ?? (field == nil ? .extra : .value)
        self.former = former
    }

    /// The name of the column that takes what no other column does.
    public static let extraName = "_extra"

    /// Whether it is the column that takes what no other column does.
    public var isExtra: Bool { role == .extra }

    /// Whether it has the same origin as another one: then it is the same column, whatever its type.
    public func hasOrigin(of other: PlannedColumn) -> Bool {
        field == other.field && path == other.path && role == other.role
    }

    /// Where values of it are found in `_extra` that do not fit it: a JSON Pointer.
    ///
    /// - Parameter root: the pointer at the document: `/payload`, or `/payload/items` for the elements of an array.
    public func pointer(below root: String) -> String {
        root
            + (path ?? []).map { step in
                switch step {
                case .key(let key): "/" + JSONText.pointerStep(key)
                case .index(let index): "/\(index)"
                case .each: "/-"
                }
            }.joined()
    }

    /// The column without its origin, as encoders want it.
    public var column: Column { Column(name: name, type: type) }
}

/// What was changed with a version of a table's columns, and why.
public struct SchemaChange: Codable, Hashable, Sendable {
    /// The column; nil for what concerns all of the table.
    public var column: String?
    /// What was changed: `new, int64`, `int64 → number`.
    public var change: String
    /// Why.
    public var reason: String

    /// Describes a change.
    public init(column: String?, change: String, reason: String) {
        self.column = column
        self.change = change
        self.reason = reason
    }
}

/// A version of a table's columns, as its history has it.
public struct SchemaVersion: Codable, Hashable, Sendable {
    /// The version, from 1.
    public var version: Int
    /// The log's entry that brought it.
    public var entry: Int
    /// How many of the table's columns it has: the first ones.
    public var columns: Int
    /// How files of it are written.
    public var output: OutputPlan
    /// What was changed.
    public var changes: [SchemaChange]

    /// Describes a version.
    public init(version: Int, entry: Int, columns: Int, output: OutputPlan, changes: [SchemaChange]) {
        self.version = version
        self.entry = entry
        self.columns = columns
        self.output = output
        self.changes = changes
    }
}
