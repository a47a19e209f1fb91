import Records
import Testing

@Suite("RowEncoder: CSV")
struct CSVTests {
    /// Texts in one column of strings beside one of numbers, NULL where a text is nil.
    private func batch(_ texts: [String?]) -> RowBatch {
        var batch = RowBatch(
            columns: [Column(name: "text", type: .string), Column(name: "row", type: .int64)],
            rowCapacity: max(1, texts.count))
        for (row, text) in texts.enumerated() {
            batch.addRow()
            if let text { batch.set(0, text) } else { batch.setNull(0) }
            batch.set(1, int64: Int64(row))
        }
        return batch
    }

    private func csv(_ text: String?, _ options: CSVOptions = .with()) -> String {
        String(decoding: batch([text]).encoded(as: .csv(options)), as: UTF8.self)
    }

    @Test(
        "a field is in quotes only when it must be",
        arguments: [
            ("plain", "plain"), ("", "\"\""), (" ", " "), ("a b", "a b"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
            ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""), ("\\.", "\"\\.\""), ("\\.x", "\\.x"),
            ("\\N", "\\N"), ("é;|\t", "é;|\t"), ("NULL", "NULL"),
            ("a text of more than sixteen bytes", "a text of more than sixteen bytes"),
            ("a text of more than sixteen bytes,", "\"a text of more than sixteen bytes,\""),
            ("a text with \"quotes\" here", "\"a text with \"\"quotes\"\" here\""),
        ])
    func quotes(text: String, field: String) { #expect(csv(text) == "\(field),0\n") }

    @Test("what needs quotes is seen at every place of a field of any length")
    func everyPlace() {
        for length in 1...50 {
            for place in 0..<length {
                for special in ["\"", ",", "\n", "\r"] {
                    var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                    bytes[place] = special.utf8.first ?? 0
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(readCSV(csv(text).utf8Bytes) == [[.quoted(text), .plain("0")]])
                }
            }
            let plain = String(repeating: "x", count: length)
            #expect(csv(plain) == "\(plain),0\n")
        }
    }

    @Test("NULL and a missing cell are the NULL marker without quotes, and no value is")
    func nullMarker() {
        for null in ["", "\\N", "NULL", "n/a", "0", "a null marker of more than 16 b."] {
            let options = CSVOptions.with(null: null)
            #expect(csv(nil, options) == "\(null),\(null == "0" ? "\"0\"" : "0")\n")
            #expect(csv(null, options).hasPrefix("\"\(null)\","))
            #expect(csv("", options).hasPrefix("\"\","))
            #expect(csv(null + "x", options).hasPrefix("\(null)x,"))
        }
        var missing = RowBatch(columns: [Column(name: "a", type: .json), Column(name: "b", type: .string)])
        missing.addRow()
        #expect(missing.encoded(as: .csv(.with(null: "\\N"))) == "\\N,\\N\n".utf8Bytes)
    }

    @Test(
        "a value of any type that is written like the NULL marker is in quotes",
        arguments: ["false", "-7", "2000-01-02", "2000-01-01T00:00:00.000007Z", "1.5", "\\x07", "7.0", "null"])
    func nullMarkerOfEveryType(null: String) {
        var batch = RowBatch(columns: [
            Column(name: "b", type: .bool), Column(name: "i", type: .int64), Column(name: "y", type: .date),
            Column(name: "t", type: .timestamp), Column(name: "d", type: .double), Column(name: "x", type: .bytes),
            Column(name: "n", type: .number), Column(name: "j", type: .json), Column(name: "z", type: .string),
        ])
        batch.addRow()
        batch.set(0, bool: false)
        batch.set(1, int64: -7)
        batch.set(2, int64: 1)
        batch.set(3, int64: 7)
        batch.set(4, double: 1.5)
        batch.set(5, [7])
        batch.set(6, "7.0")
        batch.set(7, "null")
        let row = readCSV(batch.encoded(as: .csv(.with(null: null))))?.first
        #expect(row?.filter { !$0.isQuoted }.filter { $0.text == null }.count == 1)
        #expect(row?.filter { $0.isQuoted }.map(\.text) == [null])
    }

    @Test("a delimiter that may stand in numbers or times puts them in quotes", arguments: Array("-:.T0x\\+"))
    func oddDelimiters(delimiter: Character) {
        var batch = RowBatch(columns: [
            Column(name: "i", type: .int64), Column(name: "t", type: .timestamp), Column(name: "d", type: .double),
            Column(name: "x", type: .bytes),
        ])
        batch.addRow()
        batch.set(0, int64: -100)
        batch.set(1, int64: 0)
        batch.set(2, double: -1.5e300)
        batch.set(3, [7])
        let row = readCSV(batch.encoded(as: .csv(.with(delimiter: delimiter))), delimiter: delimiter)?.first
        #expect(row?.map(\.text) == ["-100", "2000-01-01T00:00:00.000000Z", "-1.5e+300", "\\x07"])
    }

    @Test("the header has the column names, quoted like any field")
    func header() {
        var batch = RowBatch(columns: ["a", "b,c", "d\"e", "", "ü"].map { Column(name: $0, type: .string) })
        #expect(batch.encoded(as: .csv(CSVOptions())) == "a,\"b,c\",\"d\"\"e\",\"\",ü\n".utf8Bytes)
        batch.addRow()
        #expect(
            batch.encoded(as: .csv(.with(header: true, delimiter: "\t")))
                == "a\tb,c\t\"d\"\"e\"\t\"\"\tü\n\t\t\t\t\n".utf8Bytes)
        #expect(batch.encoded(as: .csv(.with(header: false))) == ",,,,\n".utf8Bytes)
    }

    @Test(
        "a reader that goes by RFC 4180 finds the same texts and NULLs",
        arguments: Array(",;|\t^"), ["", "\\N", "NULL", "-"])
    func roundTrip(delimiter: Character, null: String) throws {
        var random = SeededGenerator(seed: 5)
        let pieces = [
            "a", "b", ",", ";", "|", "\t", "^", "\"", "\n", "\r", "\r\n", "\\.", "\\N", "NULL", "-", " ", "é", "🎈",
            "12345678",
            "a longer piece of text",
        ]
        let texts = (0..<500).map { _ in
            random.oneIn(8) ? nil : (0..<random.below(6)).map { _ in random.pick(pieces) }.joined()
        }
        let options = CSVOptions.with(delimiter: delimiter, null: null)
        let rows = try #require(readCSV(batch(texts).encoded(as: .csv(options)), delimiter: delimiter))
        try #require(rows.count == texts.count)
        for (row, text) in texts.enumerated() {
            let field = rows[row][0]
            if let text {
                #expect(Array(field.text.utf8) == Array(text.utf8))
                #expect(field.isQuoted || field.text != null && field.text != "\\.")
            } else {
                #expect(field == .plain(null))
            }
            #expect(rows[row][1].text == "\(row)")
        }
    }
}
