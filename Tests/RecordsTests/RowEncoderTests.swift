import Foundation
import Records
import Testing

@Suite("RowEncoder: NDJSON")
struct RowEncoderTests {
    private static let columns = [
        Column(name: "s", type: .string), Column(name: "i", type: .int64), Column(name: "n", type: .number),
        Column(name: "m", type: .decimal(precision: 5, scale: 2)), Column(name: "d", type: .double),
        Column(name: "b", type: .bool), Column(name: "t", type: .timestamp), Column(name: "y", type: .date),
        Column(name: "u", type: .uuid), Column(name: "j", type: .json), Column(name: "x", type: .bytes),
    ]

    /// A row with a value in each column, one of NULLs, and one with nothing.
    private func batch() -> RowBatch {
        var batch = RowBatch(columns: Self.columns, rowCapacity: 3)
        batch.addRow()
        batch.set(0, "a\"\n\u{1}é\\")
        batch.set(1, int64: -42)
        batch.set(2, "1.50e400")
        batch.set(3, "123.40")
        batch.set(4, double: 0.1)
        batch.set(5, bool: true)
        batch.set(6, int64: 1)
        batch.set(7, int64: -1)
        batch.set(8, "01234567-89ab-cdef-0123-456789abcdef")
        let json = "{\"a\":\n[1, 2]}".utf8Bytes
        batch.set(9, json: json.span.bytes)
        batch.set(10, [0x00, 0xAB, 0xFF])
        batch.addRow()
        for column in Self.columns.indices { batch.setNull(column) }
        batch.addRow()
        return batch
    }

    @Test("every type has its form; NULL is null, and a missing key is absent")
    func everyType() {
        let lines = batch().encoded(as: .ndjson)
        #expect(
            String(decoding: lines, as: UTF8.self) == """
                {"s":"a\\"\\n\\u0001é\\\\","i":-42,"n":1.50e400,"m":123.40,"d":0.1,"b":true,\
                "t":"2000-01-01T00:00:00.000001Z","y":"1999-12-31","u":"01234567-89ab-cdef-0123-456789abcdef",\
                "j":{"a":[1, 2]},"x":"\\\\x00abff"}
                {"s":null,"i":null,"n":null,"m":null,"d":null,"b":null,"t":null,"y":null,"u":null,"j":null,"x":null}
                {}

                """)
    }

    @Test("a row whose first columns are missing begins with the first key there is")
    func missingFirst() {
        var batch = RowBatch(columns: Self.columns)
        batch.addRow()
        batch.set(1, int64: 1)
        batch.setNull(5)
        #expect(String(decoding: batch.encoded(as: .ndjson), as: UTF8.self) == "{\"i\":1,\"b\":null}\n")
    }

    @Test("rows are written as they are named: some, in any order, also twice")
    func selection() {
        var batch = RowBatch(columns: [Column(name: "i", type: .int64)])
        for number in 0..<5 {
            batch.addRow()
            batch.set(0, int64: Int64(number))
        }
        #expect(
            String(decoding: batch.encoded(as: .ndjson, rows: [4, 0, 4]), as: UTF8.self)
                == "{\"i\":4}\n{\"i\":0}\n{\"i\":4}\n")
        #expect(batch.encoded(as: .ndjson, rows: []).isEmpty)
        #expect(String(decoding: batch.encoded(as: .csv(.with()), rows: [3, 1]), as: UTF8.self) == "3\n1\n")
    }

    @Test("column names are escaped as JSON asks for")
    func names() {
        var batch = RowBatch(columns: [Column(name: "a\"b\\\n", type: .int64), Column(name: "", type: .int64)])
        batch.addRow()
        batch.set(0, int64: 1)
        batch.set(1, int64: 2)
        #expect(String(decoding: batch.encoded(as: .ndjson), as: UTF8.self) == "{\"a\\\"b\\\\\\n\":1,\"\":2}\n")
    }

    @Test(
        "whole numbers are written with all their digits",
        arguments: [0, 9, 10, 99, 100, -1, -10, 1_000_000_007, .max, .min, .max - 1, 999_999_999_999_999_999] as [Int64]
    )
    func int64(number: Int64) {
        var batch = RowBatch(columns: [Column(name: "i", type: .int64)])
        batch.addRow()
        batch.set(0, int64: number)
        #expect(String(decoding: batch.encoded(as: .csv(.with())), as: UTF8.self) == "\(number)\n")
    }

    @Test("random doubles read back as the same ones")
    func doubles() {
        var random = SeededGenerator(seed: 11)
        var batch = RowBatch(columns: [Column(name: "d", type: .double)], rowCapacity: 2_000)
        var values: [Double] = []
        while values.count < 2_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            batch.addRow()
            batch.set(0, double: value)
            values.append(value)
        }
        let lines = String(decoding: batch.encoded(as: .csv(.with())), as: UTF8.self).split(separator: "\n")
        #expect(lines.map { Double($0)?.bitPattern } == values.map(\.bitPattern))
    }

    @Test("other JSON readers find the same values, whatever the text", arguments: [1, 2, 3, 4] as [UInt64])
    func foundation(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var batch = RowBatch(columns: [Column(name: "s", type: .string), Column(name: "i", type: .int64)])
        var texts: [String] = []
        for row in 0..<400 {
            var text = ""
            for _ in 0..<random.below(40) {
                let scalar = random.oneIn(3) ? UInt32(random.below(0x80)) : UInt32(random.below(0x1_1000))
                text.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{2028}")
            }
            texts.append(text)
            batch.addRow()
            batch.set(0, text)
            batch.set(1, int64: Int64(row))
        }
        let lines = batch.encoded(as: .ndjson).split(separator: 0x0A)
        try #require(lines.count == 400)
        for (row, line) in lines.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let text = try #require(object["s"] as? String)
            #expect(Array(text.utf8) == Array(texts[row].utf8))
            #expect(object["i"] as? Int == row)
        }
    }
}
