import Glibc

/// Times as HTTP servers write them, in seconds since 1970.
enum HTTPTime {
    /// Now, by this machine's clock.
    static func now() -> Int { time(nil) }

    /// `20130524T000000Z`.
    static func compact(_ seconds: Int) -> String {
        let (days, second) = seconds.quotientFlooring(secondsOfDay)
        // From days to year, month and day by 400-year periods, with March as a year's first month.
        let (era, day) = (days + 719_468).quotientFlooring(146_097)
        let yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        let date = digits(year, 4) + digits(month, 2) + digits(dayOfYear - (153 * march + 2) / 5 + 1, 2)
        return "\(date)T\(digits(second / 3600, 2))\(digits(second / 60 % 60, 2))\(digits(second % 60, 2))Z"
    }

    /// Reads an HTTP date, `Fri, 24 May 2013 00:00:00 GMT` (RFC 9110 §5.6.7, the form that is sent today).
    static func parse(_ text: String) -> Int? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        guard words.count == 8, words[7] == "GMT", let day = Int(words[1]), let month = months.firstIndex(of: words[2]),
            let year = Int(words[3]), let hour = Int(words[4]), let minute = Int(words[5]), let second = Int(words[6])
        else { return nil }
        return seconds(year, month + 1, day, hour, minute, second)
    }

    /// Reads a listing's time, `2009-10-12T17:50:30.000Z` (ISO 8601), as exactly as it is given.
    static func parseISO(_ text: String) -> Double? {
        guard text.hasSuffix("Z") else { return nil }
        let words = text.dropLast().split(whereSeparator: { "-T:".contains($0) })
        guard words.count == 6, let year = Int(words[0]), let month = Int(words[1]), let day = Int(words[2]),
            let hour = Int(words[3]), let minute = Int(words[4]), let second = Double(words[5]),
            (0..<61).contains(second),
            let start = seconds(year, month, day, hour, minute, 0)
        else { return nil }
        return Double(start) + second
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func seconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int)
        -> Int?
    {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let years = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = years.quotientFlooring(400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return days * secondsOfDay + hour * 3600 + minute * 60 + second
    }

    private static let secondsOfDay = 86_400
}

extension Int {
    /// The quotient rounded down, and the remainder, which so is never negative.
    fileprivate func quotientFlooring(_ divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
