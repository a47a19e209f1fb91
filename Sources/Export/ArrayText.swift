import Postgres
import Records

/// A PostgreSQL array as JSON: nested lists, numbers as their digits, everything else as its text.
enum ArrayText {
    /// Appends an array.
    ///
    /// - Parameters:
    ///   - field: the array's binary field.
    ///   - element: the elements' type.
    ///   - json: what it is appended to.
    /// - Throws: `PostgresError` when the field is malformed.
    static func append(_ field: RawSpan, _ element: PostgresType, to json: inout ByteBuffer) throws(PostgresError) {
        var array = try ArrayField(field)
        let dimensions = array.dimensions
        guard array.count > 0 else { return json.append("[]") }
        // A list of the innermost dimension ends after so many elements, one of the next after so many more, …
        var sizes: [Int] = []
        for length in dimensions.reversed() { sizes.append((sizes.last ?? 1) * length) }
        var index = 0
        var scratch = ByteBuffer()
        while try array.next() {
            if index > 0 { json.append(",") }
            for size in sizes where index % size == 0 { json.append("[") }
            if let value = array.element {
                try append(value: value, element, to: &json, &scratch)
            } else {
                json.append("null")
            }
            index += 1
            for size in sizes where index % size == 0 { json.append("]") }
        }
    }

    private static func append(
        value: RawSpan, _ type: PostgresType, to json: inout ByteBuffer, _ scratch: inout ByteBuffer
    ) throws(PostgresError) {
        switch type {
        case .bool, .int2, .int4, .int8, .oid: try FieldText.append(value, type, to: &json)
        case .numeric where try Field.isFinite(numeric: value): try FieldText.append(value, type, to: &json)
        case .float4, .float8:
            if try Field.double(value).isFinite { return try FieldText.append(value, type, to: &json) }
            fallthrough
        default:
            scratch.removeAll()
            switch type {
            case .json: return JSONText.appendOneLine(value, to: &json)
            case .jsonb: return json.append(try Field.jsonbText(value))
            case .bytea: JSONText.appendHexadecimal(value, to: &scratch)
            case .timestamp, .timestamptz:
                let moment = try Field.timestamp(value)
                if TimeText.isRepresentable(timestamp: moment) {
                    scratch.append(addingCapacity: 32) { TimeText.timestamp(moment, to: &$0) }
                } else {
                    try FieldText.append(value, type, to: &scratch)
                }
            default: try FieldText.append(value, type, to: &scratch)
            }
            JSONText.appendString(scratch.bytes, to: &json)
        }
    }
}
