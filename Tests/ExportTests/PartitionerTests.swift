import Lake
import Testing

@testable import Export

@Suite("Output partitions")
struct PartitionerTests {
    static let day: Int64 = 86_400_000_000

    private func partition(_ parts: [PartitionPlan], _ rows: [(inout Partitioner) -> Void]) -> ([Int32], [[String]]) {
        var partitioner = Partitioner(parts: parts)
        let numbers = rows.map { row in
            partitioner.beginRow()
            row(&partitioner)
            return partitioner.endRow()
        }
        return (numbers, partitioner.paths)
    }

    @Test(
        "A moment is cut in UTC, also before 2000 and at the day's last microsecond",
        arguments: [
            (PartitionPlan.Unit.day, 0, "2000-01-01"), (.day, -1, "1999-12-31"), (.day, day - 1, "2000-01-01"),
            (.day, day, "2000-01-02"), (.hour, 13 * 3_600_000_000, "2000-01-01-13"), (.hour, -1, "1999-12-31-23"),
            (.month, 31 * day, "2000-02"), (.year, 366 * day, "2001"),
        ] as [(PartitionPlan.Unit, Int64, String)])
    func moments(unit: PartitionPlan.Unit, moment: Int64, folder: String) {
        let (_, paths) = partition([PartitionPlan(field: "at", by: unit, name: "d")]) {
            [{ $0.add(moment: moment, by: unit) }]
        }
        #expect(paths == [["d=\(folder)"]])
    }

    private func partition(
        _ parts: [PartitionPlan], _ rows: () -> [(inout Partitioner) -> Void]
    ) -> ([Int32], [[String]]) { partition(parts, rows()) }

    @Test("Days of one month are one partition, and rows find theirs again")
    func monthsJoin() {
        let (numbers, paths) = partition([PartitionPlan(field: "at", by: .month, name: "m")]) {
            [
                { $0.add(moment: 0, by: .month) }, { $0.add(moment: 40 * Self.day, by: .month) },
                { $0.add(moment: 2 * Self.day, by: .month) }, { $0.add(moment: nil, by: .month) },
            ]
        }
        #expect(numbers == [0, 1, 0, 2])
        #expect(paths == [["m=2000-01"], ["m=2000-02"], ["m=__HIVE_DEFAULT_PARTITION__"]])
    }

    @Test("NULL, infinity and years that no folder can name go to Hive's default partition")
    func unnameable() {
        let (numbers, paths) = partition([PartitionPlan(field: "at", by: .day, name: "d")]) {
            [
                { $0.add(moment: nil, by: .day) }, { $0.add(moment: .max, by: .day) },
                { $0.add(moment: -3_000 * 365 * Self.day, by: .day) },
            ]
        }
        #expect(numbers == [0, 0, 0])
        #expect(paths == [["d=__HIVE_DEFAULT_PARTITION__"]])
    }

    @Test(
        "A value is one folder, whatever it says: nobody climbs out of the destination",
        arguments: [
            ("org-1", "org-1"), ("../../x", "..%2F..%2Fx"), ("..", "%2E%2E"), (".", "%2E"), ("a/b", "a%2Fb"),
            ("a=b c", "a%3Db%20c"), ("", "__HIVE_DEFAULT_PARTITION__"), ("\u{0}", "%00"), ("é", "%C3%A9"),
            ("1.5", "1.5"),
        ])
    func pathSafe(value: String, folder: String) {
        #expect(PathText.escape(value) == folder)
    }

    @Test("Very long values stay apart in short folders")
    func longValues() {
        let first = PathText.escape(String(repeating: "a", count: 5_000) + "1")
        let second = PathText.escape(String(repeating: "a", count: 5_000) + "2")
        #expect(first != second)
        #expect(first.utf8.count < 250)
    }

    @Test("NULL and an empty text share a folder, and texts that end alike do not")
    func textKeys() {
        var partitioner = Partitioner(parts: [
            PartitionPlan(field: "a", by: .value, name: "a"), PartitionPlan(field: "b", by: .value, name: "b"),
        ])
        func add(_ a: [UInt8]?, _ b: [UInt8]?) -> Int32 {
            partitioner.beginRow()
            for text in [a, b] {
                if let text { partitioner.add(text: text.span.bytes) } else { partitioner.add(text: nil) }
            }
            return partitioner.endRow()
        }
        #expect(add([97], [98, 99]) == 0)
        #expect(add([97, 98], [99]) == 1)
        #expect(add([97], [98, 99]) == 0)
        #expect(add(nil, [99]) == 2)
        #expect(add([], [99]) == 2)
        #expect(partitioner.paths[1] == ["a=ab", "b=c"])
    }
}
