import Records
import Testing

@Suite("Keys and pointers")
struct PointerTests {
    @Test(
        "a key's pointer escapes what JSON Pointer and JSON ask for, and nothing else",
        arguments: [
            (#""a b.c""#, #"/payload/a b.c"#), (#""a/b""#, #"/payload/a~1b"#), (#""a~b""#, #"/payload/a~0b"#),
            (#""~1""#, #"/payload/~01"#), (#""""#, #"/payload/"#), (#""a\"b""#, #"/payload/a\"b"#),
            (#""a\\b""#, #"/payload/a\\b"#), (#""a\/b""#, #"/payload/a~1b"#), (#""ключ 🎈""#, #"/payload/ключ 🎈"#),
            (#""\u043a\ud83c\udf88""#, #"/payload/к🎈"#), (#""a\nb\u0001""#, #"/payload/a\nb\u0001"#),
            (#""\u007e\u002f""#, #"/payload/~0~1"#),
        ])
    func pointers(key: String, pointer: String) throws {
        #expect(try Sheet([:]).row("{\(key): 1}") == #"{"_extra":{"\#(pointer)":1}}"#)
        #expect(try Sheet([:]).row("{\(key): {\(key): []}}").hasPrefix(#"{"_extra":{"\#(pointer)"#))
    }

    @Test(
        "a planned key is found however it is written",
        arguments: [
            ("a.b", #"a.b"#), ("a.b", #"a\u002eb"#), ("\"q\"", #"\"q\""#), ("\"q\"", #"\u0022q\u0022"#),
            ("b\\s", #"b\\s"#),
            ("n\nl", #"n\nl"#), ("n\nl", #"n\u000al"#), ("", ""), ("a/b", #"a\/b"#), ("a/b", "a/b"), ("~", "~"),
            ("ключ", "ключ"), ("ключ", #"\u043a\u043b\u044e\u0447"#), ("🎈", #"\ud83c\udf88"#), ("🎈", "🎈"),
            ("sixteen bytes ok", "sixteen bytes ok"), ("seventeen bytes ok", "seventeen bytes ok"),
            ("a key that is longer than thirty-two bytes", "a key that is longer than thirty-two bytes"),
        ])
    func plannedKeys(key: String, written: String) throws {
        #expect(try Sheet(paths: [([key], .int64)]).row("{\"\(written)\": 1}").hasSuffix(":1}"))
        #expect(try Sheet(paths: [([key], .int64)]).row("{\"\(written)\": 1}").contains("_extra") == false)
        #expect(try Sheet(paths: [([key, key], .int64)]).row("{\"\(written)\": {\"\(written)\": 1}}").hasSuffix(":1}"))
    }

    @Test(
        "a key that only begins like a planned one, or is written like it, is another",
        arguments: [
            ("ab", #"{"a": 1, "abc": 2, "Ab": 3, "ab ": 4, "b": 5}"#), ("a\\", #"{"a\\\"": 1, "a": 2}"#),
            ("\\u0061", #"{"a": 1, "\u0061b": 2}"#), ("\\n", #"{"\n": 1}"#), ("é", "{\"e\u{301}\": 1}"),
            ("\\ud800", #"{"\ud800": 1}"#), ("\\u0000", #"{"\u0000": 1}"#),
        ])
    func otherKeys(key: String, document: String) throws {
        #expect(try Sheet(paths: [([key], .json)]).row(document).hasPrefix(#"{"_extra":{"#))
    }

    @Test("a document shorter than a planned key is read to its end and no further")
    func shortDocument() throws {
        let sheet = Sheet(["a very long key that is planned": .int64])
        #expect(try sheet.row(#"{"a":1}"#) == #"{"_extra":{"/payload/a":1}}"#)
        #expect(throws: RecordError.self) { try sheet.row(#"{"a"#) }
    }

    @Test("keys that no text can hold stay as they are written, apart from each other")
    func undecodableKeys() throws {
        let row = try Sheet([:]).row(#"{"\ud800": 1, "\u0000": 2, "a\udc00": {"b": 3}}"#)
        #expect(row == #"{"_extra":{"/payload/\\ud800":1,"/payload/\\u0000":2,"/payload/a\\udc00/b":3}}"#)
    }

    @Test("the column's own name is escaped as well")
    func source() throws {
        var flattener = Flattener(source: "a/b~\"c", targets: [], depth: 5)
        var batch = RowBatch(columns: [Column(name: "_extra", type: .json)])
        var extra = ExtraObject()
        batch.addRow()
        let document = [UInt8(ascii: "1")]
        try flattener.flatten(document.span.bytes, into: &batch, extra: &extra)
        extra.finish(into: &batch, column: 0)
        #expect(batch.text(0, 0).string == #"{"/a~1b~0\"c":1}"#)
        #expect(flattener.strays.map(\.pointer) == ["/a~1b~0\"c"])
    }

    @Test("a step of a pointer escapes tildes and slashes")
    func pointerStep() {
        #expect(JSONText.pointerStep("a~/b~1") == "a~0~1b~01")
        #expect(JSONText.pointerStep("") == "")
        #expect(JSONText.pointerStep("e\u{301}/") == "e\u{301}~1")
    }

    @Test("objects below a very long pointer are taken whole, so that _extra does not repeat it for each member")
    func longPointers() throws {
        let key = String(repeating: "k", count: 5_000)
        let members = (0..<2_000).map { #""\#($0)": \#($0)"# }.joined(separator: ", ")
        let row = try Sheet([:]).row(#"{"\#(key)": {\#(members)}}"#)
        #expect(row == #"{"_extra":{"/payload/\#(key)":{\#(members)}}}"#)
        let strays = try Sheet([:]).strays([#"{"\#(key)": {\#(members)}}"#])
        #expect(strays.map(\.pointer) == [StrayPath.others])
    }
}
