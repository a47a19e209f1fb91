import Records
import Testing

@Suite("PathSampler")
struct PathSamplerTests {
    private func sample(_ documents: [String], depth: Int = 5) throws -> [SampledPath] {
        var sampler = PathSampler(depth: depth)
        for document in documents { try sampler.add(Array(document.utf8).span.bytes) }
        return sampler.paths
    }

    @Test(
        "a path's type is the narrowest that takes every value seen",
        arguments: [
            (["1", "-5"], ColumnType.int64), (["1", "1.5"], .number), (["9223372036854775808"], .number),
            (["-0"], .number), (["1e3"], .number),
            (["\"a\"", "\"\""], .string), (["true", "false"], .bool), (["[1]"], .json), (["1", "\"a\""], .json),
            (["true", "1"], .json),
            (["{}"], .json), (["{}", "1"], .json), (["null", "1"], .int64), (["null"], nil),
        ])
    func types(values: [String], type: ColumnType?) throws {
        let paths = try sample(values.map { "{\"v\": \($0)}" })
        #expect(paths.map(\.path) == [["v"]])
        #expect(paths[0].suggestedType == type)
        #expect(paths[0].count == Int64(values.count))
    }

    @Test("objects are taken apart down to the depth; deeper ones are JSON")
    func depth() throws {
        let json = #"{"b": {"c": {"d": 1}}, "a": 2}"#
        #expect(try sample([json], depth: 1).map(\.path) == [["a"], ["b"]])
        #expect(try sample([json], depth: 2).map(\.path) == [["a"], ["b", "c"]])
        #expect(try sample([json], depth: 2).map(\.suggestedType) == [.int64, .json])
        #expect(try sample([json], depth: 3).map(\.path) == [["a"], ["b", "c", "d"]])
    }

    @Test("paths are ordered by their keys' bytes, whatever order documents have")
    func order() throws {
        let documents = [#"{"b": 1, "a": {"z": 1, "é": 2, "": 3}}"#, #"{"a": {"A": 1}, "B": 1}"#]
        let expected = [["B"], ["a", ""], ["a", "A"], ["a", "z"], ["a", "é"], ["b"]]
        #expect(try sample(documents).map(\.path) == expected)
        #expect(try sample(documents.reversed()).map(\.path) == expected)
    }

    @Test("a path that is an empty object at times and has keys at others deserves no column for the empty ones")
    func branches() throws {
        let paths = try sample([#"{"a": {}}"#, #"{"a": {"b": 1}}"#])
        #expect(paths.map(\.path) == [["a"], ["a", "b"]])
        #expect(paths.map(\.suggestedType) == [nil, .int64])
        #expect(try sample([#"{"a": "x"}"#, #"{"a": {"b": 1}}"#]).map(\.suggestedType) == [.string, .int64])
    }

    @Test("a plan made from a sample leaves nothing to _extra but nulls and empty objects", arguments: [1, 2, 3])
    func plansTakeAll(seed: UInt64) throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: seed), isLoose: false)
        for _ in 0..<150 {
            let documents = (0..<5).map { _ in generator.object(0) }
            let paths = try sample(documents)
            let targets = paths.compactMap { path in path.suggestedType.map { (path.path, $0) } }
            let unplanned = Set(paths.filter { $0.suggestedType == nil }.map(\.path))
            for document in documents where document != "{}" {
                let row = try FlattenedRow(document, targets)
                if let extra = row.extra {
                    guard case .object(let entries) = ReferenceJSON(extra.utf8) else { continue }
                    // What is there deserves no column: only ever null, or an empty object where others have keys.
                    func check(_ value: ReferenceJSON, _ path: [String]) {
                        guard case .object(let members) = value else {
                            #expect(unplanned.contains(path), "\(path) of \(document)")
                            return
                        }
                        for (key, member) in members { check(member, path + [String(decoding: key, as: UTF16.self)]) }
                    }
                    for (pointer, value) in entries {
                        let keys = ReferenceJSON.keys(ofPointer: pointer)
                        check(value, keys.map { String(decoding: $0, as: UTF16.self) })
                    }
                }
            }
        }
    }

    @Test("documents that are no objects, keys that no text can hold and deep nesting do no harm")
    func strange() throws {
        let deep = String(repeating: "{\"k\":", count: 50_000) + "1" + String(repeating: "}", count: 50_000)
        #expect(try sample(["[1]", "7"]).map(\.path) == [[]])
        #expect(try sample([#"{"\ud800": 1, "\u0000": {"a": 1}, "b": 2}"#]).map(\.path) == [["b"]])
        #expect(try sample([deep], depth: 3).map(\.suggestedType) == [.json])
        var sampler = PathSampler(depth: 60_000)
        try sampler.add(Array(deep.utf8).span.bytes)
    }

    @Test("a table keyed by user ids gets a bounded number of paths")
    func bounded() throws {
        let documents = (0..<30).map { row in
            "{" + (0..<1_000).map { "\"u\(row * 1_000 + $0)\":1" }.joined(separator: ",") + "}"
        }
        #expect(try sample(documents).count == 20_000)
    }
}
