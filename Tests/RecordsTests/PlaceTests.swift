import Records
import Testing

@Suite("Paths into arrays, and columns that take scalars")
struct PlaceTests {
    private func row(
        _ json: String, _ targets: [([PathStep], ColumnType)], keepsUnplanned: Bool = true
    ) throws -> FlattenedRow {
        let plan = targets.enumerated().map {
            FlattenTarget(path: $0.element.0, column: $0.offset, type: $0.element.1)
        }
        return try FlattenedRow(Array(json.utf8), plan: plan, keepsUnplanned: keepsUnplanned)
    }

    @Test("a place in an array is copied into its column, and the array goes where it would go without it")
    func copies() throws {
        let json = #"{"items": [{"id": 1, "t\u0061g": "a\n"}, {"id": 2}], "n": 3}"#
        let first: [([PathStep], ColumnType)] = [(["items", .index(0), "id"], .int64)]
        #expect(try row(json, first).cells == ["1"])
        #expect(
            try row(json, first).extra
                == #"{"/payload/items":[{"id": 1, "t\u0061g": "a\n"}, {"id": 2}],"/payload/n":3}"#)
        let more: [([PathStep], ColumnType)] = [
            (["items"], .json), (["items", .index(0), "tag"], .string), (["items", .index(1)], .json),
            (["items", .index(1), "tag"], .string), (["items", .index(2), "id"], .int64), (["n", .index(0)], .int64),
        ]
        let all = try row(json, more)
        #expect(
            all.cells == [#"[{"id": 1, "t\u0061g": "a\n"}, {"id": 2}]"#, "a\n", #"{"id": 2}"#, nil, nil, nil])
        #expect(all.states.map { $0 == .missing } == [false, false, false, true, true, true])
        #expect(all.extra == #"{"/payload/n":3}"#)
        #expect(try row(json, more, keepsUnplanned: false).extra == nil)
    }

    @Test("steps into arrays follow each other, and stand at the root")
    func nested() throws {
        let targets: [([PathStep], ColumnType)] = [
            ([.index(0)], .int64), ([.index(1), .index(2)], .bool), ([.index(1), .index(0), "a", .index(1)], .string),
            ([.index(3), ""], .string),
        ]
        let json = #"[7, [{"a": ["x", "y"]}, 0, true], null, {"": null}]"#
        #expect(try row(json, targets).cells == ["7", "true", "y", nil])
        #expect(try row(json, targets).states.last == .null)
        #expect(try row(json, targets).extra == "{\"/payload\":\(json)}")
        #expect(try row(#"{"0": 7}"#, targets).extra == #"{"/payload/0":7}"#)
        let wide = "[" + (0..<500).map { "[\($0),[]]" }.joined(separator: ",\n") + "]"
        #expect(try row(wide, [([.index(499), .index(0)], .int64)]).cells == ["499"])
        #expect(try row("[\n[\n1 ]]", [([.index(0)], .json), ([.index(0)], .json)]).cells == ["[1]", "[1]"])
    }

    @Test("a value that does not fit goes to _extra under a pointer of its own")
    func misfits() throws {
        let targets: [([PathStep], ColumnType)] = [
            (["a/b", .index(0), "é\"~"], .int64), (["a/b", .index(0), "é\"~"], .string), (["a/b", .index(0)], .bool),
        ]
        let found = try row(#"{"a/b": [{"é\"~": 1.5}]}"#, targets)
        #expect(found.cells == [nil, nil, nil])
        guard case .object(let entries) = ReferenceJSON(try #require(found.extra).utf8, allowsRepeats: false) else {
            Issue.record("\(found.extra ?? "")")
            return
        }
        #expect(
            Set(entries.keys.map { String(decoding: $0, as: UTF16.self) })
                == ["/payload/a~1b", "/payload/a~1b/0", "/payload/a~1b/0/é\"~0"])
        #expect(
            found.strays == [
                StrayPath(pointer: "/payload/a~1b", unplanned: 1, kinds: .array),
                StrayPath(pointer: "/payload/a~1b/0", misfits: 1, kinds: .object),
                StrayPath(pointer: "/payload/a~1b/0/é\"~0", misfits: 2, kinds: .number),
            ])
    }

    @Test("of a repeated key the last value counts, in arrays as well")
    func repeatedKeys() throws {
        let targets: [([PathStep], ColumnType)] = [(["a", .index(0), "b"], .int64), (["a", .index(1)], .int64)]
        #expect(try row(#"{"a":[{"b":1,"b":2}],"a":[{"b":3,"b":4}]}"#, targets).cells == ["4", nil])
        let found = try row(#"{"a":[{"b":"x"},2],"a":{"b":5}}"#, targets)
        #expect(found.states == [.missing, .missing])
        #expect(found.extra == #"{"/payload/a/b":5}"#)
    }

    @Test("nesting of 100,000 levels costs no call stack")
    func deepNesting() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let targets: [([PathStep], ColumnType)] = [([.index(0), .index(0)], .json), ([.index(0), "k"], .json)]
        #expect(try row(deep, targets).cells == [String(deep.dropFirst(2).dropLast(2)), nil])
    }

    @Test(
        "a string column that takes scalars holds their text, and _extra what they were",
        arguments: [
            ("1", "1"), ("-0", "-0"), ("1.50", "1.50"), ("1e400", "1e400"), ("true", "true"), ("false", "false"),
            ("123456789012345678901234567890.10", "123456789012345678901234567890.10"),
        ])
    func scalars(value: String, cell: String) throws {
        let plan = [FlattenTarget(path: ["v"], column: 0, type: .string, takesScalars: true)]
        let found = try FlattenedRow(Array("{\"v\": \(value)}".utf8), plan: plan)
        #expect(found.cells == [cell])
        #expect(found.states == [.plainText])
        #expect(found.extra == "{\"/payload/v\":\(value)}")
        #expect(found.strays.map(\.widened) == [1])
        #expect(found.strays.map(\.misfits) == [0])
        #expect(found.strays.map(\.unplanned) == [0])
    }

    @Test("what is no scalar is a misfit of such a column as of others, and a string needs no entry")
    func noScalars() throws {
        let plan = [
            FlattenTarget(path: ["v"], column: 0, type: .string, takesScalars: true),
            FlattenTarget(path: ["v"], column: 1, type: .int64, takesScalars: true),
            FlattenTarget(path: ["w", .index(0)], column: 2, type: .string, takesScalars: true),
        ]
        #expect(try FlattenedRow(Array(#"{"v": "1"}"#.utf8), plan: plan).cells == ["1", nil, nil])
        let array = try FlattenedRow(Array(#"{"v": [1]}"#.utf8), plan: plan)
        #expect(array.cells == [nil, nil, nil])
        #expect(array.strays == [StrayPath(pointer: "/payload/v", misfits: 2, kinds: .array)])
        let both = try FlattenedRow(Array(#"{"v": 7, "w": [true]}"#.utf8), plan: plan)
        #expect(both.cells == ["7", "7", "true"])
        #expect(both.extra == #"{"/payload/v":7,"/payload/w/0":true,"/payload/w":[true]}"#)
        #expect(
            both.strays == [
                StrayPath(pointer: "/payload/v", widened: 1, kinds: .int),
                StrayPath(pointer: "/payload/w", unplanned: 1, kinds: .array),
                StrayPath(pointer: "/payload/w/0", widened: 1, kinds: .bool),
            ])
    }
}
