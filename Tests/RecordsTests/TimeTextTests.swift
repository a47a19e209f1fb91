import Records
import Testing

@Suite("TimeText")
struct TimeTextTests {
    @Test(
        "a moment is written as UTC with six digits of a second",
        arguments: [
            (0, "2000-01-01T00:00:00.000000Z"), (-1, "1999-12-31T23:59:59.999999Z"), (1, "2000-01-01T00:00:00.000001Z"),
            (-946_684_800_000_000, "1970-01-01T00:00:00.000000Z"),
            (5_184_000_000_000 - 86_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (86_399_999_999, "2000-01-01T23:59:59.999999Z"), (-63_082_281_600_000_000, "0001-01-01T00:00:00.000000Z"),
            (252_455_615_999_999_999, "9999-12-31T23:59:59.999999Z"),
            (3_160_857_600_000_000, "2100-03-01T00:00:00.000000Z"),
            (820_454_400_123_456, "2025-12-31T00:00:00.123456Z"),
            (-3_155_673_600_000_000, "1900-01-01T00:00:00.000000Z"),
        ])
    func timestamps(microseconds: Int64, text: String) throws {
        var buffer = ByteBuffer()
        buffer.append(addingCapacity: 27) { TimeText.timestamp(microseconds, to: &$0) }
        #expect(buffer.string == text)
        #expect(TimeText.isRepresentable(timestamp: microseconds))
        // The flattener reads it as the same moment.
        #expect(try FlattenedRow("{\"t\":\"\(text)\"}", [(["t"], .timestamp)]).cells == [text])
    }

    @Test("random moments are written and read as the same", arguments: [1, 2])
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let moment = Int64.random(in: -63_082_281_600_000_000...252_455_615_999_999_999, using: &random)
            var json = ByteBuffer()
            json.append("{\"t\":\"")
            json.append(addingCapacity: 27) { TimeText.timestamp(moment, to: &$0) }
            json.append("\"}")
            var batch = RowBatch(columns: [Column(name: "t", type: .timestamp)], rowCapacity: 1)
            var flattener = Flattener(
                source: "p", targets: [FlattenTarget(path: ["t"], column: 0, type: .timestamp)], depth: 1)
            var extra = ExtraObject()
            batch.addRow()
            try flattener.flatten(json.bytes, into: &batch, extra: &extra)
            #expect(batch.state(0, 0) == .value && batch.int64(0, 0) == moment)
        }
    }

    @Test("the years 1 to 9999 can be written, the infinities and all others cannot")
    func representable() {
        #expect(!TimeText.isRepresentable(timestamp: .max) && !TimeText.isRepresentable(timestamp: .min))
        #expect(!TimeText.isRepresentable(timestamp: -63_082_281_600_000_001))
        #expect(!TimeText.isRepresentable(timestamp: 252_455_616_000_000_000))
        #expect(TimeText.isRepresentable(daysSince2000: -730_119) && !TimeText.isRepresentable(daysSince2000: -730_120))
        #expect(
            TimeText.isRepresentable(daysSince2000: 2_921_939) && !TimeText.isRepresentable(daysSince2000: 2_921_940))
        #expect(!TimeText.isRepresentable(daysSince2000: .max) && !TimeText.isRepresentable(daysSince2000: .min))
    }

    @Test("encoding a batch writes the same text as one moment alone, whatever day came before")
    func cachedDays() {
        let columns = [Column(name: "t", type: .timestamp), Column(name: "d", type: .date)]
        var batch = RowBatch(columns: columns, rowCapacity: 300)
        var random = SeededGenerator(seed: 9)
        var expected = ""
        for _ in 0..<300 {
            let day = Int64.random(in: -2...2, using: &random)
            let moment = day * 86_400_000_000 + Int64.random(in: 0..<86_400_000_000, using: &random)
            batch.addRow()
            batch.set(0, int64: moment)
            batch.set(1, int64: -day)
            var text = ByteBuffer()
            text.append(addingCapacity: 37) {
                TimeText.timestamp(moment, to: &$0)
                TimeText.date(-day, to: &$0)
            }
            expected += text.string.prefix(27) + "," + text.string.dropFirst(27) + "\n"
        }
        var text = ByteBuffer()
        let rows = (0..<Int32(300)).map { $0 }
        RowEncoder(format: .csv(CSVOptions()), columns: columns).encode(batch, rows: rows.span, into: &text)
        #expect(text.string == expected)
    }
}
