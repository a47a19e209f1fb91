import Records
import Testing

@Suite("StrayPath")
struct StrayPathTests {
    /// A path's counts, as the tests expect them.
    private struct Count: Equatable {
        var pointer: String
        var unplanned: Int64
        var misfits: Int64
        var kinds: JSONKinds

        init(_ pointer: String, _ unplanned: Int64, _ misfits: Int64, _ kinds: JSONKinds) {
            self.pointer = pointer
            self.unplanned = unplanned
            self.misfits = misfits
            self.kinds = kinds
        }

        init(_ path: StrayPath) { self.init(path.pointer, path.unplanned, path.misfits, path.kinds) }
    }

    @Test("unplanned values and misfits are counted by pointer, with the kinds seen")
    func counts() throws {
        let strays = try Sheet(["a": .int64, "b.c": .string]).strays([
            #"{"a": 1, "x": 1, "b": {"c": "y"}}"#, #"{"a": "s", "x": 2.5, "b": {"c": 1, "d": null}}"#,
            #"{"a": 1.5, "x": {"y": true}, "b": []}"#, #"{"x": {}, "b": {"d": "z"}}"#, "[]",
        ]).map(Count.init)
        #expect(
            strays == [
                Count("/payload", 1, 0, .array),
                Count("/payload/a", 0, 2, [.string, .number]),
                Count("/payload/b", 1, 0, .array),
                Count("/payload/b/c", 0, 1, .int),
                Count("/payload/b/d", 2, 0, [.null, .string]),
                Count("/payload/x", 3, 0, [.int, .number, .object]),
                Count("/payload/x/y", 1, 0, .bool),
            ])
    }

    @Test("documents whose values all fit leave nothing to count")
    func none() throws {
        #expect(try Sheet(["a": .int64]).strays([#"{"a": 1}"#, #"{"a": null}"#]).isEmpty)
    }

    @Test("a thousand paths are told apart, and the rest are counted in one")
    func limit() throws {
        let documents = (0..<1_200).map { #"{"k\#($0)": \#($0)}"# } + [#"{"k5": "x", "k1100": {"z": "x"}}"#]
        let strays = try Sheet(["k3": .int64, "k4": .string]).strays(documents).map(Count.init)
        // k3 fits, k4 does not; of the other 1,198 the first 1,000 have a place.
        #expect(strays.count == 1_002)
        #expect(strays.last == Count(StrayPath.others, 199, 0, [.int, .string]))
        #expect(strays.contains(Count("/payload/k4", 0, 1, .int)))
        #expect(strays.contains(Count("/payload/k5", 2, 0, [.int, .string])))
        #expect(strays.contains(Count("/payload/k1001", 1, 0, .int)))
        #expect(!strays.contains { $0.pointer == "/payload/k1002" })
    }

    @Test("beyond the limit values still go to _extra under their own pointers")
    func beyondTheLimit() throws {
        let members = (0..<2_500).map { #""k\#($0)":{"a":{"b":\#($0)},"c":[]}"# }.joined(separator: ",")
        let row = try Sheet([:], depth: 3).row("{\(members)}")
        let extra = (0..<2_500).map { #""/payload/k\#($0)/a/b":\#($0),"/payload/k\#($0)/c":[]"# }
        #expect(row == #"{"_extra":{\#(extra.joined(separator: ","))}}"#)
    }

    @Test("after a document that is no JSON the next one is counted as ever")
    func afterError() throws {
        let sheet = Sheet([:], depth: 9)
        var flattener = sheet.flattener()
        let many = (0..<1_100).map { #""k\#($0)": 1"# }.joined(separator: ", ")
        _ = try sheet.encode([Array("{\(many)}".utf8)], as: .ndjson, &flattener)
        for _ in 0..<3 {
            #expect(throws: RecordError.self) {
                try sheet.encode([Array(#"{"x1": {"y": {"z": ["#.utf8)], as: .ndjson, &flattener)
            }
        }
        let row = try sheet.encode([Array(#"{"x2": {"y": 1}}"#.utf8)], as: .ndjson, &flattener)
        #expect(String(decoding: row, as: UTF8.self) == "{\"_extra\":{\"/payload/x2/y\":1}}\n")
        #expect(flattener.strays.last?.unplanned == 101)
    }

    @Test("kinds have names, in a fixed order")
    func names() {
        let all: JSONKinds = [.object, .array, .string, .number, .int, .bool, .null]
        #expect(all.names == ["null", "bool", "int", "number", "string", "array", "object"])
        #expect(JSONKinds().names.isEmpty)
    }
}
