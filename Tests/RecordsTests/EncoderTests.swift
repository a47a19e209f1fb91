import Foundation
import Records
import Testing

@Suite("RowEncoder")
struct EncoderTests {
    /// Encodes rows that a body sets.
    private func encode(
        _ columns: [Column], _ format: RowFormat, rows: Int = 1, order: [Int32]? = nil, header: Bool = false,
        _ fill: (inout RowBatch, Int) -> Void
    ) -> String {
        var batch = RowBatch(columns: columns, rowCapacity: max(1, rows))
        for row in 0..<rows {
            batch.addRow()
            fill(&batch, row)
        }
        let encoder = RowEncoder(format: format, columns: columns)
        var text = ByteBuffer()
        if header { encoder.encodeHeader(into: &text) }
        let order = order ?? (0..<Int32(rows)).map { $0 }
        encoder.encode(batch, rows: order.span, into: &text)
        return text.string
    }

    private func csv(_ text: String, _ type: ColumnType = .string, delimiter: Character = ",", null: String = "")
        -> String
    {
        var options = CSVOptions()
        options.delimiter = delimiter.asciiValue!
        options.null = null
        return String(
            encode([Column(name: "c", type: type)], .csv(options)) { batch, _ in
                batch.set(0, text: Array(text.utf8).span.bytes)
            }.dropLast())
    }

    private static let allTypes: [ColumnType] = [
        .string, .int64, .number, .decimal(precision: 10, scale: 2), .double, .bool, .timestamp, .date, .uuid, .json,
        .bytes,
    ]

    private func fillAll(_ batch: inout RowBatch, _ row: Int) {
        if row == 1 {
            for column in Self.allTypes.indices { batch.setNull(column) }
        }
        guard row == 0 else { return }
        batch.set(0, text: Array("a\"b".utf8).span.bytes)
        batch.set(1, int64: -42)
        batch.set(2, text: Array("123456789012345678901234567890.10".utf8).span.bytes)
        batch.set(3, text: Array("1.50".utf8).span.bytes)
        batch.set(4, double: 0.1)
        batch.set(5, bool: true)
        batch.set(6, int64: 820_454_400_123_456)
        batch.set(7, int64: 9_496)
        batch.set(8, text: Array("123e4567-e89b-12d3-a456-426614174000".utf8).span.bytes)
        batch.set(9, text: Array("{\"x\": [1, \"y\"]}".utf8).span.bytes)
        batch.set(10, text: Array<UInt8>([0x00, 0xFF, 0x5C]).span.bytes)
    }

    @Test("NDJSON writes each type in its form, leaves missing keys out and keeps NULL")
    func jsonForms() {
        let columns = Self.allTypes.enumerated().map { Column(name: "c\($0.offset)", type: $0.element) }
        let text = encode(columns, .ndjson, rows: 3, fillAll)
        #expect(
            text == #"""
                {"c0":"a\"b","c1":-42,"c2":123456789012345678901234567890.10,"c3":1.50,"c4":0.1,"c5":true,"c6":"2025-12-31T00:00:00.123456Z","c7":"2025-12-31","c8":"123e4567-e89b-12d3-a456-426614174000","c9":{"x": [1, "y"]},"c10":"\\x00ff5c"}
                {"c0":null,"c1":null,"c2":null,"c3":null,"c4":null,"c5":null,"c6":null,"c7":null,"c8":null,"c9":null,"c10":null}
                {}

                """#)
    }

    @Test("CSV writes each type in its form, NULL and missing alike")
    func csvForms() {
        let columns = Self.allTypes.enumerated().map { Column(name: "c\($0.offset)", type: $0.element) }
        let text = encode(columns, .csv(CSVOptions()), rows: 3, header: true, fillAll)
        #expect(
            text == #"""
                c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10
                "a""b",-42,123456789012345678901234567890.10,1.50,0.1,true,2025-12-31T00:00:00.123456Z,2025-12-31,123e4567-e89b-12d3-a456-426614174000,"{""x"": [1, ""y""]}",\x00ff5c
                ,,,,,,,,,,
                ,,,,,,,,,,

                """#)
    }

    @Test(
        "a CSV field is quoted exactly when it must be",
        arguments: [
            ("plain", "plain"), ("", "\"\""), ("a,b", "\"a,b\""), ("a;b", "a;b"), ("a\"b", "\"a\"\"b\""),
            ("\"", "\"\"\"\""), ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""), ("\\.", "\"\\.\""), ("\\.x", "\\.x"), (" a ", " a "), ("12345678,", "\"12345678,\""),
            ("1234567,9", "\"1234567,9\""),
            ("exactly8", "exactly8"), ("日本,", "\"日本,\""),
            (String(repeating: "x", count: 5_000) + "\"", "\"" + String(repeating: "x", count: 5_000) + "\"\"\""),
            (String(repeating: "\"", count: 3_000), String(repeating: "\"", count: 6_002)),
            (String(repeating: "x", count: 100), String(repeating: "x", count: 100)),
        ])
    func csvQuoting(text: String, field: String) {
        #expect(csv(text) == field)
    }

    @Test("a value that reads as the marker of NULL is quoted, whatever its type, and NULL is not")
    func csvNull() {
        #expect(csv("\\N", null: "\\N") == "\"\\N\"")
        #expect(csv("\\N") == "\\N")
        #expect(csv("", null: "\\N") == "\"\"")
        #expect(csv("0", .number, null: "0") == "\"0\"")
        #expect(csv("10", .number, null: "0") == "10")
        var options = CSVOptions()
        options.null = "-1"
        let text = encode([Column(name: "c", type: .int64)], .csv(options), rows: 3) { batch, row in
            if row < 2 { batch.set(0, int64: Int64(row) - 1) }
        }
        #expect(text == "\"-1\"\n0\n-1\n")
    }

    @Test("numbers and moments that hold the delimiter are quoted")
    func csvDelimiters() {
        #expect(csv("1.5", .number, delimiter: ".") == "\"1.5\"")
        #expect(csv("a;b", delimiter: ";") == "\"a;b\"")
        #expect(csv("a,b", delimiter: ";") == "a,b")
        #expect(csv("a\tb", delimiter: "\t") == "\"a\tb\"")
        var options = CSVOptions()
        options.delimiter = UInt8(ascii: "-")
        options.header = false
        let columns = [Column(name: "d", type: .date), Column(name: "n", type: .int64)]
        let text = encode(columns, .csv(options), header: true) { batch, _ in
            batch.set(0, int64: 0)
            batch.set(1, int64: -5)
        }
        #expect(text == "\"2000-01-01\"-\"-5\"\n")
    }

    @Test("the header quotes names as fields are quoted, and NDJSON has none")
    func header() {
        let columns = [Column(name: "a,\"b", type: .string), Column(name: "é", type: .string)]
        #expect(encode(columns, .csv(CSVOptions()), rows: 0, header: true) { _, _ in } == "\"a,\"\"b\",é\n")
        #expect(encode(columns, .ndjson, rows: 0, header: true) { _, _ in } == "")
    }

    @Test("rows come in the order asked for, and only those")
    func order() {
        let text = encode([Column(name: "n", type: .int64)], .ndjson, rows: 4, order: [3, 1]) { batch, row in
            batch.set(0, int64: Int64(row))
        }
        #expect(text == "{\"n\":3}\n{\"n\":1}\n")
    }

    @Test(
        "doubles are the shortest digits that read back the same, as JSON numbers",
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (0.1, "0.1"), (1e20, "1e+20"), (1e-7, "1e-07"),
            (Double.leastNonzeroMagnitude, "5e-324"), (1.5, "1.5"), (100, "100"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (0.30000000000000004, "0.30000000000000004"),
            (9007199254740992, "9007199254740992"),
            (-123456.789, "-123456.789"), (10, "10"),
        ])
    func doubles(value: Double, digits: String) throws {
        for format in [RowFormat.ndjson, .csv(CSVOptions())] {
            let text = encode([Column(name: "d", type: .double)], format) { batch, _ in batch.set(0, double: value) }
            #expect(text == (format == .ndjson ? "{\"d\":\(digits)}\n" : "\(digits)\n"))
        }
        #expect(Double(digits)?.bitPattern == value.bitPattern)
        #expect(ReferenceJSON(digits.utf8) == .number(digits))
    }

    @Test("a double that is not finite is written as PostgreSQL's to_json does, and lines stay valid")
    func infinities() {
        let columns = [Column(name: "d", type: .double)]
        let values = [Double.nan, .infinity, -.infinity]
        let text = encode(columns, .ndjson, rows: 3) { batch, row in batch.set(0, double: values[row]) }
        #expect(text == "{\"d\":\"NaN\"}\n{\"d\":\"Infinity\"}\n{\"d\":\"-Infinity\"}\n")
    }

    @Test("whole numbers of every length are their digits")
    func integers() {
        var values: [Int64] = [0, .min, .max, -1]
        var power: Int64 = 1
        for _ in 0..<19 {
            values += [power, power - 1, power + 1, -power, 1 - power, power / 3 * 2]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        var random = SeededGenerator(seed: 5)
        for _ in 0..<5_000 { values.append(Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 64)) }
        let text = encode([Column(name: "n", type: .int64)], .csv(CSVOptions()), rows: values.count) { batch, row in
            batch.set(0, int64: values[row])
        }
        #expect(text == values.map { "\($0)\n" }.joined())
    }

    @Test("every control character, quote and backslash is escaped, and nothing else", arguments: [0, 1, 7, 8, 9, 30])
    func escapes(padding: Int) throws {
        let pad = String(repeating: "x", count: padding)
        for value in UInt8(0)...127 {
            let text = pad + String(Unicode.Scalar(value)) + pad
            var json = ByteBuffer()
            JSONText.appendString(Array(text.utf8).span.bytes, to: &json)
            let mustEscape = value < 0x20 || value == 0x22 || value == 0x5C
            let written = json.string
            #expect((written.utf8.count > text.utf8.count + 2) == mustEscape)
            #expect(ReferenceJSON(written.utf8) == .text(text))
        }
    }

    @Test("a long text that must be escaped throughout is escaped throughout")
    func longEscapes() {
        let text = String(repeating: "\u{1}", count: 70_000)
        var json = ByteBuffer()
        JSONText.appendString(Array(text.utf8).span.bytes, to: &json)
        #expect(json.string == "\"" + String(repeating: "\\u0001", count: 70_000) + "\"")
    }

    @Test("Foundation reads lines back as they were meant")
    func foundation() throws {
        let columns = Self.allTypes.enumerated().map { Column(name: "\"\($0.offset)\\\n", type: $0.element) }
        let line = encode(columns, .ndjson, fillAll)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object.count == columns.count)
        #expect(object["\"0\\\n"] as? String == "a\"b")
        #expect(object["\"1\\\n"] as? Int == -42)
        #expect(object["\"10\\\n"] as? String == "\\x00ff5c")
    }

    @Test("what random documents became reads back from NDJSON and from CSV", arguments: [true, false])
    func readsBack(isLoose: Bool) throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: isLoose ? 21 : 22), isLoose: isLoose)
        for _ in 0..<40 {
            let pattern = try #require(ReferenceJSON(generator.object(0).utf8))
            let targets = generator.targets(of: pattern)
            let columns = FlattenedRow.columns(targets)
            var batch = RowBatch(columns: columns, rowCapacity: 64)
            var flattener = FlattenedRow.flattener(targets)
            var extra = ExtraObject()
            for _ in 0..<40 {
                batch.addRow()
                try flattener.flatten(Array(generator.document().utf8).span.bytes, into: &batch, extra: &extra)
                if !extra.isEmpty { extra.finish(into: &batch, column: targets.count) }
            }
            let rows = (0..<Int32(batch.rowCount)).map { $0 }
            var json = ByteBuffer()
            RowEncoder(format: .ndjson, columns: columns).encode(batch, rows: rows.span, into: &json)
            let lines = json.string.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            #expect(lines.count == rows.count + 1 && lines.last?.isEmpty == true)
            var options = CSVOptions()
            options.header = false
            options.null = "\\N"
            var csv = ByteBuffer()
            RowEncoder(format: .csv(options), columns: columns).encode(batch, rows: rows.span, into: &csv)
            let records = readCSV(csv.string)
            #expect(records.count == rows.count)
            for row in rows.indices {
                guard case .object(let members) = ReferenceJSON(lines[row], allowsRepeats: false) else {
                    Issue.record("no object: \(String(decoding: lines[row], as: UTF8.self))")
                    return
                }
                for (index, column) in columns.enumerated() {
                    let state = batch.state(row, index)
                    let member = members[Array(column.name.utf16)]
                    let field = records[row][index]
                    if state == .missing || state == .null {
                        #expect(member == (state == .null ? .null : nil))
                        #expect(field.text == "\\N" && !field.isQuoted)
                        continue
                    }
                    let cell = batch.cellText(row, index)
                    #expect(Array(field.text.utf8) == Array(cell.utf8))
                    switch column.type {
                    case .string, .uuid, .date: #expect(member == .text(cell))
                    case .int64, .number, .decimal: #expect(member == .number(cell))
                    case .bool: #expect(member == .bool(cell == "true"))
                    default: #expect(member == ReferenceJSON(cell.utf8))
                    }
                }
            }
        }
    }
}
