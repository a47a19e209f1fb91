/// A column's type as its binary COPY fields are to be decoded.
public indirect enum PostgresType: Sendable, Hashable {
    case bool
    case int2, int4, int8
    case oid
    case float4, float8
    case numeric
    /// All whose binary form is their text: text, varchar, bpchar, name, citext, xml, enums.
    case text
    case uuid
    case json, jsonb
    case date
    case time, timetz
    case timestamp, timestamptz
    case interval
    case bytea
    case inet, cidr
    case array(PostgresType)
    /// A type whose binary form this module does not know (or an array of such), by its name:
    /// to be read through a cast to text.
    case other(String)
}
