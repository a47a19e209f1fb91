import Records
import Testing

@Suite("Repeated keys")
struct RepeatedKeyTests {
    private let sheet = Sheet(["a": .int64, "b.x": .string, "b.y": .json], mayRepeatKeys: true)

    @Test(
        "of a repeated key the last value counts",
        arguments: [
            (#"{"a": 1, "a": 2}"#, #"{"a":2}"#), (#"{"a": "x", "a": 2}"#, #"{"a":2}"#),
            (#"{"a": 1, "a": "x"}"#, #"{"_extra":{"/payload/a":"x"}}"#), (#"{"a": 1, "a": null}"#, #"{"a":null}"#),
            (#"{"a": null, "a": "x"}"#, #"{"_extra":{"/payload/a":"x"}}"#),
            (#"{"a": 1, "a": {"z": 1}}"#, #"{"_extra":{"/payload/a/z":1}}"#),
            (#"{"a": {"z": 1}, "a": 1}"#, #"{"a":1}"#), (#"{"z": 1, "z": 2}"#, #"{"_extra":{"/payload/z":2}}"#),
            (#"{"z": {"a": 1, "b": 2}, "z": 3}"#, #"{"_extra":{"/payload/z":3}}"#),
            (#"{"z": {"a": 1}, "z": {"b": 2}}"#, #"{"_extra":{"/payload/z/b":2}}"#),
            (#"{"z": {"a": {"b": 1}}, "zz": 1, "z": {}}"#, #"{"_extra":{"/payload/zz":1,"/payload/z":{}}}"#),
        ])
    func lastCounts(document: String, row: String) throws { #expect(try sheet.row(document) == row) }

    @Test("a value that replaces an object takes back the columns of the object's keys")
    func objectReplaced() throws {
        #expect(try sheet.row(#"{"b": {"x": "1", "y": 2, "z": 3}, "b": 4}"#) == #"{"_extra":{"/payload/b":4}}"#)
        #expect(try sheet.row(#"{"b": {"x": "1", "y": 2}, "b": {"y": 3}}"#) == #"{"b.y":3}"#)
        #expect(try sheet.row(#"{"b": 4, "b": {"x": "1"}}"#) == #"{"b.x":"1"}"#)
        #expect(try sheet.row(#"{"b": {"x": "1"}, "b": {}}"#) == #"{"_extra":{"/payload/b":{}}}"#)
    }

    @Test("a key written with escapes is the same key")
    func escaped() throws {
        #expect(try sheet.row(#"{"a": 1, "\u0061": 2}"#) == #"{"a":2}"#)
        #expect(try sheet.row(#"{"\u007a": 1, "z": 2}"#) == #"{"_extra":{"/payload/z":2}}"#)
    }

    @Test("keys of which one is the beginning of the other are not the same")
    func prefixes() throws {
        let row = try sheet.row(#"{"z": 1, "zz": 2, "z/": 3, "z~": 4, "z\"": 5, "": 6, "z": 7}"#)
        #expect(
            row
                == #"{"_extra":{"/payload/zz":2,"/payload/z~1":3,"/payload/z~0":4,"/payload/z\"":5,"/payload/":6,"/payload/z":7}}"#
        )
    }

    @Test("keys beyond those that are told apart are replaced too")
    func beyondTheLimit() throws {
        let many = (0..<1_500).map { #""k\#($0)": 0"# }.joined(separator: ", ")
        let again = (0..<1_500).map { #""k\#($0)": {"x": \#($0)}"# }.joined(separator: ", ")
        let members = JSONModel(try Sheet([:], mayRepeatKeys: true).row("{\(many), \(again)}"))?.members
        let extra = try #require(members?[Array("_extra".utf16)]?.members)
        #expect(extra.count == 1_500)
        for index in 0..<1_500 {
            #expect(extra[Array("/payload/k\(index)/x".utf16)] == .number("\(index)"))
        }
    }

    @Test("one document's keys are not the next one's")
    func twoDocuments() throws {
        var flattener = sheet.flattener()
        let documents = [#"{"a": 1, "z": 2}"#, #"{"a": 1, "z": 2}"#, #"{"b": {"x": "y"}}"#].map { Array($0.utf8) }
        let lines = try sheet.encode(documents, as: .ndjson, &flattener)
        let row = #"{"a":1,"_extra":{"/payload/z":2}}"#
        #expect(String(decoding: lines, as: UTF8.self) == "\(row)\n\(row)\n{\"b.x\":\"y\"}\n")
    }
}
