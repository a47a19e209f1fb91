import CPostgres

/// Floats as PostgreSQL 12 and later print them with `extra_float_digits` at its default: the fewest digits that read back
/// the same, plain from 0.0001 to below 10^15 (float4: 10^6), with an exponent of two digits or more otherwise.
/// Source: `double_to_shortest_decimal_buf`, `float_to_shortest_decimal_buf` in d2s.c, f2s.c.
extension Field {
    /// The number of bytes that `floatText` appends at most.
    public static var floatTextCapacity: Int { 32 }

    /// A `float4` or `float8`, told apart by the length: "1", "0.1", "1e+20", "NaN", "Infinity", "-0".
    public static func floatText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        switch field.byteCount {
        case 4:
            let value = unsafe Float(bitPattern: UInt32(bigEndian: field.unsafeLoadUnaligned(as: UInt32.self)))
            append(value, description: value.description, plainBelow: 6, to: &text)
        case 8:
            let value = unsafe Double(bitPattern: UInt64(bigEndian: field.unsafeLoadUnaligned(as: UInt64.self)))
            append(value, description: value.description, plainBelow: 15, to: &text)
        default: throw malformed("float", field)
        }
    }

    private static func append<Value: BinaryFloatingPoint>(
        _ value: Value, description: String, plainBelow limit: Int, to text: inout OutputSpan<UInt8>
    ) {
        if value.isNaN { return append("NaN", to: &text) }
        if value.sign == .minus { text.append(UInt8(ascii: "-")) }
        if value.isInfinite { return append("Infinity", to: &text) }
        if value.isZero { return text.append(UInt8(ascii: "0")) }
        var decimal = ShortestDecimal(description)
        let value = BinaryValue(value)
        if decimal.isBorder(of: value) { decimal = .inside(value, digits: decimal.count) }
        decimal.append(plainBelow: limit, to: &text)
    }
}

/// 0.d1d2d3… × 10^point, with neither leading nor trailing zeros.
private struct ShortestDecimal {
    /// The digits as one number: 17 digits at most.
    var digits: UInt64 = 0
    var count = 0
    var point = 0

    /// Reads Swift's description of a finite number, which has the fewest digits that read back the same.
    init(_ description: String) {
        var exponent = 0
        var isExponentNegative = false
        var zeros = 0
        var hasPoint = false
        var inExponent = false
        for byte in description.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9") where inExponent:
                exponent = exponent * 10 + Int(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "0"):
                if count > 0 { zeros += 1 }
                if count == 0 { point -= hasPoint ? 1 : 0 } else { point += hasPoint ? 0 : 1 }
            case UInt8(ascii: "1")...UInt8(ascii: "9"):
                for _ in 0..<zeros { digits *= 10 }
                count += zeros + 1
                zeros = 0
                digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
                point += hasPoint ? 0 : 1
            case UInt8(ascii: "."): hasPoint = true
            case UInt8(ascii: "e"): inExponent = true
            case UInt8(ascii: "-") where inExponent: isExponentNegative = true
            default: break
            }
        }
        point += isExponentNegative ? -exponent : exponent
    }

    /// Whether this is exactly one of the two borders between the value and its neighbours.
    ///
    /// Such a decimal reads back right only by "round half to even", which PostgreSQL does not rely on (d2s.c, acceptBounds).
    func isBorder(of value: BinaryValue) -> Bool {
        let exponent = point - count
        guard abs(exponent) <= 27 else { return false }
        var fives: UInt128 = 1
        for _ in 0..<abs(exponent) { fives *= 5 }
        let twos = digits.trailingZeroBitCount
        let odd = UInt128(digits >> twos)
        return value.borders.contains { border in
            guard twos + exponent == border.exponent else { return false }
            let significand = UInt128(border.significand)
            return exponent >= 0 ? odd * fives == significand : odd == significand * fives
        }
    }

    /// The decimal of the fewest digits, more than `digits`, that is nearer to the value than either border.
    static func inside(_ value: BinaryValue, digits: Int) -> ShortestDecimal {
        var decimal = ShortestDecimal("")
        for count in digits + 1...max(17, digits + 1) {
            decimal = ShortestDecimal(value.rounded(toDigits: count))
            if value.isReadBack(from: decimal), !decimal.isBorder(of: value) { break }
        }
        return decimal
    }

    func append(plainBelow limit: Int, to text: inout OutputSpan<UInt8>) {
        var scale: UInt64 = 1
        for _ in 1..<max(count, 1) { scale *= 10 }
        var rest = digits
        let exponent = point - 1
        if exponent >= -4, exponent < limit {
            if point <= 0 {
                text.append(UInt8(ascii: "0"))
                text.append(UInt8(ascii: "."))
                for _ in point..<0 { text.append(UInt8(ascii: "0")) }
            }
            for index in 0..<count {
                if index == point, point > 0 { text.append(UInt8(ascii: ".")) }
                text.append(UInt8(ascii: "0") + UInt8(rest / scale))
                rest %= scale
                scale /= 10
            }
            if point > count { for _ in count..<point { text.append(UInt8(ascii: "0")) } }
            return
        }
        for index in 0..<count {
            if index == 1 { text.append(UInt8(ascii: ".")) }
            text.append(UInt8(ascii: "0") + UInt8(rest / scale))
            rest %= scale
            scale /= 10
        }
        text.append(UInt8(ascii: "e"))
        text.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        Field.appendDigits(abs(exponent), count: 2, to: &text)
    }
}

/// A positive number as significand × 2^exponent.
private struct BinaryValue {
    let significand: UInt64
    let exponent: Int
    /// Whether the neighbour below is only half as far as the one above: at powers of two.
    let isLowerCloser: Bool
    let value: Double
    let isFloat: Bool

    init<Value: BinaryFloatingPoint>(_ value: Value) {
        isFloat = Value.significandBitCount == 23
        let fraction = UInt64(value.significandBitPattern)
        let biased = Int(value.exponentBitPattern)
        significand = biased == 0 ? fraction : fraction | 1 << UInt64(Value.significandBitCount)
        exponent = max(biased, 1) - (1 << (Value.exponentBitCount - 1)) + 1 - Value.significandBitCount
        isLowerCloser = fraction == 0 && biased > 1
        self.value = Double(value.magnitude)
    }

    /// Halfway to the neighbours above and below; the significands are odd.
    var borders: [(significand: UInt64, exponent: Int)] {
        [
            (2 * significand + 1, exponent - 1),
            isLowerCloser ? (4 * significand - 1, exponent - 2) : (2 * significand - 1, exponent - 1),
        ]
    }

    /// The value's correctly rounded digits, as C's `%e` prints them.
    func rounded(toDigits count: Int) -> String {
        var buffer: [CChar] = Array(repeating: 0, count: 64)
        let length = unsafe pg_print_digits(&buffer, buffer.count, Int32(count), value)
        return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func isReadBack(from decimal: ShortestDecimal) -> Bool {
        let text = "\(decimal.digits)e\(decimal.point - decimal.count)"
        return isFloat ? Float(text).map { Double($0) } == value : Double(text) == value
    }
}
