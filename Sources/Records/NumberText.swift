#if canImport(Glibc)
    import Glibc
#endif

/// Numbers as JSON and PostgreSQL write them.
enum NumberText {
    /// Whether a number fits decimal(precision, scale) without rounding: digits beyond the scale must all be zero.
    ///
    /// - Parameters:
    ///   - number: the number, scanned.
    ///   - end: behind its last byte.
    ///   - precision: the digits in all.
    ///   - scale: those behind the point.
    static func fits(
        _ number: JSONScanner.Number, end: UnsafePointer<UInt8>, precision: Int, scale: Int
    ) -> Bool {
        if number.hasExponent { return false }
        let excess = number.fractionDigits - scale
        if excess > 0 {
            for index in 1...excess where unsafe end[-index] != UInt8(ascii: "0") { return false }
        }
        // Only a zero begins with one, and it needs no digit before the point.
        let isZero = number.wholeDigits == 1 && number.magnitude == 0
        return (isZero ? 0 : number.wholeDigits) <= precision - scale
    }

    /// The longest number that is read as a double, in bytes.
    static let longestDouble = 1_023

    private static func powerOfTen(_ exponent: Int) -> Double {
        // Ten to the 22nd is the last power of ten that a double holds exactly.
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }

    /// A number as the nearest double.
    ///
    /// - Parameters:
    ///   - start: its first byte.
    ///   - count: its length in bytes.
    ///   - number: the number, scanned.
    /// - Returns: nil when it is too large for a double, or longer than ``longestDouble``.
    static func double(_ start: UnsafePointer<UInt8>, _ count: Int, _ number: JSONScanner.Number) -> Double? {
        let digits = number.wholeDigits + number.fractionDigits
        if !number.hasExponent, digits <= 15 {
            // Both the digits and the power of ten are exact, so one division rounds once (Clinger 1990).
            var magnitude = number.magnitude
            if number.fractionDigits > 0 {
                for index in (count - number.fractionDigits)..<count {
                    magnitude = unsafe magnitude &* 10 &+ UInt64(start[index] &- 48)
                }
            }
            let value = Double(magnitude) / powerOfTen(number.fractionDigits)
            return number.isNegative ? -value : value
        }
        guard count <= longestDouble else { return nil }
        let value = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { copy in
            guard let first = copy.baseAddress else { return Double.nan }
            unsafe memcpy(first, start, count)
            unsafe first[count] = 0
            return unsafe strtod(first, nil)
        }
        return value.isFinite ? value : nil
    }

    /// Eight decimal digits, the first one lowest, as values 0 to 9.
    ///
    /// Source: the divide-and-conquer of "jeaiii" and Khuong's "How to print integers really fast".
    @inline(__always)
    private static func eightDigits(_ value: UInt64) -> UInt64 {
        let high = value / 10_000
        let low = value &- high &* 10_000
        let pairs = high | low << 32
        let tops = ((pairs &* 10_486) >> 20) & 0x7F_0000_007F
        let hundreds = ((pairs &- 100 &* tops) << 16) &+ tops
        let tens = ((hundreds &* 103) >> 10) & 0x000F_000F_000F_000F
        return tens &+ ((hundreds &- 10 &* tens) << 8)
    }

    /// Writes a whole number's digits: at most 20 bytes, and up to 8 behind them are touched.
    @inline(__always)
    static func write(_ value: Int64, _ out: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var out = unsafe out
        let magnitude = value.magnitude
        if value < 0 {
            unsafe out.pointee = UInt8(ascii: "-")
            unsafe out += 1
        }
        if magnitude < 100_000_000 { return unsafe writeLeading(magnitude, out) }
        return unsafe writeLong(magnitude, out)
    }

    @inline(never)
    private static func writeLong(
        _ magnitude: UInt64, _ out: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let high = magnitude / 100_000_000
        let start = unsafe high < 100_000_000 ? writeLeading(high, out) : writeLong(high, out)
        unsafe Wide.store(eightDigits(magnitude % 100_000_000) | 0x3030_3030_3030_3030, start)
        return unsafe start + 8
    }

    @inline(__always)
    private static func writeLeading(
        _ value: UInt64, _ out: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let digits = eightDigits(value)
        let zeros = min(digits.trailingZeroBitCount >> 3, 7)
        unsafe Wide.store((digits | 0x3030_3030_3030_3030) >> UInt64(zeros &* 8), out)
        return unsafe out + (8 &- zeros)
    }

    /// Appends the shortest digits that read back as the same double, as JSON and PostgreSQL write them: `1`, `0.1`,
    /// `1e+20`. What is not finite becomes a JSON string when `quotes`, as PostgreSQL's `to_json` makes it.
    static func append(_ value: Double, quotes: Bool, to text: inout ByteBuffer) {
        guard value.isFinite else {
            if quotes { text.append(UInt8(ascii: "\"")) }
            text.append(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
            if quotes { text.append(UInt8(ascii: "\"")) }
            return
        }
        // Up to 15 characters a String is no allocation.
        var digits = value.description
        if digits.utf8.last == UInt8(ascii: "0"), digits.hasSuffix(".0") { digits.removeLast(2) }
        digits.withUTF8 { unsafe text.append(start: UnsafeRawPointer($0.baseAddress), count: $0.count) }
    }
}
