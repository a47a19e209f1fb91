import Records
import Testing

@Suite("TimeText")
struct TimeTextTests {
    private func timestamp(_ microseconds: Int64) -> String {
        var text = ByteBuffer()
        text.append(addingCapacity: 27) { TimeText.timestamp(microseconds, to: &$0) }
        return text.string
    }

    private func date(_ day: Int64) -> String {
        var text = ByteBuffer()
        text.append(addingCapacity: 12) { TimeText.date(day, to: &$0) }
        return text.string
    }

    @Test(
        "moments are written in UTC with six digits",
        arguments: [
            (0, "2000-01-01T00:00:00.000000Z"), (1, "2000-01-01T00:00:00.000001Z"),
            (-1, "1999-12-31T23:59:59.999999Z"), (86_399_999_999, "2000-01-01T23:59:59.999999Z"),
            (-946_684_800_000_000, "1970-01-01T00:00:00.000000Z"), (820_540_800_123_456, "2026-01-01T00:00:00.123456Z"),
            (-63_082_281_600_000_000, "0001-01-01T00:00:00.000000Z"),
            (252_455_615_999_999_999, "9999-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func moments(microseconds: Int64, text: String) {
        #expect(timestamp(microseconds) == text)
        #expect(TimeText.isRepresentable(timestamp: microseconds))
    }

    @Test("only the years 1 to 9999 can be written, and the infinities cannot")
    func range() {
        for moment in [-63_082_281_600_000_001, 252_455_616_000_000_000, .min, .max] as [Int64] {
            #expect(!TimeText.isRepresentable(timestamp: moment))
            #expect(timestamp(moment).utf8.count == 27)
        }
        #expect(TimeText.isRepresentable(daysSince2000: -730_119))
        #expect(TimeText.isRepresentable(daysSince2000: 2_921_939))
        for day in [-730_120, 2_921_940, .min, .max] as [Int64] {
            #expect(!TimeText.isRepresentable(daysSince2000: day))
        }
    }

    @Test("days are written as PostgreSQL prints them")
    func days() {
        #expect(date(0) == "2000-01-01")
        #expect(date(-730_119) == "0001-01-01")
        #expect(date(2_921_939) == "9999-12-31")
        #expect(date(59) == "2000-02-29")
    }

    @Test("what was written behind other bytes leaves them alone")
    func appends() {
        var text = ByteBuffer()
        text.append(addingCapacity: 40) { out in
            out.append(1)
            TimeText.date(0, to: &out)
            TimeText.timestamp(0, to: &out)
            out.append(2)
        }
        #expect(text.string == "\u{1}2000-01-012000-01-01T00:00:00.000000Z\u{2}")
    }

    @Test("moments over the whole range read back as themselves", arguments: [1, 2, 3, 4] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sheet = Sheet(["t": .timestamp])
        for _ in 0..<500 {
            let moment = Int64.random(in: -63_082_281_600_000_000...252_455_615_999_999_999, using: &random)
            var batch = RowBatch(columns: sheet.columns)
            var extra = ExtraObject()
            var flattener = sheet.flattener()
            batch.addRow()
            let document = #"{"t": "\#(timestamp(moment))"}"#.utf8Bytes
            try flattener.flatten(document.span.bytes, into: &batch, extra: &extra)
            #expect(batch.int64(0, 0) == moment)
        }
    }
}
