/// A day of the proleptic Gregorian calendar; year 0 is 1 BC.
public struct CivilDate: Sendable, Hashable {
    /// The year.
    public let year: Int
    /// The month, 1 to 12.
    public let month: Int
    /// The day of the month, 1 to 31.
    public let day: Int

    // Days from 0000-03-01, the beginning of a cycle of 400 years, to 2000-01-01.
    private static let offset: Int64 = 730_425
    private static let daysPerCycle: Int64 = 146_097

    /// The date of a day.
    ///
    /// - Parameter daysSince2000: days since 2000-01-01, of any of PostgreSQL's years.
    public init(daysSince2000: Int64) {
        let days = daysSince2000 &+ Self.offset
        let cycle = days >= 0 ? days / Self.daysPerCycle : (days - Self.daysPerCycle + 1) / Self.daysPerCycle
        let dayOfCycle = days - cycle * Self.daysPerCycle
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfCycle + cycle * 400) + (month <= 2 ? 1 : 0)
    }

    /// A date by its parts; nil when the calendar has no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[month - 1] else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days since 2000-01-01.
    public var daysSince2000: Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let cycle = shifted >= 0 ? shifted / 400 : (shifted - 399) / 400
        let yearOfCycle = shifted - cycle * 400
        let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        return cycle * Self.daysPerCycle + dayOfCycle - Self.offset
    }
}
