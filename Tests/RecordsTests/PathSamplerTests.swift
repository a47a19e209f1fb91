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

    // MARK: - Arrays taken apart, and what is known of each path

    private func exploded(_ documents: [String], depth: Int = 5) throws -> [SampledPath] {
        var sampler = PathSampler(depth: depth, explodes: true)
        for document in documents { try sampler.add(Array(document.utf8).span.bytes) }
        #expect(sampler.documents == Int64(documents.count))
        return sampler.paths
    }

    @Test("arrays are taken apart when asked: their elements' paths stand at the array's, from the element on")
    func items() throws {
        let paths = try exploded([
            #"{"items": [{"id": 1, "size": {"w": 2}}, {"id": "x"}, {}], "n": 1}"#, #"{"items": [{"id": 2}, 7, null]}"#,
            #"{"items": null}"#,
        ])
        #expect(paths.map(\.path) == [["items"], ["n"]])
        #expect(paths[0].count == 3)
        #expect(paths[0].kinds == [.array, .null])
        #expect(paths[0].elements == 6)
        #expect(paths[0].suggestedType == nil)
        #expect(paths[1].items == nil)
        let items = try #require(paths[0].items)
        #expect(items.map(\.path) == [[], ["id"], ["size", "w"]])
        #expect(items.map(\.count) == [3, 3, 1])
        #expect(items.map(\.suggestedType) == [.int64, .json, .int64])
        // Without being asked, an array is a value.
        #expect(try sample([#"{"items": [1]}"#])[0].items == nil)
        #expect(try sample([#"{"items": [1]}"#])[0].suggestedType == .json)
    }

    @Test("arrays within arrays, at the root and beside other values are arrays as well")
    func nestedItems() throws {
        let paths = try exploded(["[[1, 2], [], [[true]]]"])
        #expect(paths.map(\.path) == [[]])
        let inner = try #require(paths[0].items)
        #expect(inner.map(\.path) == [[]])
        #expect(inner[0].count == 3)
        #expect(inner[0].elements == 3)
        let innermost = try #require(inner[0].items)
        #expect(innermost[0].kinds == [.int, .array])
        #expect(innermost[0].suggestedType == .int64)
        #expect(innermost[0].items?[0].suggestedType == .bool)
        let mixed = try exploded([#"{"a": [1]}"#, #"{"a": "x"}"#, #"{"a": {"b": []}}"#])
        #expect(mixed.map(\.path) == [["a"], ["a", "b"]])
        #expect(mixed.map(\.suggestedType) == [.string, nil])
        #expect(mixed[0].count == 3)
        #expect(mixed[1].items == [])
        // Objects are taken apart to the depth within each element.
        let deep = try exploded([#"{"a": {"b": [{"c": {"d": 1}}]}, "x": {"y": {"z": [1]}}}"#], depth: 2)
        #expect(deep.map(\.path) == [["a", "b"], ["x", "y"]])
        #expect(deep[0].items?.map(\.path) == [["c", "d"]])
        #expect(deep[1].suggestedType == .json)
    }

    @Test("each path keeps up to three different short examples")
    func examples() throws {
        let long = "\"" + String(repeating: "x", count: 59) + "\""
        let fits = "\"" + String(repeating: "y", count: 58) + "\""
        let values = ["null", "1", "1", long, "[1, 2]", "{}", fits, "true"]
        let documents = values.map { "{\"v\": \($0)}" }
        #expect(try sample(documents)[0].examples == ["1", "[1, 2]", fits])
        #expect(try exploded(documents)[0].examples == ["1", "[1, 2]", fits])
        #expect(try exploded(documents)[0].items?[0].examples == ["1", "2"])
        #expect(try sample(["{\"v\": null}"])[0].examples == [])
    }

    @Test("deep nesting of arrays and wide elements stay within limits")
    func itemLimits() throws {
        let deep = String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000)
        var path = try exploded([deep])
        var levels = 0
        while let items = path.first?.items {
            path = items
            levels += 1
        }
        #expect(levels == 64)
        #expect(path[0].suggestedType == .json)
        let wide = "[" + (0..<30_000).map { "{\"u\($0)\":[\($0)]}" }.joined(separator: ",") + "]"
        let items = try #require(try exploded([wide])[0].items)
        #expect(items.count > 9_000 && items.count <= 20_000)
        #expect(try exploded([wide])[0].elements == 30_000)
    }

    @Test("a plan made from a sample with arrays taken apart takes every element")
    func itemPlans() throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: 21), isLoose: false)
        for _ in 0..<150 {
            let documents = (0..<5).map { _ in "{\"list\": [\(generator.object(1)), \(generator.value(1))]}" }
            let list = try #require(try exploded(documents).first)
            let items = try #require(list.items)
            let typed = items.filter { $0.suggestedType != nil }
            let targets = typed.enumerated().map { index, path in
                FlattenTarget(keys: path.path, column: index, type: path.suggestedType ?? .json)
            }
            let inner = items.filter { $0.items != nil }.enumerated().map { index, path in
                ItemsTarget(path: path.path, count: targets.count + index, items: index)
            }
            let columns =
                targets.map { Column(name: "c\($0.column)", type: $0.type) }
                + inner.map { Column(name: "c\($0.count)", type: .int64) }
            var flattener = Flattener(
                source: "p", targets: [], items: [ItemsTarget(path: ["list"], count: 0, items: 0)], depth: 5)
            var child = Flattener(source: "p", below: ["list"], targets: targets, items: inner, depth: 5)
            var extra = ExtraObject()
            for document in documents {
                var batch = RowBatch(columns: [Column(name: "n", type: .int64)], rowCapacity: 1)
                batch.addRow()
                try flattener.flatten(Array(document.utf8).span.bytes, into: &batch, extra: &extra)
                var rows = RowBatch(columns: columns, rowCapacity: 10)
                try flattener.forEachElement { _, _, element throws(RecordError) in
                    rows.addRow()
                    try child.flatten(element, into: &rows, extra: &extra)
                    extra.removeAll()
                }
                #expect(rows.rowCount == 2)
            }
            // What has no column is null, or an empty object where others have keys.
            for stray in child.strays {
                #expect(stray.kinds.isSubset(of: [.null, .object]), "\(stray) of \(documents)")
            }
        }
    }
}
