#if canImport(Glibc)
    import Glibc
#endif

/// Numbers as JSON and PostgreSQL write them.
enum NumberText {
    /// A whole number from -2^63 to 2^63 - 1 in its one form, so that printing it gives the same bytes.
    @inline(__always)
    static func int64(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard let start = text.baseAddress, text.count > 0 else { return nil }
        let isNegative = unsafe start[0] == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        let digits = text.count - index
        guard digits > 0, digits <= 19 else { return nil }
        // A zero leads only zero itself, and zero has no sign.
        if unsafe start[index] == UInt8(ascii: "0") { return digits == 1 && !isNegative ? 0 : nil }
        var value: UInt64 = 0
        while index < text.count {
            let digit = unsafe start[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ UInt64(digit)
            index += 1
        }
        if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
        return value < 1 << 63 ? Int64(value) : nil
    }

    /// Whether a text is a number as JSON knows it.
    @inline(__always)
    static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool { unsafe shape(text) != nil }

    /// How a number is written: digits before the point, behind it, and whether there is an exponent.
    @inline(__always)
    static func shape(_ text: UnsafeBufferPointer<UInt8>) -> (whole: Int, fraction: Int, hasExponent: Bool)? {
        var index = 0
        if text.count > 0, unsafe text[0] == UInt8(ascii: "-") { index = 1 }
        let whole = unsafe digits(text, index)
        guard whole > 0 else { return nil }
        if whole > 1, unsafe text[index] == UInt8(ascii: "0") { return nil }
        index += whole
        var fraction = 0
        if index < text.count, unsafe text[index] == UInt8(ascii: ".") {
            fraction = unsafe digits(text, index + 1)
            guard fraction > 0 else { return nil }
            index += 1 + fraction
        }
        var hasExponent = false
        if index < text.count, unsafe text[index] | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            index += 1
            if index < text.count, unsafe text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                index += 1
            }
            let exponent = unsafe digits(text, index)
            guard exponent > 0 else { return nil }
            index += exponent
        }
        return index == text.count ? (whole, fraction, hasExponent) : nil
    }

    @inline(__always)
    private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ from: Int) -> Int {
        var index = from
        while index < text.count, unsafe text[index] &- UInt8(ascii: "0") <= 9 { index += 1 }
        return index - from
    }

    /// Whether a number fits decimal(precision, scale) as it is written.
    static func fits(_ text: UnsafeBufferPointer<UInt8>, precision: Int, scale: Int) -> Bool {
        guard let shape = unsafe shape(text), !shape.hasExponent, shape.fraction <= scale else { return false }
        let isZero = unsafe text[text.count - shape.whole - (shape.fraction > 0 ? shape.fraction + 1 : 0)] == 48
        return (isZero ? 0 : shape.whole) <= precision - scale
    }

    /// The longest number that is read as a double.
    private static let longestDouble = 511

    /// A number as a double; nil when it is too large for one.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard unsafe isNumber(text), text.count <= longestDouble else { return nil }
        let value = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { copy in
            for index in 0..<text.count { unsafe copy[index] = CChar(bitPattern: text[index]) }
            unsafe copy[text.count] = 0
            return unsafe copy.baseAddress.map { unsafe strtod($0, nil) } ?? .nan
        }
        return value.isFinite ? value : nil
    }

    /// Appends a whole number's digits.
    @inline(__always)
    static func append(_ value: Int64, to text: inout ByteBuffer) {
        text.reserve(20)
        var magnitude = value.magnitude
        if value < 0 { text.append(UInt8(ascii: "-")) }
        if magnitude < 10 { return text.append(UInt8(magnitude) + 48) }
        var count = 0
        var rest = magnitude
        while rest > 0 {
            rest /= 10
            count += 1
        }
        let end = unsafe text.end
        var index = count
        while magnitude > 0 {
            index -= 1
            unsafe end[index] = UInt8(magnitude % 10) + 48
            magnitude /= 10
        }
        text.advance(count)
    }

    /// Appends the shortest digits that read back as the same double: `1`, `0.1`, `1e+20`.
    static func append(_ value: Double, to text: inout ByteBuffer) {
        var digits = value.description
        if digits.hasSuffix(".0") { digits.removeLast(2) }
        digits.withUTF8 { unsafe text.append(start: $0.baseAddress, count: $0.count) }
    }
}
