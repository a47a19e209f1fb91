/// Decodes one binary field of PostgreSQL into what Swift computes with, or into the text that PostgreSQL prints for it.
///
/// Every function checks the field's length and throws on a malformed one. The functions that write text append at most as
/// many bytes as the capacity beside them says; the span must have that much room.
/// Source: PostgreSQL's `*_send` functions in `src/backend/utils/adt`.
public enum Field {
    /// A `bool`.
    public static func bool(_ field: RawSpan) throws(PostgresError) -> Bool {
        guard field.byteCount == 1 else { throw malformed("bool", field) }
        return unsafe field.unsafeLoad(as: UInt8.self) != 0
    }

    /// An `int2`, `int4`, `int8`, told apart by the length.
    public static func int64(_ field: RawSpan) throws(PostgresError) -> Int64 {
        switch field.byteCount {
        case 2: return unsafe Int64(Int16(bigEndian: field.unsafeLoadUnaligned(as: Int16.self)))
        case 4: return unsafe Int64(Int32(bigEndian: field.unsafeLoadUnaligned(as: Int32.self)))
        case 8: return unsafe Int64(bigEndian: field.unsafeLoadUnaligned(as: Int64.self))
        default: throw malformed("integer", field)
        }
    }

    /// An `oid`, which has no sign.
    public static func oid(_ field: RawSpan) throws(PostgresError) -> UInt32 {
        guard field.byteCount == 4 else { throw malformed("oid", field) }
        return unsafe UInt32(bigEndian: field.unsafeLoadUnaligned(as: UInt32.self))
    }

    /// A `float4` or `float8`, told apart by the length.
    public static func double(_ field: RawSpan) throws(PostgresError) -> Double {
        switch field.byteCount {
        case 4: return unsafe Double(Float(bitPattern: UInt32(bigEndian: field.unsafeLoadUnaligned(as: UInt32.self))))
        case 8: return unsafe Double(bitPattern: UInt64(bigEndian: field.unsafeLoadUnaligned(as: UInt64.self)))
        default: throw malformed("float", field)
        }
    }

    /// A `timestamp` or `timestamptz`: microseconds since 2000-01-01 (UTC for timestamptz).
    /// - Returns: Int64.max and .min are infinity and -infinity.
    public static func timestamp(_ field: RawSpan) throws(PostgresError) -> Int64 {
        guard field.byteCount == 8 else { throw malformed("timestamp", field) }
        return unsafe Int64(bigEndian: field.unsafeLoadUnaligned(as: Int64.self))
    }

    /// A `date`: days since 2000-01-01.
    /// - Returns: Int32.max and .min are infinity and -infinity.
    public static func date(_ field: RawSpan) throws(PostgresError) -> Int32 {
        guard field.byteCount == 4 else { throw malformed("date", field) }
        return unsafe Int32(bigEndian: field.unsafeLoadUnaligned(as: Int32.self))
    }

    /// The JSON text of a `jsonb` field, which comes after a byte for the format's version.
    @_lifetime(copy field)
    public static func jsonbText(_ field: RawSpan) throws(PostgresError) -> RawSpan {
        guard field.byteCount >= 1, unsafe field.unsafeLoad(as: UInt8.self) == 1 else {
            throw malformed("jsonb", field)
        }
        return field.extracting(droppingFirst: 1)
    }

    static func malformed(_ type: String, _ field: RawSpan) -> PostgresError {
        PostgresError(
            operation: "decode a field of type \(type)", reason: "its \(field.byteCount) bytes are malformed",
            hint: "The column may have changed its type since its type was looked up.")
    }
}
