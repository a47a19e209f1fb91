import Records
import Testing

@Suite("CivilDate")
struct CivilDateTests {
    @Test(
        "a day has the date that PostgreSQL prints for it",
        arguments: [
            (0, 2000, 1, 1), (59, 2000, 2, 29), (60, 2000, 3, 1), (-1, 1999, 12, 31), (366, 2001, 1, 1),
            (-10_957, 1970, 1, 1), (36_583, 2100, 2, 28), (36_584, 2100, 3, 1), (-730_119, 1, 1, 1),
            (-730_120, 0, 12, 31), (2_921_939, 9999, 12, 31), (-2_451_545, -4713, 11, 24),
        ])
    func knownDays(day: Int64, year: Int, month: Int, dayOfMonth: Int) {
        let date = CivilDate(daysSince2000: day)
        #expect(date.year == year)
        #expect(date.month == month)
        #expect(date.day == dayOfMonth)
        #expect(CivilDate(year: year, month: month, day: dayOfMonth)?.daysSince2000 == day)
    }

    @Test("every day of the years 1 to 9999 follows the one before it and finds its number again")
    func wholeRange() {
        var before = CivilDate(daysSince2000: -730_120)
        for day in Int64(-730_119)...2_921_939 {
            let date = CivilDate(daysSince2000: day)
            let isNext =
                date.day == before.day + 1 && date.month == before.month && date.year == before.year
                || date.day == 1 && date.month == before.month + 1 && date.year == before.year
                || date.day == 1 && date.month == 1 && before.month == 12 && date.year == before.year + 1
            guard isNext, date.daysSince2000 == day,
                CivilDate(year: date.year, month: date.month, day: date.day)?.daysSince2000 == day
            else {
                Issue.record("day \(day) became \(date)")
                return
            }
            before = date
        }
        #expect(before == CivilDate(year: 9999, month: 12, day: 31))
    }

    @Test(
        "a date that is in no calendar is none",
        arguments: [
            (2023, 2, 29), (1900, 2, 29), (2024, 2, 30), (2024, 4, 31), (2024, 0, 1), (2024, 13, 1), (2024, 1, 0),
            (2024, 1, 32), (2024, 1, -1),
        ])
    func impossibleDates(year: Int, month: Int, day: Int) {
        #expect(CivilDate(year: year, month: month, day: day) == nil)
    }

    @Test("leap days are there every four years, not in centuries, but every four centuries")
    func leapDays() {
        for year in [2024, 2000, 1600, 400, 4, 0] { #expect(CivilDate(year: year, month: 2, day: 29) != nil) }
        for year in [2023, 1900, 2100, 100, 1] { #expect(CivilDate(year: year, month: 2, day: 29) == nil) }
    }
}
