import Records
import Testing

@Suite("Flattener")
struct FlattenerTests {
    @Test("planned values go to their columns and all others to _extra")
    func plannedAndUnplanned() throws {
        let sheet = Sheet(["id": .int64, "user.name": .string])
        let row = try sheet.row(#"{"id": 7, "user": {"age": 3, "name": "Ann"}, "tags": ["x", 1]}"#)
        #expect(row == #"{"id":7,"user.name":"Ann","_extra":{"/payload/user/age":3,"/payload/tags":["x", 1]}}"#)
    }

    @Test("a document whose values are all planned has no _extra")
    func nothingExtra() throws {
        #expect(try Sheet(["a": .int64, "b": .bool]).row(#"{"a": 1, "b": true}"#) == #"{"a":1,"b":true}"#)
    }

    @Test("keys are found in any order")
    func anyOrder() throws {
        let sheet = Sheet(["a": .int64, "b": .int64, "c": .int64, "dd": .int64, "ee": .int64])
        for document in [
            #"{"a":1,"b":2,"c":3,"dd":4,"ee":5}"#, #"{"ee":5,"dd":4,"c":3,"b":2,"a":1}"#,
            #"{"c":3,"a":1,"ee":5,"b":2,"dd":4}"#,
        ] {
            #expect(try sheet.row(document) == #"{"a":1,"b":2,"c":3,"dd":4,"ee":5}"#)
        }
        #expect(try sheet.row(#"{"a":1,"aa":9,"c":3,"ff":9}"#).hasPrefix(#"{"a":1,"c":3,"_extra""#))
    }

    @Test("null makes the cell NULL, which differs from a missing key")
    func null() throws {
        let sheet = Sheet(["a": .string, "b": .json, "c": .bytes, "d": .int64])
        #expect(try sheet.row(#"{"a": null, "b": null, "c": null}"#) == #"{"a":null,"b":null,"c":null}"#)
    }

    @Test("null where keys below are planned goes to _extra")
    func nullParent() throws {
        #expect(try Sheet(["user.id": .int64]).row(#"{"user": null}"#) == #"{"_extra":{"/payload/user":null}}"#)
        #expect(try Sheet(["user.id": .int64]).row(#"{"user": "x"}"#) == #"{"_extra":{"/payload/user":"x"}}"#)
    }

    @Test("an object whose keys are planned is descended into, also where a json column could take it")
    func descendsFirst() throws {
        let sheet = Sheet(["user": .json, "user.id": .int64])
        #expect(
            try sheet.row(#"{"user": {"id": 1, "x": 2}}"#) == #"{"user.id":1,"_extra":{"/payload/user/x":2}}"#)
        #expect(try sheet.row(#"{"user": [1]}"#) == #"{"user":[1]}"#)
        #expect(try sheet.row(#"{"user": {}}"#) == #"{"user":{}}"#)
    }

    @Test("a json column takes an object whole when no key below it is planned")
    func jsonObject() throws {
        #expect(try Sheet(["user": .json]).row(#"{"user": {"id": {"x": 1}}}"#) == #"{"user":{"id": {"x": 1}}}"#)
        #expect(try Sheet(["": .json]).row(#"{"user": 1}"#) == #"{"":{"user": 1}}"#)
    }

    @Test("an object at another column's path goes to _extra member by member")
    func objectAtLeaf() throws {
        let sheet = Sheet(["user": .string])
        #expect(
            try sheet.row(#"{"user": {"id": 1, "a": {"b": 2}}}"#)
                == #"{"_extra":{"/payload/user/id":1,"/payload/user/a/b":2}}"#)
        #expect(try sheet.row(#"{"user": {}}"#) == #"{"_extra":{"/payload/user":{}}}"#)
    }

    @Test(
        "objects nested deeper than the depth are values",
        arguments: [
            (1, #"{"/payload/a":{"b": {"c": {"d": 1}}}}"#), (2, #"{"/payload/a/b":{"c": {"d": 1}}}"#),
            (3, #"{"/payload/a/b/c":{"d": 1}}"#), (4, #"{"/payload/a/b/c/d":1}"#), (5, #"{"/payload/a/b/c/d":1}"#),
        ])
    func depth(depth: Int, extra: String) throws {
        let document = #"{"a": {"b": {"c": {"d": 1}}}}"#
        #expect(try Sheet([:], depth: depth).row(document) == #"{"_extra":\#(extra)}"#)
    }

    @Test("planned keys are found below the depth too")
    func plannedBelowDepth() throws {
        let sheet = Sheet(["a.b.c": .int64], depth: 1)
        #expect(
            try sheet.row(#"{"a": {"b": {"c": 1, "d": {"e": 2}}}}"#)
                == #"{"a.b.c":1,"_extra":{"/payload/a/b/d":{"e": 2}}}"#)
    }

    @Test("thousands of nested objects and arrays are taken as they are, at any depth setting")
    func veryDeep() throws {
        let levels = 50_000
        let document =
            String(repeating: #"{"a":["#, count: levels) + "1" + String(repeating: "]}", count: levels)
        let objects = String(repeating: #"{"a":"#, count: levels) + "1" + String(repeating: "}", count: levels)
        for depth in [1, 32, .max] {
            #expect(try Sheet([:], depth: depth).row(document).utf8.count > document.utf8.count)
            #expect(try Sheet([:], depth: depth).row(objects).contains("/a"))
            var sampler = PathSampler(depth: depth)
            let bytes = objects.utf8Bytes
            try sampler.add(bytes.span.bytes)
            #expect(sampler.paths.count == 1)
        }
    }

    @Test("an empty array, an empty object and an empty document are values")
    func empties() throws {
        #expect(
            try Sheet([:]).row(#"{"a": [], "b": {}, "c": { }}"#)
                == #"{"_extra":{"/payload/a":[],"/payload/b":{},"/payload/c":{}}}"#)
        #expect(try Sheet([:]).row("{}") == #"{"_extra":{"/payload":{}}}"#)
        #expect(try Sheet(["a.b": .int64]).row(" { } ") == #"{"_extra":{"/payload":{}}}"#)
        #expect(try Sheet(["a.b": .int64]).row(#"{"a": {}}"#) == #"{"_extra":{"/payload/a":{}}}"#)
    }

    @Test(
        "a document that is no object goes to _extra whole",
        arguments: ["null", "true", "-1.50", #""text\n""#, "[1, {\"a\": 2}]", "[]", "\"\""])
    func otherDocuments(document: String) throws {
        #expect(try Sheet(["a": .int64]).row(document) == #"{"_extra":{"/payload":\#(document)}}"#)
        #expect(try Sheet(["a": .int64]).row(" \n\(document)\t") == #"{"_extra":{"/payload":\#(document)}}"#)
    }

    @Test("a column for the whole document takes what fits it")
    func wholeDocument() throws {
        #expect(try Sheet(["": .string]).row(#""x""#) == #"{"":"x"}"#)
        #expect(try Sheet(["": .json]).row("[1]") == #"{"":[1]}"#)
        #expect(try Sheet(["": .json]).row("null") == #"{"":null}"#)
        #expect(try Sheet(["": .int64]).row(#""x""#) == #"{"_extra":{"/payload":"x"}}"#)
    }

    @Test("without keeping what is unplanned, it is passed over and misfits are still kept")
    func unplannedDropped() throws {
        let sheet = Sheet(["a": .int64, "b.c": .int64], keepsUnplanned: false)
        #expect(try sheet.row(#"{"a": 1, "x": {"y": [2]}, "b": {"c": 3, "d": {"e": 4}}}"#) == #"{"a":1,"b.c":3}"#)
        #expect(try sheet.row(#"{"a": "x", "z": 1, "b": 5}"#) == #"{"_extra":{"/payload/a":"x"}}"#)
        #expect(try sheet.row(#"{"a": {"x": 1}}"#) == #"{"_extra":{"/payload/a":{"x": 1}}}"#)
        #expect(try sheet.row("[1]") == "{}")
        #expect(
            try Sheet(["": .string], keepsUnplanned: false).row(#"{"x": 1}"#) == #"{"_extra":{"/payload":{"x": 1}}}"#)
        #expect(try sheet.strays([#"{"z": 1}"#]).isEmpty)
    }

    @Test("line ends between tokens, which json columns may hold, do not reach a row")
    func oneLine() throws {
        let sheet = Sheet(["a": .json])
        let row = try sheet.row("{\"a\"\r\n: [1,\n 2\r],\n\"b\": {\n}\n, \"c\": [\n\"x\\n\"]}")
        #expect(row == #"{"a":[1, 2],"_extra":{"/payload/b":{},"/payload/c":["x\n"]}}"#)
    }

    @Test("white space may stand wherever JSON allows it")
    func whiteSpace() throws {
        let row = try Sheet(["a": .int64, "b.c": .bool]).row(" \t{ \"a\"\n:\r1 , \"b\" : { \"c\" : true } } ")
        #expect(row == #"{"a":1,"b.c":true}"#)
    }

    @Test("rows of one batch do not mix")
    func manyRows() throws {
        let sheet = Sheet(["a": .string])
        var flattener = sheet.flattener()
        let documents = (0..<500).map { Array(#"{"a": "\#($0)", "x\#($0 % 7)": \#($0)}"#.utf8) }
        let lines = try sheet.encode(documents, as: .ndjson, &flattener).split(separator: 0x0A)
        for (index, line) in lines.enumerated() {
            #expect(
                String(decoding: line, as: UTF8.self)
                    == #"{"a":"\#(index)","_extra":{"/payload/x\#(index % 7)":\#(index)}}"#)
        }
        #expect(lines.count == 500)
    }
}
