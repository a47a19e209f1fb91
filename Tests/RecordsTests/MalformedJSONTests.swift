import Records
import Testing

@Suite("Malformed documents")
struct MalformedJSONTests {
    private let sheet = Sheet([
        "a": .int64, "b": .string, "c.d": .json, "e": .number, "f": .bool, "g": .double, "t": .timestamp,
    ])

    @Test(
        "an error names the byte and what was expected there",
        arguments: [
            ("", 0, "a value"), ("  ", 2, "a value"), ("{", 1, "a key"), (#"{"a""#, 4, "a colon"),
            (#"{"a":"#, 5, "a value"), (#"{"a":1"#, 6, "a comma or the object's end"), (#"{"a":1,"#, 7, "a key"),
            (#"{"a":1,}"#, 7, "a key"), (#"{"a":1 "b":2}"#, 7, "a comma or the object's end"), ("{a:1}", 1, "a key"),
            ("{} x", 3, "the end of the document"), ("1 2", 2, "the end of the document"), ("tru", 0, "a value"),
            ("truex", 4, "the end of the document"), ("-", 1, "a value"), ("01", 2, "a number without leading zeros"),
            ("1.", 2, "a digit"), ("1e+", 3, "a digit"), ("+1", 0, "a value"), (".5", 0, "a value"),
            ("NaN", 0, "a value"),
            (#""abc"#, 4, "a string's closing quote"), ("\"a\nb\"", 2, "a string without raw control characters"),
            (#""\x""#, 2, "an escaped character"), (#""\"#, 2, "an escaped character"),
            (#""\u12g4""#, 5, "a hexadecimal digit"), (#""\u12"#, 5, "a hexadecimal digit"),
            ("[1, 2", 5, "the end of an object or array"), (#"{"c": {"d": [1,"#, 15, "the end of an object or array"),
            (#"{"x": {"y" 1}}"#, 11, "a colon"), (#"{"x": {"y": 1, 2}}"#, 15, "a key"), ("\u{0}", 0, "a value"),
            ("{\"a\":1\u{0}}", 6, "a comma or the object's end"), ("{}\u{0}", 2, "the end of the document"),
            (#"{"b": "0123456789abcdef\q"}"#, 24, "an escaped character"),
        ])
    func errors(document: String, offset: Int, expected: String) throws {
        let error = try #require(throws: RecordError.self) { try sheet.row(document) }
        #expect(error.offset == offset)
        #expect(error.expected == expected)
        #expect(
            error.description == "Cannot read a JSON document: at byte \(offset), \(expected) was expected.")
    }

    @Test("a document that is cut off anywhere is an error")
    func cutOff() throws {
        let document =
            #"{"a": 12, "b": "x\ny\u00e9", "c": {"d": [1, {"z": "}"}], "q": {"r": {}}}, "e": -1.5e3, "f": true, "n": null}"#
        _ = try sheet.row(document)
        for length in 0..<document.utf8.count {
            let part = Array(document.utf8.prefix(length))
            let error = try #require(throws: RecordError.self) { try flatten(part) }
            #expect((0...length).contains(error.offset))
        }
    }

    @Test("arbitrary bytes are no crash", arguments: 1...20 as ClosedRange<UInt64>)
    func arbitraryBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet =
            Array(#"{}[]":,\ntrue false null 0123456789+-.eE"#.utf8) + [0, 0x0A, 0x1F, 0x20, 0x7F, 0x80, 0xC3, 0xFF]
        for _ in 0..<500 {
            let document = (0..<random.below(60)).map { _ in
                random.oneIn(4) ? UInt8(random.below(256)) : random.pick(alphabet)
            }
            expectValueOrError(document)
        }
    }

    @Test(
        "documents with bytes changed, dropped, doubled or swapped are no crash",
        arguments: 1...40 as ClosedRange<UInt64>)
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var generator = DocumentGenerator(seed: seed + 2_000, repeatsKeys: true)
        for _ in 0..<50 {
            var document = generator.document()
            for _ in 0...random.below(4) where !document.isEmpty {
                let place = random.below(document.count)
                switch random.below(5) {
                case 0: document[place] = UInt8(random.below(256))
                case 1: document.remove(at: place)
                case 2: document.insert(document[place], at: place)
                case 3: document.swapAt(place, random.below(document.count))
                default: document.removeSubrange(place...)
                }
            }
            expectValueOrError(document)
        }
    }

    private func expectValueOrError(_ document: [UInt8]) {
        do {
            let rows = try flatten(document)
            // Whatever was taken for a document is one line of NDJSON.
            #expect(rows.filter { $0 == 0x0A }.count == 1)
        } catch let error as RecordError {
            #expect((0...document.count).contains(error.offset))
            #expect(error.description.contains("at byte \(error.offset),"))
        } catch {
            Issue.record(error)
        }
        var sampler = PathSampler(depth: 3)
        do { try sampler.add(document.span.bytes) } catch { #expect((0...document.count).contains(error.offset)) }
        #expect(sampler.paths.count <= document.count)
    }

    /// Flattens bytes that end where their memory ends, so that the address sanitizer sees a read too far.
    private func flatten(_ document: [UInt8]) throws -> [UInt8] {
        var sheet = sheet
        sheet.mayRepeatKeys = document.count.isMultiple(of: 2)
        var flattener = sheet.flattener()
        var batch = RowBatch(columns: sheet.columns, rowCapacity: 1)
        var extra = ExtraObject()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: document.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: document)
        batch.addRow()
        try flattener.flatten(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(memory)), into: &batch, extra: &extra)
        if !extra.isEmpty { extra.finish(into: &batch, column: sheet.targets.count) }
        _ = batch.encoded(as: .csv(CSVOptions()))
        return batch.encoded(as: .ndjson)
    }
}
