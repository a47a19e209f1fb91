/// A `numeric` is a header of four 16-bit numbers and base-10000 digits:
/// how many digits, the weight (power of 10000) of the first, the sign, and how many decimal digits are shown after the point.
/// Source: `numeric_send`, `get_str_from_var` in numeric.c.
extension Field {
    private struct Numeric {
        var digits: Int
        var weight: Int
        var sign: UInt16
        var scale: Int

        init(_ field: RawSpan) throws(PostgresError) {
            guard field.byteCount >= 8 else { throw malformed("numeric", field) }
            digits = unsafe Int(UInt16(bigEndian: field.unsafeLoadUnaligned(as: UInt16.self)))
            weight = unsafe Int(Int16(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 2, as: Int16.self)))
            sign = unsafe UInt16(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt16.self))
            scale = unsafe Int(UInt16(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 6, as: UInt16.self)))
            let known = sign == 0 || sign == 0x4000 || sign == 0xC000 || sign == 0xD000 || sign == 0xF000
            guard known, scale <= 0x3FFF, field.byteCount == 8 + 2 * digits else { throw malformed("numeric", field) }
        }
    }

    /// Whether a `numeric` is a number: neither NaN nor ±Infinity.
    public static func isFinite(numeric field: RawSpan) throws(PostgresError) -> Bool {
        try Numeric(field).sign & 0x8000 == 0
    }

    /// The number of bytes that `numericText` appends at most; not over 150,000.
    public static func numericTextCapacity(_ field: RawSpan) throws(PostgresError) -> Int {
        let numeric = try Numeric(field)
        return 16 + 4 * max(numeric.weight + 1, 1) + numeric.scale
    }

    /// A `numeric` with exactly the digits that PostgreSQL prints; "NaN", "Infinity" and "-Infinity" for what is no number.
    public static func numericText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        let numeric = try Numeric(field)
        switch numeric.sign {
        case 0xC000: return append("NaN", to: &text)
        case 0xD000: return append("Infinity", to: &text)
        case 0xF000: return append("-Infinity", to: &text)
        case 0x4000: text.append(UInt8(ascii: "-"))
        default: break
        }
        // The digits before the point, without leading zeros.
        var hasDigits = false
        var place = numeric.weight
        while place >= 0 {
            let digit = try digit(at: place, of: numeric, field)
            appendDigits(digit, count: hasDigits ? 4 : 0, to: &text)
            if digit != 0 { hasDigits = true }
            place -= 1
        }
        if !hasDigits { text.append(UInt8(ascii: "0")) }
        guard numeric.scale > 0 else { return }
        text.append(UInt8(ascii: "."))
        var left = numeric.scale
        place = -1
        while left > 0 {
            let digit = try digit(at: place, of: numeric, field)
            if left >= 4 {
                appendDigits(digit, count: 4, to: &text)
            } else {
                // PostgreSQL cuts what goes beyond the scale; well-formed values have zeros there.
                let divisor = left == 3 ? 10 : left == 2 ? 100 : 1000
                appendDigits(digit / divisor, count: left, to: &text)
            }
            left -= 4
            place -= 1
        }
    }

    /// The base-10000 digit at a power of 10000; 0 where none is stored.
    private static func digit(at place: Int, of numeric: Numeric, _ field: RawSpan) throws(PostgresError) -> Int {
        let index = numeric.weight - place
        guard index >= 0, index < numeric.digits else { return 0 }
        let digit = unsafe Int(
            UInt16(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 8 + 2 * index, as: UInt16.self)))
        guard digit < 10000 else { throw malformed("numeric", field) }
        return digit
    }

    /// Appends a number below 10^9 in at least `count` digits; with 0, nothing for zero.
    static func appendDigits(_ value: Int, count: Int, to text: inout OutputSpan<UInt8>) {
        var divisor = 1
        var digits = 1
        while divisor <= value / 10 {
            divisor *= 10
            digits += 1
        }
        if value == 0 { digits = 0 }
        for _ in 0..<max(0, count - digits) { text.append(UInt8(ascii: "0")) }
        if value == 0 { return }
        var rest = value
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    static func append(_ string: StaticString, to text: inout OutputSpan<UInt8>) {
        string.withUTF8Buffer { bytes in
            for index in bytes.indices { unsafe text.append(bytes[index]) }
        }
    }
}
