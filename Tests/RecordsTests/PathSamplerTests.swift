import Records
import Testing

@Suite("PathSampler")
struct PathSamplerTests {
    private func paths(_ documents: [String], depth: Int = 5) throws -> [SampledPath] {
        var sampler = PathSampler(depth: depth)
        for document in documents.map(\.utf8Bytes) { try sampler.add(document.span.bytes) }
        return sampler.paths
    }

    @Test("paths are found with their counts and kinds, ordered by their keys")
    func found() throws {
        let paths = try paths([
            #"{"b": 1, "a": {"y": "s", "x": null}}"#, #"{"b": 2.5, "a": {"y": "t"}, "c": [1]}"#, #"{"a": 5, "": true}"#,
        ])
        #expect(
            paths.map { "\($0.path) \($0.count) \($0.kinds.names)" } == [
                #"[""] 1 ["bool"]"#, #"["a"] 3 ["int"]"#, #"["a", "x"] 1 ["null"]"#, #"["a", "y"] 2 ["string"]"#,
                #"["b"] 2 ["int", "number"]"#, #"["c"] 1 ["array"]"#,
            ])
    }

    @Test(
        "the suggested type takes every value seen as it is",
        arguments: [
            (["1", "-5"], .int64), (["1", "2.5"], .number), (["9223372036854775808"], .number), (["1e3"], .number),
            (["1.0"], .number), (["-0"], .number), ([#""a""#, #""2026-01-01""#], .string), (["true", "false"], .bool),
            (["[1]"], .json), (["{}"], .json), (["1", #""a""#], .json), (["true", "1"], .json),
            ([#""a""#, "[]"], .json),
            (["null", "1"], .int64), (["null", #""a""#], .string), (["null"], nil), (["null", "[]"], .json),
        ] as [([String], ColumnType?)])
    func types(values: [String], type: ColumnType?) throws {
        let paths = try paths(values.map { #"{"v": \#($0)}"# })
        #expect(paths.map(\.suggestedType) == [type])
        guard let type else { return }
        let sheet = Sheet(["v": type])
        for value in values { #expect(try sheet.row(#"{"v": \#(value)}"#) == #"{"v":\#(value)}"#) }
    }

    @Test("objects nested deeper than the depth are json, as for the flattener")
    func depth() throws {
        let document = #"{"a": {"b": {"c": {"d": 1}}}}"#
        #expect(try paths([document], depth: 1).map(\.path) == [["a"]])
        #expect(try paths([document], depth: 2).map(\.path) == [["a", "b"]])
        #expect(try paths([document], depth: 3).map(\.suggestedType) == [.json])
        #expect(try paths([document], depth: 4).map(\.suggestedType) == [.int64])
        #expect(try paths([document], depth: 4).map(\.path) == [["a", "b", "c", "d"]])
    }

    @Test("a plan of all suggested columns leaves nothing for _extra", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func completeness(seed: UInt64) throws {
        var generator = DocumentGenerator(seed: seed + 500, repeatsKeys: false)
        let documents = (0..<20).map { _ in String(decoding: generator.document(), as: UTF8.self) }
        // Two spellings of é are two keys of JSON but one text of Swift; one of them goes to _extra.
        for document in documents
        where JSONModel(document)?.members?.isEmpty == false && !document.contains("é") && !document.contains("\\u0301")
        {
            let planned = try paths([document], depth: 3).compactMap { path in
                path.suggestedType.map { (path.path, $0) }
            }
            // A key of which only null was seen gets no column.
            let unplanned = try Sheet(paths: planned, depth: 3).strays([document])
                .filter { $0.unplanned > 0 && $0.kinds != .null }
            #expect(unplanned.isEmpty, "\(document)")
        }
    }

    @Test("keys are decoded, and those that no text can hold are passed over")
    func keys() throws {
        #expect(
            try paths([#"{"\u0061\/\n": 1, "\ud83c\udf88": 2, "\u0000": 3, "\ud800": {"x": 4}}"#]).map(\.path)
                == [["a/\n"], ["🎈"]])
    }

    @Test("documents that are no objects add nothing", arguments: ["1", "null", "[{\"a\": 1}]", #""a""#, "{}", " {} "])
    func otherDocuments(document: String) throws { #expect(try paths([document]).isEmpty) }

    @Test(
        "what is no JSON is an error",
        arguments: ["", "{", "{\"a\"}", "{\"a\": }", "{} x", "x", "[", "\"", "1 2", "{\"a\": 1,}"])
    func noJSON(document: String) { #expect(throws: RecordError.self) { try paths([document]) } }

    @Test("so many paths are told apart and no more")
    func limit() throws {
        let documents = (0..<30).map { part in
            "{" + (0..<1_000).map { #""k\#(part * 1_000 + $0)": 1"# }.joined(separator: ", ") + "}"
        }
        #expect(try paths(documents).count == 20_000)
    }
}
