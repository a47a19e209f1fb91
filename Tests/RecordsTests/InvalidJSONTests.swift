import Records
import Testing

@Suite("Texts that are no JSON")
struct InvalidJSONTests {
    @Test(
        "an error names the byte, what was expected and what was found",
        arguments: [
            ("", 0, "a value", nil), ("  ", 2, "a value", nil), ("nul", 0, "a value", "n"),
            ("{\"a\": tru}", 6, "a value", "t"),
            ("{\"a\" 1}", 5, "a colon", "1"), ("{a: 1}", 1, "a key in quotes", "a"),
            ("{\"a\": 1,}", 8, "a key in quotes", "}"),
            ("{\"a\": 1 \"b\": 2}", 8, "a comma or the object's end", "\""),
            ("{\"a\": 1", 7, "a comma or the object's end", nil),
            ("[1 2]", 3, "a comma or the array's end", "2"), ("[1,]", 3, "a value", "]"),
            ("[1}", 2, "a comma or the array's end", "}"),
            ("{\"a\": [1}", 8, "a comma or the array's end", "}"),
            ("{\"a\": 01}", 7, "a comma or the object's end", "1"),
            ("{\"a\": -}", 7, "a digit", "}"), ("{\"a\": 1.}", 8, "a digit", "}"), ("{\"a\": 1e+}", 9, "a digit", "}"),
            ("{\"a\": +1}", 6, "a value", "+"), ("{\"a\": .5}", 6, "a value", "."),
            ("\"abc", 4, "a string's closing quote", nil),
            ("\"a\nb\"", 2, "an escape in place of a control character", "\n"),
            ("\"\\x\"", 2, "one of \"\\/bfnrtu after a backslash", "x"),
            ("\"\\u12g4\"", 5, "a hexadecimal digit of an escape", "g"),
            ("\"\\", 2, "one of \"\\/bfnrtu after a backslash", nil),
            ("{} {}", 3, "the document's end", "{"), ("1 2", 2, "the document's end", "2"), ("]", 0, "a value", "]"),
            ("{\"a\": 1}\u{0}", 8, "the document's end", "\u{0}"), ("\u{FEFF}{}", 0, "a value", nil),
            ("{\"a\": NaN}", 6, "a value", "N"),
        ])
    func errors(json: String, offset: Int, expected: String, found: Character?) throws {
        for targets: [([String], ColumnType)] in [[], [(["a"], .int64)], [(["a"], .json)], [([], .json)]] {
            let error = try #require(throws: RecordError.self) { try FlattenedRow(json, targets) }
            #expect(error.offset == offset)
            #expect(error.expected == expected)
            if let found { #expect(error.found == found.asciiValue) }
            #expect(error.description.contains("at byte \(offset), \(expected) was expected"))
            let sampled = #expect(throws: RecordError.self) {
                var sampler = PathSampler(depth: 5)
                try sampler.add(Array(json.utf8).span.bytes)
            }
            #expect(sampled == error)
        }
    }

    @Test("a description is a sentence that shows one byte at most")
    func descriptions() throws {
        let cases = [
            ("{\"secret\": x}", "Cannot read a JSON document: at byte 11, a value was expected, and `x` was found."),
            ("{\"secret\"", "Cannot read a JSON document: at byte 9, a colon was expected, and its end was found."),
            (
                "\"\u{7}\"",
                "Cannot read a JSON document: at byte 1, an escape in place of a control character was expected, and the byte 0x07 was found."
            ),
        ]
        for (json, text) in cases {
            let error = try #require(throws: RecordError.self) { try FlattenedRow(json) }
            #expect(error.description == text)
        }
    }

    @Test("a changed document is taken exactly when the grammar takes it, and an error lies within it")
    func mutations() throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: 7), isLoose: true)
        let pieces = Array("{}[]\",:\\ \n\u{0}019-+.eEtfnu/au\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xFF]
        var accepted = 0
        for _ in 0..<12_000 {
            var json = Array(generator.document().utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator.random) where !json.isEmpty {
                let index = Int.random(in: 0..<json.count, using: &generator.random)
                switch Int.random(in: 0..<4, using: &generator.random) {
                case 0: json[index] = generator.pick(pieces)
                case 1: json.remove(at: index)
                case 2: json.insert(generator.pick(pieces), at: index)
                default: json.removeSubrange(index...)
                }
            }
            let targets: [([String], ColumnType)] = [
                (["a"], .string), (["b"], .json), (["user", "id"], .int64), (["é"], .double), (["id"], .timestamp),
            ]
            let isValid = ReferenceJSON(json) != nil
            do {
                let row = try FlattenedRow(json, targets)
                accepted += 1
                #expect(isValid, "taken: \(String(decoding: json, as: UTF8.self))")
                if let extra = row.extra { #expect(ReferenceJSON(extra.utf8) != nil) }
            } catch let error as RecordError {
                #expect(!isValid, "refused, \(error): \(String(decoding: json, as: UTF8.self))")
                #expect(error.offset >= 0 && error.offset <= json.count)
                #expect(error.found == (error.offset < json.count ? json[error.offset] : nil))
            }
        }
        #expect(accepted > 500)
    }

    @Test("arbitrary bytes are refused with an error that lies within them, or are JSON")
    func arbitraryBytes() throws {
        var random = SeededGenerator(seed: 11)
        for round in 0..<20_000 {
            let count = Int.random(in: 0...80, using: &random)
            let narrow = Array("{}[]\",:\\ue0d8-+.1tf".utf8)
            let bytes = (0..<count).map { _ -> UInt8 in
                round % 2 == 0
                    ? UInt8.random(in: 0...255, using: &random)
                    : narrow[Int.random(in: 0..<narrow.count, using: &random)]
            }
            do {
                _ = try FlattenedRow(bytes, [(["a"], .string)])
                #expect(ReferenceJSON(bytes) != nil)
            } catch let error as RecordError {
                #expect(error.offset >= 0 && error.offset <= bytes.count)
            }
        }
    }

    @Test("a document that was refused leaves nothing behind for the next one")
    func afterAnError() throws {
        var batch = RowBatch(columns: FlattenedRow.columns([(["a"], .int64)]), rowCapacity: 2)
        var flattener = FlattenedRow.flattener([(["a"], .int64)])
        var extra = ExtraObject()
        batch.addRow()
        do {
            try flattener.flatten(Array(#"{"a":1,"u":{"v":2,"#.utf8).span.bytes, into: &batch, extra: &extra)
            Issue.record("taken")
        } catch {}
        extra.removeAll()
        batch.addRow()
        try flattener.flatten(Array(#"{"a":3,"u":{"v":4}}"#.utf8).span.bytes, into: &batch, extra: &extra)
        extra.finish(into: &batch, column: 1)
        #expect(FlattenedRow(batch, row: 1).cells == ["3"])
        #expect(FlattenedRow(batch, row: 1).extra == #"{"/payload/u/v":4}"#)
    }
}
