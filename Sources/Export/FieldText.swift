import Lake
import Postgres
import Records

/// Values as text, where a column or `_extra` wants them so: written as PostgreSQL prints them.
enum FieldText {
    /// Appends a value's text.
    ///
    /// - Parameters:
    ///   - field: the binary field.
    ///   - type: its type, any but the documents, arrays and `bytea`.
    ///   - text: what it is appended to.
    /// - Throws: `PostgresError` when the field is malformed.
    static func append(_ field: RawSpan, _ type: PostgresType, to text: inout ByteBuffer) throws(PostgresError) {
        switch type {
        case .time:
            try text.append(addingCapacity: Field.timeTextCapacity) { out throws(PostgresError) in
                try Field.timeText(field, to: &out)
            }
        case .timetz:
            try text.append(addingCapacity: Field.timeTextCapacity) { out throws(PostgresError) in
                try Field.timetzText(field, to: &out)
            }
        case .interval:
            try text.append(addingCapacity: Field.intervalTextCapacity) { out throws(PostgresError) in
                try Field.intervalText(field, to: &out)
            }
        case .inet, .cidr:
            try text.append(addingCapacity: Field.inetTextCapacity) { out throws(PostgresError) in
                try Field.inetText(field, to: &out)
            }
        case .numeric:
            try text.append(addingCapacity: try Field.numericTextCapacity(field)) { out throws(PostgresError) in
                try Field.numericText(field, to: &out)
            }
        case .float4, .float8:
            try text.append(addingCapacity: Field.floatTextCapacity) { out throws(PostgresError) in
                try Field.floatText(field, to: &out)
            }
        case .uuid:
            try text.append(addingCapacity: Field.uuidTextCapacity) { out throws(PostgresError) in
                try Field.uuidText(field, to: &out)
            }
        case .bool: text.append(Array((try Field.bool(field) ? "true" : "false").utf8))
        case .int2, .int4, .int8, .oid: text.append(Array(String(try Field.int64(field)).utf8))
        case .date: text.append(Array(date(try Field.date(field)).utf8))
        case .timestamp: text.append(Array(moment(try Field.timestamp(field), zone: "").utf8))
        case .timestamptz: text.append(Array(moment(try Field.timestamp(field), zone: "+00").utf8))
        case .text, .json, .jsonb, .bytea, .array, .other: text.append(field)
        }
    }

    /// A day, also an infinite one or one of a year that no lake's calendar has.
    static func date(_ days: Int32) -> String {
        if days == .max { return "infinity" }
        if days == .min { return "-infinity" }
        let day = CivilDate(daysSince2000: Int64(days))
        return calendar(day) + era(day)
    }

    /// A moment, also an infinite one or one of a year that no lake's calendar has.
    static func moment(_ microseconds: Int64, zone: String) -> String {
        if microseconds == .max { return "infinity" }
        if microseconds == .min { return "-infinity" }
        let days = Partitioner.floorDivide(microseconds, 86_400_000_000)
        let rest = microseconds - days * 86_400_000_000
        let seconds = Int(rest / 1_000_000)
        let fraction = Int(rest % 1_000_000)
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { Layout.padded($0, 2) }
            .joined(separator: ":")
        var digits = fraction == 0 ? "" : "." + Layout.padded(fraction, 6)
        while digits.hasSuffix("0") { digits.removeLast() }
        let day = CivilDate(daysSince2000: days)
        return "\(calendar(day)) \(clock)\(digits)\(zone)\(era(day))"
    }

    private static func calendar(_ day: CivilDate) -> String {
        // There is no year 0: the one before 1 is 1 BC.
        let year = day.year > 0 ? day.year : 1 - day.year
        return "\(Layout.padded(year, 4))-\(Layout.padded(day.month, 2))-\(Layout.padded(day.day, 2))"
    }

    private static func era(_ day: CivilDate) -> String { day.year > 0 ? "" : " BC" }
}
