import Foundation
import Lake
import Pipeline
import Postgres
import Testing

@testable import Export

@Suite("A floor is below every row of its window")
struct FloorTests {
    private static let hour: Int64 = 3_600_000_000
    private static let column = ColumnInfo(
        name: "created_at", typeName: "timestamptz", type: .timestamptz, notNull: true)

    private func floor(
        low: Int64?, marks: [HorizonMark], next: Int64 = 2_000, reason: String? = nil, clientTime: Bool = false,
        notNull: Bool = true, type: PostgresType = .timestamptz
    ) -> Floor {
        var column = Self.column
        column.type = type
        column.notNull = notNull
        return Floor(
            low: low, prune: PruneSpec(column: "created_at", clientTime: clientTime), column: column, zone: "UTC",
            marks: marks,
            horizon: Horizon(
                window: WindowPlan(high: next, next: next, takenAt: Date()), holder: nil, withoutFloor: reason,
                withoutCursor: nil, cursorWaits: nil, oldest: 0))
    }

    private let marks = [
        HorizonMark(next: 100, oldest: 10 * hour, taken: 11 * hour),
        HorizonMark(next: 200, oldest: 20 * hour, taken: 21 * hour),
        HorizonMark(next: 300, oldest: 30 * hour, taken: 31 * hour),
    ]

    @Test("It comes from the newest run whose snapshot ended at or below the window's beginning, less the lookback")
    func newest() {
        #expect(floor(low: 200, marks: marks).bound?.from == 19 * Self.hour)
        #expect(floor(low: 299, marks: marks).bound?.from == 19 * Self.hour)
        #expect(floor(low: 300, marks: marks).bound?.from == 29 * Self.hour)
        #expect(floor(low: 99, marks: marks).bound == nil)
    }

    @Test("A leaf that is read from its beginning has none")
    func beginning() { #expect(floor(low: nil, marks: marks).bound == nil) }

    @Test("A run that did not know who was writing gives none, and the reason is told")
    func unknown() {
        let marks = [HorizonMark(next: 100, oldest: nil, taken: 11 * Self.hour)]
        let none = floor(low: 100, marks: marks, reason: "hidden")
        #expect(none.bound == nil && none.reason == "hidden")
        #expect(floor(low: 100, marks: marks, clientTime: true).bound?.from == 10 * Self.hour)
    }

    @Test(
        "A column without a zone holds its writers' local time, and a date its first moment: the floor is lower there")
    func withoutZone() {
        #expect(floor(low: 300, marks: marks, type: .timestamp).bound?.from == 3 * Self.hour)
        #expect(floor(low: 300, marks: marks, type: .date).bound?.from == -21 * Self.hour)
        // The transaction began at 30:00 in UTC; in the westernmost zone that was the day before.
        #expect(floor(low: 300, marks: marks, type: .date).bound?.condition == "t.\"created_at\" >= '2000-01-01'")
    }

    @Test("Once ids are given again, rows that are a day too old are not taken for new")
    func wrapped() {
        let marks = [HorizonMark(next: 100, oldest: nil, taken: 50 * Self.hour)]
        #expect(floor(low: 100, marks: marks, next: 1 << 33).bound?.from == 25 * Self.hour)
    }

    @Test("Rows without a time stay in the window where the column allows them")
    func nulls() {
        #expect(floor(low: 300, marks: marks, notNull: false).bound?.condition.hasSuffix("IS NULL)") == true)
        #expect(floor(low: 300, marks: marks).bound?.condition.contains("NULL") == false)
    }

    @Test("A range of a column in another zone is exact, with a coarse condition that an index serves")
    func zones() {
        let bound = TimeBound(
            column: "at", type: "timestamp", zone: "Europe/Berlin", from: 0, to: 24 * Self.hour)
        #expect(
            bound.condition
                == """
                (t."at" AT TIME ZONE 'Europe/Berlin') >= '2000-01-01T00:00:00.000000Z'::timestamptz AND \
                t."at" >= '1999-12-31T00:00:00.000000Z'::timestamp AND \
                (t."at" AT TIME ZONE 'Europe/Berlin') < '2000-01-02T00:00:00.000000Z'::timestamptz AND \
                t."at" < '2000-01-03T00:00:00.000000Z'::timestamp
                """)
        let days = TimeBound(column: "day", type: "date", from: Self.hour, to: 24 * Self.hour)
        #expect(days.condition == "t.\"day\" >= '2000-01-02' AND t.\"day\" < '2000-01-02'")
    }
}
