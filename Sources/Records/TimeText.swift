/// Days and moments as text: ISO 8601, UTC.
public enum TimeText {
    static let microsecondsPerDay: Int64 = 86_400_000_000
    /// 0001-01-01 and 9999-12-31, in days since 2000-01-01.
    private static let firstDay: Int64 = -730_119
    private static let lastDay: Int64 = 2_921_939

    /// Whether a moment is of the years 1 to 9999, which every warehouse's text has; the infinities are not.
    ///
    /// - Parameter timestamp: microseconds since 2000-01-01 UTC.
    public static func isRepresentable(timestamp: Int64) -> Bool {
        timestamp >= firstDay * microsecondsPerDay && timestamp < (lastDay + 1) * microsecondsPerDay
    }

    /// Whether a day is of the years 1 to 9999.
    ///
    /// - Parameter daysSince2000: days since 2000-01-01.
    public static func isRepresentable(daysSince2000: Int64) -> Bool {
        daysSince2000 >= firstDay && daysSince2000 <= lastDay
    }

    /// Appends a moment: `2026-01-01T00:00:00.123456Z`, 27 bytes.
    ///
    /// - Parameters:
    ///   - microseconds: since 2000-01-01 UTC, of the years 1 to 9999.
    ///   - text: takes the bytes.
    public static func timestamp(_ microseconds: Int64, to text: inout OutputSpan<UInt8>) {
        precondition(text.freeCapacity >= 27, "A timestamp takes 27 bytes.")
        unsafe text.withUnsafeMutableBufferPointer { buffer, count in
            guard let start = buffer.baseAddress else { return }
            let (day, rest) = split(microseconds)
            unsafe writeDate(day, start + count)
            unsafe writeTime(rest, start + count + 10)
            count += 27
        }
    }

    /// Appends a day: `2026-01-01`, 10 bytes.
    ///
    /// - Parameters:
    ///   - daysSince2000: days since 2000-01-01, of the years 1 to 9999.
    ///   - text: takes the bytes.
    public static func date(_ daysSince2000: Int64, to text: inout OutputSpan<UInt8>) {
        precondition(text.freeCapacity >= 10, "A date takes 10 bytes.")
        unsafe text.withUnsafeMutableBufferPointer { buffer, count in
            guard let start = buffer.baseAddress else { return }
            unsafe writeDate(daysSince2000, start + count)
            count += 10
        }
    }

    // MARK: - Writing within the module

    /// Writes a day: 10 bytes.
    static func writeDate(_ daysSince2000: Int64, _ out: UnsafeMutablePointer<UInt8>) {
        let date = CivilDate(daysSince2000: daysSince2000)
        unsafe pair(date.year / 100, out)
        unsafe pair(date.year % 100, out + 2)
        unsafe out[4] = UInt8(ascii: "-")
        unsafe pair(date.month, out + 5)
        unsafe out[7] = UInt8(ascii: "-")
        unsafe pair(date.day, out + 8)
    }

    /// Writes what follows the day: `T00:00:00.123456Z`, 17 bytes.
    ///
    /// - Parameters:
    ///   - rest: the microseconds since the day's beginning.
    ///   - out: takes the bytes.
    @inline(__always)
    static func writeTime(_ rest: Int64, _ out: UnsafeMutablePointer<UInt8>) {
        let seconds = Int(rest / 1_000_000)
        let fraction = Int(rest % 1_000_000)
        unsafe out[0] = UInt8(ascii: "T")
        unsafe pair(seconds / 3_600, out + 1)
        unsafe out[3] = UInt8(ascii: ":")
        unsafe pair(seconds / 60 % 60, out + 4)
        unsafe out[6] = UInt8(ascii: ":")
        unsafe pair(seconds % 60, out + 7)
        unsafe out[9] = UInt8(ascii: ".")
        unsafe pair(fraction / 10_000, out + 10)
        unsafe pair(fraction / 100 % 100, out + 12)
        unsafe pair(fraction % 100, out + 14)
        unsafe out[16] = UInt8(ascii: "Z")
    }

    @inline(__always)
    private static func pair(_ number: Int, _ out: UnsafeMutablePointer<UInt8>) {
        unsafe out[0] = UInt8(truncatingIfNeeded: 48 &+ number / 10)
        unsafe out[1] = UInt8(truncatingIfNeeded: 48 &+ number % 10)
    }

    /// The day of a moment and the microseconds since its beginning.
    static func split(_ microseconds: Int64) -> (day: Int64, rest: Int64) {
        var day = microseconds / microsecondsPerDay
        if microseconds % microsecondsPerDay < 0 { day -= 1 }
        return (day, microseconds &- day &* microsecondsPerDay)
    }

    // MARK: - Reading

    /// Reads `YYYY-MM-DD`: days since 2000-01-01; nil for anything else.
    static func parseDate(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard text.count == 10, unsafe text[4] == UInt8(ascii: "-"), unsafe text[7] == UInt8(ascii: "-"),
            let year = unsafe number(text, 0, 4), let month = unsafe number(text, 5, 2),
            let day = unsafe number(text, 8, 2), year > 0
        else { return nil }
        return CivilDate(year: year, month: month, day: day)?.daysSince2000
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.f…](Z|±hh[:mm])`: microseconds since 2000-01-01 UTC.
    ///
    /// - Returns: nil for anything else: no zone, more than six digits of a second, a moment that is in no calendar.
    static func parseTimestamp(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard text.count >= 20, let day = unsafe parseDate(UnsafeBufferPointer(rebasing: text[..<10])),
            unsafe text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: " "),
            unsafe text[13] == UInt8(ascii: ":"), unsafe text[16] == UInt8(ascii: ":"),
            let hour = unsafe number(text, 11, 2), let minute = unsafe number(text, 14, 2),
            let second = unsafe number(text, 17, 2), hour < 24, minute < 60, second < 60
        else { return nil }
        var index = 19
        var fraction = 0
        if unsafe text[index] == UInt8(ascii: ".") {
            var digits = 0
            index += 1
            while index < text.count, let digit = unsafe number(text, index, 1) {
                fraction = fraction * 10 + digit
                digits += 1
                index += 1
                if digits > 6 { return nil }
            }
            guard digits > 0 else { return nil }
            for _ in digits..<6 { fraction *= 10 }
        }
        guard let zone = unsafe parseZone(UnsafeBufferPointer(rebasing: text[index...])) else { return nil }
        let seconds = Int64(hour * 3_600 + minute * 60 + second - zone)
        let moment = day * microsecondsPerDay + seconds * 1_000_000 + Int64(fraction)
        return isRepresentable(timestamp: moment) ? moment : nil
    }

    /// Reads `Z`, `±hh`, `±hhmm` or `±hh:mm`: seconds east of UTC.
    private static func parseZone(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let first = unsafe text.first else { return nil }
        if first == UInt8(ascii: "Z") { return text.count == 1 ? 0 : nil }
        guard first == UInt8(ascii: "+") || first == UInt8(ascii: "-"), let hours = unsafe number(text, 1, 2),
            hours < 24
        else { return nil }
        var minutes = 0
        switch text.count {
        case 3: break
        case 5:
            guard let number = unsafe number(text, 3, 2) else { return nil }
            minutes = number
        case 6:
            guard unsafe text[3] == UInt8(ascii: ":"), let number = unsafe number(text, 4, 2) else { return nil }
            minutes = number
        default: return nil
        }
        guard minutes < 60 else { return nil }
        return (hours * 3_600 + minutes * 60) * (first == UInt8(ascii: "-") ? -1 : 1)
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ from: Int, _ digits: Int) -> Int? {
        guard from + digits <= text.count else { return nil }
        var value = 0
        for index in from..<from + digits {
            let digit = unsafe text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
