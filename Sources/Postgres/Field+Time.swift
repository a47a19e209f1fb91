/// Times of day and intervals, as PostgreSQL prints them with `datestyle = ISO` and `intervalstyle = postgres`.
/// Source: `EncodeTimeOnly`, `EncodeTimezone`, `EncodeInterval` in datetime.c.
extension Field {
    /// The number of bytes that `timeText` and `timetzText` append at most.
    public static var timeTextCapacity: Int { 32 }
    /// The number of bytes that `intervalText` appends at most.
    public static var intervalTextCapacity: Int { 96 }

    private static let microsecondsPerDay: Int64 = 86_400_000_000

    /// A `time`: "04:05:06.789"; the day's end is "24:00:00".
    public static func timeText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount == 8 else { throw malformed("time", field) }
        let time = unsafe Int64(bigEndian: field.unsafeLoadUnaligned(as: Int64.self))
        guard (0...microsecondsPerDay).contains(time) else { throw malformed("time", field) }
        appendTime(UInt64(time), to: &text)
    }

    /// A `timetz`: "04:05:06.789+02", with minutes and seconds of the zone only where it has some.
    public static func timetzText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount == 12 else { throw malformed("timetz", field) }
        let time = unsafe Int64(bigEndian: field.unsafeLoadUnaligned(as: Int64.self))
        // Seconds west of UTC, under 16 hours.
        let zone = unsafe Int(Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 8, as: Int32.self)))
        guard (0...microsecondsPerDay).contains(time), abs(zone) < 57_600 else { throw malformed("timetz", field) }
        appendTime(UInt64(time), to: &text)
        text.append(zone <= 0 ? UInt8(ascii: "+") : UInt8(ascii: "-"))
        let seconds = abs(zone)
        appendDigits(seconds / 3600, count: 2, to: &text)
        if seconds % 3600 == 0 { return }
        text.append(UInt8(ascii: ":"))
        appendDigits(seconds / 60 % 60, count: 2, to: &text)
        if seconds % 60 == 0 { return }
        text.append(UInt8(ascii: ":"))
        appendDigits(seconds % 60, count: 2, to: &text)
    }

    /// An `interval`: "1 year 2 mons -3 days +04:05:06.789"; PostgreSQL 17's infinite ones are "infinity" and "-infinity".
    public static func intervalText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount == 16 else { throw malformed("interval", field) }
        let time = unsafe Int64(bigEndian: field.unsafeLoadUnaligned(as: Int64.self))
        let days = unsafe Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 8, as: Int32.self))
        let months = unsafe Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 12, as: Int32.self))
        if time == .max, days == .max, months == .max { return append("infinity", to: &text) }
        if time == .min, days == .min, months == .min { return append("-infinity", to: &text) }
        var isFirst = true
        var isAfterNegative = false
        for (value, unit) in [(months / 12, "year" as StaticString), (months % 12, "mon"), (days, "day")]
        where value != 0 {
            if !isFirst { text.append(UInt8(ascii: " ")) }
            if value < 0 {
                text.append(UInt8(ascii: "-"))
            } else if isAfterNegative {
                text.append(UInt8(ascii: "+"))
            }
            appendDigits(Int(value.magnitude), count: 1, to: &text)
            text.append(UInt8(ascii: " "))
            append(unit, to: &text)
            // PostgreSQL says "1 day", but "-1 days".
            if value != 1 { text.append(UInt8(ascii: "s")) }
            isFirst = false
            isAfterNegative = value < 0
        }
        if !isFirst {
            if time == 0 { return }
            text.append(UInt8(ascii: " "))
        }
        if time < 0 {
            text.append(UInt8(ascii: "-"))
        } else if isAfterNegative {
            text.append(UInt8(ascii: "+"))
        }
        appendTime(time.magnitude, to: &text)
    }

    /// Hours (two digits or more), minutes, seconds, and the fraction without trailing zeros.
    private static func appendTime(_ microseconds: UInt64, to text: inout OutputSpan<UInt8>) {
        let seconds = Int(microseconds / 1_000_000)
        appendDigits(seconds / 3600, count: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDigits(seconds / 60 % 60, count: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDigits(seconds % 60, count: 2, to: &text)
        var fraction = Int(microseconds % 1_000_000)
        if fraction == 0 { return }
        text.append(UInt8(ascii: "."))
        var digits = 6
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        appendDigits(fraction, count: digits, to: &text)
    }
}
