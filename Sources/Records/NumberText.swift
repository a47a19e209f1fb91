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

    /// The longest number that is read as a double, in bytes.
    private static let longestDouble = 511

    /// A number as a double; nil when it is too large for one, or too long.
    static func double(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard text.count <= longestDouble, unsafe isNumber(text) else { return nil }
        // Unlike strtod this knows no locale.
        guard let value = Double(unsafe String(decoding: text, as: UTF8.self)) else { return nil }
        return value.isFinite ? value : nil
    }

    /// Appends a whole number's digits.
    @inline(__always)
    static func append(_ value: Int64, to text: inout ByteBuffer) {
        text.reserve(room)
        text.advance(unsafe write(value, to: text.end))
    }

    /// What ``write(_:to:)`` needs, in bytes.
    private static let room = 48

    /// Writes a whole number's digits and returns how many bytes they are.
    @inline(__always)
    private static func write(_ value: Int64, to start: UnsafeMutablePointer<UInt8>) -> Int {
        // From the last digit on, behind where they will stand.
        let end = unsafe start + room
        var next = unsafe end
        var rest = value.magnitude
        repeat {
            unsafe next -= 1
            unsafe next.pointee = UInt8(truncatingIfNeeded: rest % 10) &+ UInt8(ascii: "0")
            rest /= 10
        } while rest > 0
        if value < 0 {
            unsafe next -= 1
            unsafe next.pointee = UInt8(ascii: "-")
        }
        let count = unsafe end - next
        unsafe Wide.copy(next, count, to: start)
        return count
    }

    /// Appends the shortest digits that read back as the same double: `1`, `0.1`, `1e+20`.
    static func append(_ value: Double, to text: inout ByteBuffer) {
        var digits = value.description
        if digits.hasSuffix(".0") { digits.removeLast(2) }
        digits.withUTF8 { unsafe text.append(start: $0.baseAddress, count: $0.count) }
    }
}
