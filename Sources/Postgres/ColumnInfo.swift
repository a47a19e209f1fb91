/// What the catalog says of a column.
public struct ColumnInfo: Sendable, Hashable {
    /// The column's name.
    public var name: String
    /// The type as `format_type` prints it: `numeric(10,2)`, `my_domain`, `text[]`.
    public var typeName: String
    /// The type to decode; domains are resolved to their base, enums are text.
    public var type: PostgresType
    /// Whether the column, or its domain, is NOT NULL.
    public var notNull: Bool
    /// Of a numeric with a declared precision: the number of digits, 1…1000.
    public var precision: Int?
    /// Of a numeric with a declared precision: digits after the point, -1000…1000.
    public var scale: Int?

    /// Makes a column's description.
    public init(
        name: String, typeName: String, type: PostgresType, notNull: Bool, precision: Int? = nil, scale: Int? = nil
    ) {
        self.name = name
        self.typeName = typeName
        self.type = type
        self.notNull = notNull
        self.precision = precision
        self.scale = scale
    }
}
