import Records
import Testing

@Suite("Flattener")
struct FlattenerTests {
    @Test(
        "a value that fits its type is the column's",
        arguments: [
            ("\"\"", ColumnType.string, ""), ("\"plain\"", .string, "plain"),
            (#""a\n\"\\\/\b\f\r\t""#, .string, "a\n\"\\/\u{8}\u{C}\r\t"),
            (#""\u00e9\u65e5\ud83d\ude00\uD83D\uDE00""#, .string, "é日😀😀"), ("\"日本\"", .string, "日本"),
            ("0", .int64, "0"), ("-1", .int64, "-1"), ("9223372036854775807", .int64, "9223372036854775807"),
            ("-9223372036854775808", .int64, "-9223372036854775808"), ("1.50", .number, "1.50"), ("-0", .number, "-0"),
            ("1e400", .number, "1e400"),
            ("123456789012345678901234567890.10", .number, "123456789012345678901234567890.10"),
            ("12345678.90", .decimal(precision: 10, scale: 2), "12345678.90"),
            ("1.500", .decimal(precision: 10, scale: 2), "1.500"),
            ("-0.05", .decimal(precision: 2, scale: 2), "-0.05"), ("0", .decimal(precision: 2, scale: 2), "0"),
            ("99", .decimal(precision: 2, scale: 0), "99"), ("true", .bool, "true"), ("false", .bool, "false"),
            ("\"2026-10-31T23:59:59.123456Z\"", .timestamp, "2026-10-31T23:59:59.123456Z"),
            ("\"2026-10-31T23:59:59Z\"", .timestamp, "2026-10-31T23:59:59.000000Z"),
            ("\"2026-10-31T23:59:59.5+02:00\"", .timestamp, "2026-10-31T21:59:59.500000Z"),
            ("\"2026-10-31 00:30:00-05:30\"", .timestamp, "2026-10-31T06:00:00.000000Z"),
            ("\"0001-01-01T00:00:00Z\"", .timestamp, "0001-01-01T00:00:00.000000Z"),
            ("\"9999-12-31T23:59:59.999999Z\"", .timestamp, "9999-12-31T23:59:59.999999Z"),
            ("\"1999-12-31T23:59:59.999999Z\"", .timestamp, "1999-12-31T23:59:59.999999Z"),
            ("\"2024-02-29\"", .date, "2024-02-29"), ("\"0001-01-01\"", .date, "0001-01-01"),
            ("\"123e4567-e89b-12d3-a456-426614174000\"", .uuid, "123e4567-e89b-12d3-a456-426614174000"),
            ("[1, \"a\"]", .json, "[1, \"a\"]"), ("{\"x\": {}}", .json, "{\"x\": {}}"),
            ("\"a\\u0000\"", .json, "\"a\\u0000\""),
            ("{}", .json, "{}"), ("3.0", .json, "3.0"), ("true", .json, "true"),
        ])
    func fits(value: String, type: ColumnType, cell: String) throws {
        let row = try FlattenedRow("{\"v\": \(value)}", [(["v"], type)])
        #expect(row.cells == [cell])
        #expect(row.extra == nil)
        #expect(row.strays.isEmpty)
    }

    @Test(
        "a value that does not fit goes to _extra as it is, is counted, and leaves the cell missing",
        arguments: [
            ("1", ColumnType.string), ("true", .string), ("[\"a\"]", .string), ("{}", .string),
            (#""\ud800""#, .string), (#""\udc00 x""#, .string), (#""\ud83d\u0041""#, .string),
            (#""nul \u0000""#, .string),
            ("-0", .int64), ("1.0", .int64), ("1e2", .int64), ("9223372036854775808", .int64),
            ("-9223372036854775809", .int64),
            ("18446744073709551617", .int64), ("\"1\"", .int64), ("100000000000000000000", .int64), ("\"1\"", .number),
            ("[1]", .number),
            ("1.234", .decimal(precision: 10, scale: 2)), ("123456789", .decimal(precision: 10, scale: 2)),
            ("1e1", .decimal(precision: 10, scale: 2)),
            ("1", .decimal(precision: 2, scale: 2)), ("1e400", .double), ("-1e400", .double), ("\"1\"", .double),
            ("\"true\"", .bool), ("1", .bool),
            ("\"2026-10-31T23:59:59.1234567Z\"", .timestamp), ("\"2026-10-31T23:59:59\"", .timestamp),
            ("\"2026-10-31T23:59:60Z\"", .timestamp),
            ("\"2026-10-31T24:00:00Z\"", .timestamp), ("\"2026-02-30T00:00:00Z\"", .timestamp),
            ("\"2026-10-31T23:59:59.Z\"", .timestamp),
            ("\"2026-10-31\"", .timestamp), ("\"\"", .timestamp), ("0", .timestamp),
            ("\"0000-01-01T00:00:00Z\"", .timestamp),
            ("\"0001-01-01T00:00:00+01:00\"", .timestamp), ("\"9999-12-31T23:59:59-01:00\"", .timestamp),
            ("\"2026-10-31T23:59:59+24:00\"", .timestamp),
            ("\"2026-10-31T23:59:59Zx\"", .timestamp), ("\"2023-02-29\"", .date), ("\"2026-1-01\"", .date),
            ("\"2026-10-31T\"", .date), ("\"0000-01-01\"", .date),
            ("\"10000-01-01\"", .date), ("\"123E4567-e89b-12d3-a456-426614174000\"", .uuid),
            ("\"123e4567e89b12d3a456426614174000\"", .uuid),
            ("\"{123e4567-e89b-12d3-a456-426614174000}\"", .uuid), ("\"123e4567-e89b-12d3-a456-42661417400g\"", .uuid),
            ("\"\\\\x00\"", .bytes), ("1", .bytes),
        ])
    func misfits(value: String, type: ColumnType) throws {
        let row = try FlattenedRow("{\"v\": \(value)}", [(["v"], type)])
        #expect(row.states == [.missing])
        #expect(row.extra == "{\"/payload/v\":\(value)}")
        #expect(row.strays.map(\.pointer) == ["/payload/v"])
        #expect(row.strays.map(\.misfits) == [1])
        #expect(row.strays.map(\.unplanned) == [0])
    }

    @Test("null is NULL in a column of any type, and a key that is not there is missing")
    func nulls() throws {
        let types: [ColumnType] = [
            .string, .int64, .number, .decimal(precision: 3, scale: 1), .double, .bool, .timestamp, .date, .uuid, .json,
            .bytes,
        ]
        for type in types {
            let row = try FlattenedRow("{\"v\": null}", [(["v"], type), (["w"], type)])
            #expect(row.states == [.null, .missing])
            #expect(row.extra == nil)
        }
    }

    @Test(
        "doubles are the nearest ones, also where digits or powers are many",
        arguments: [
            "0", "1", "-1.5", "0.1", "0.30000000000000004", "123456789012345", "1234567890.12345", "9007199254740993",
            "1e22", "1e23",
            "5e-324", "2.2250738585072011e-308", "1.7976931348623157e308", "1e-400", "-0", "0.000000000000001",
            "123456789012345678901234567890",
            "8.5e-3", "1E+2", "179769313486231580793728971405301199e272",
        ])
    func doubles(text: String) throws {
        var batch = RowBatch(columns: [Column(name: "v", type: .double)], rowCapacity: 1)
        var flattener = Flattener(
            source: "p", targets: [FlattenTarget(path: ["v"], column: 0, type: .double)], depth: 1)
        var extra = ExtraObject()
        batch.addRow()
        try flattener.flatten(Array("{\"v\":\(text)}".utf8).span.bytes, into: &batch, extra: &extra)
        let expected = try #require(Double(text))
        #expect(batch.state(0, 0) == .value)
        #expect(batch.double(0, 0).bitPattern == expected.bitPattern)
    }

    @Test("a number that is longer than a double is worth goes to _extra")
    func longDouble() throws {
        let digits = "0." + String(repeating: "1", count: 1_100)
        let row = try FlattenedRow("{\"v\":\(digits)}", [(["v"], .double)])
        #expect(row.extra == "{\"/payload/v\":\(digits)}")
    }

    @Test("a string is known to be plain exactly when it holds no escape")
    func plainText() throws {
        #expect(try FlattenedRow(#"{"v": "é, x"}"#, [(["v"], .string)]).states == [.plainText])
        #expect(try FlattenedRow(#"{"v": "\u0041"}"#, [(["v"], .string)]).states == [.value])
    }

    @Test("objects are taken apart down to the depth, each leaf an entry and a count of its own")
    func depth() throws {
        let json = #"{"a": {"b": {"c": {"d": 1}, "e": []}}, "f": {}}"#
        #expect(
            try FlattenedRow(json, depth: 1).extra == #"{"/payload/a":{"b": {"c": {"d": 1}, "e": []}},"/payload/f":{}}"#
        )
        #expect(
            try FlattenedRow(json, depth: 3).extra
                == #"{"/payload/a/b/c":{"d": 1},"/payload/a/b/e":[],"/payload/f":{}}"#)
        let row = try FlattenedRow(json, depth: 9)
        #expect(row.extra == #"{"/payload/a/b/c/d":1,"/payload/a/b/e":[],"/payload/f":{}}"#)
        #expect(row.strays.map(\.pointer) == ["/payload/a/b/c/d", "/payload/a/b/e", "/payload/f"])
        #expect(row.strays.map(\.kinds) == [.int, .array, .object])
        #expect(row.strays.allSatisfy { $0.unplanned == 1 && $0.misfits == 0 })
    }

    @Test("planned keys are reached at any depth, and what stands beside them is still found")
    func plannedDepth() throws {
        let row = try FlattenedRow(
            #"{"a": {"b": {"c": {"d": 1, "x": {"y": 2}}}}}"#, [(["a", "b", "c", "d"], .int64)], depth: 1)
        #expect(row.cells == ["1"])
        #expect(row.extra == #"{"/payload/a/b/c/x":{"y": 2}}"#)
    }

    @Test("an object at a planned column without planned keys is taken whole by json and taken apart elsewhere")
    func objectsAtColumns() throws {
        let json = #"{"a": {"b": 1, "c": {}}}"#
        #expect(try FlattenedRow(json, [(["a"], .json)]).cells == [#"{"b": 1, "c": {}}"#])
        let row = try FlattenedRow(json, [(["a"], .string)])
        #expect(row.states == [.missing])
        #expect(row.extra == #"{"/payload/a/b":1,"/payload/a/c":{}}"#)
        #expect(
            row.strays == [
                StrayPath(pointer: "/payload/a/b", unplanned: 1, kinds: .int),
                StrayPath(pointer: "/payload/a/c", unplanned: 1, kinds: .object),
            ])
        // Where nothing unplanned is kept, or the object is deeper than objects are taken apart, it is one misfit.
        for whole in [
            try FlattenedRow(json, [(["a"], .string)], keepsUnplanned: false),
            try FlattenedRow(json, [(["a"], .string)], depth: 1),
        ] {
            #expect(whole.extra == #"{"/payload/a":{"b": 1, "c": {}}}"#)
            #expect(whole.strays == [StrayPath(pointer: "/payload/a", misfits: 1, kinds: .object)])
        }
        let empty = try FlattenedRow(#"{"a": {}}"#, [(["a"], .string)])
        #expect(empty.strays == [StrayPath(pointer: "/payload/a", misfits: 1, kinds: .object)])
        // Of two columns the json one takes it, and the other one cannot.
        let two = try FlattenedRow(json, [(["a"], .string), (["a"], .json)])
        #expect(two.cells == [nil, #"{"b": 1, "c": {}}"#])
        #expect(two.extra == #"{"/payload/a":{"b": 1, "c": {}}}"#)
        #expect(try FlattenedRow(#"{"a": 1}"#, [([], .string)]).extra == #"{"/payload/a":1}"#)
        #expect(try FlattenedRow(#"{"a": 1, "a": {"b": 2}}"#, [(["a"], .int64)]).extra == #"{"/payload/a/b":2}"#)
        #expect(try FlattenedRow(#"{"a": {"b": 2}, "a": 1}"#, [(["a"], .int64)]).extra == nil)
        // With planned keys below it, it is taken apart, and its column is for what is no object.
        let both: [([String], ColumnType)] = [(["a"], .json), (["a", "b"], .int64)]
        #expect(try FlattenedRow(json, both).cells == [nil, "1"])
        #expect(try FlattenedRow(json, both).extra == #"{"/payload/a/c":{}}"#)
        #expect(try FlattenedRow(#"{"a": [1]}"#, both).cells == ["[1]", nil])
        #expect(try FlattenedRow(#"{"a": {}}"#, both).cells == ["{}", nil])
    }

    @Test("two columns of one path both take its value")
    func twins() throws {
        let targets: [([String], ColumnType)] = [(["a"], .string), (["a"], .json), (["a"], .int64), (["b"], .string)]
        let row = try FlattenedRow(#"{"a": "x\n", "b": "y"}"#, targets)
        #expect(row.cells == ["x\n", "\"x\\n\"", nil, "y"])
        #expect(row.extra == #"{"/payload/a":"x\n"}"#)
        #expect(row.strays == [StrayPath(pointer: "/payload/a", misfits: 1, kinds: .string)])
        #expect(try FlattenedRow(#"{"a": 1.5}"#, targets).extra == #"{"/payload/a":1.5}"#)
        #expect(try FlattenedRow(#"{"a": 1.5, "a": 2}"#, targets).extra == #"{"/payload/a":2}"#)
    }

    @Test(
        "a document that is no object is one entry, and so is the empty object",
        arguments: ["1", "\"x\"", "null", "[1, 2]", "{}", " true\n"])
    func otherDocuments(json: String) throws {
        let row = try FlattenedRow(json, [(["a"], .string)])
        let value = json.filter { !$0.isNewline && $0 != " " || json.hasPrefix("[") }
        #expect(row.extra == "{\"/payload\":\(value)}")
        #expect(row.strays.map(\.unplanned) == [1])
    }

    @Test("the whole document can be a column")
    func wholeDocument() throws {
        #expect(try FlattenedRow(#"{"a": {"b": 1}}"#, [([], .json)]).cells == [#"{"a": {"b": 1}}"#])
        #expect(try FlattenedRow("null", [([], .json)]).states == [.null])
        #expect(try FlattenedRow("[1]", [([], .json)]).cells == ["[1]"])
    }

    @Test("what is not wanted unplanned is passed over, what does not fit is not")
    func passesOver() throws {
        let row = try FlattenedRow(
            #"{"a": "x", "b": {"c": 1, "d": 2}, "e": [1], "f": {"g": 1}}"#, [(["a"], .int64), (["b", "c"], .int64)],
            keepsUnplanned: false)
        #expect(row.cells == [nil, "1"])
        #expect(row.extra == #"{"/payload/a":"x"}"#)
        #expect(row.strays.map(\.pointer) == ["/payload/a"])
    }

    @Test(
        "pointers escape keys as RFC 6901 and JSON ask for",
        arguments: [
            (#""""#, "/payload/"), (#""a/b""#, "/payload/a~1b"), (#""~""#, "/payload/~0"), (#""~1""#, "/payload/~01"),
            (#""\"""#, #"/payload/\""#), (#""\\""#, #"/payload/\\"#), (#""\n""#, #"/payload/\n"#),
            (#""\u00e9""#, "/payload/é"),
            (#""\ud83d\ude00""#, "/payload/😀"), (#""\ud800""#, #"/payload/\ud800"#),
            (#""a\udfffb""#, #"/payload/a\udfffb"#),
            (#""\u0000""#, #"/payload/\u0000"#), (#""a.b""#, "/payload/a.b"),
        ])
    func pointers(key: String, pointer: String) throws {
        #expect(try FlattenedRow("{\(key): 1}").extra == "{\"\(pointer)\":1}")
    }

    @Test("a planned key is found however it is escaped")
    func escapedKeys() throws {
        for key in ["a/b", "é", "\"", "\\", "\n", "😀", ""] {
            var json = "{\""
            for unit in key.utf16 {
                let digits = String(unit, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            #expect(try FlattenedRow(json + "\": 1}", [([key], .int64)]).cells == ["1"])
        }
    }

    @Test("keys that differ in their bytes differ, though Unicode calls them equal")
    func canonicalEquivalence() throws {
        let targets: [([String], ColumnType)] = [(["\u{E9}"], .int64), (["e\u{301}"], .int64)]
        #expect(try FlattenedRow("{\"\u{E9}\": 1, \"e\u{301}\": 2}", targets).cells == ["1", "2"])
    }

    @Test("line ends between tokens never reach a cell or _extra, those in strings do as escapes")
    func oneLine() throws {
        let json = "{\n \"a\" : [\n1 ,\t\"x \\n\\\" y\"\r\n],\"b\":{\n\"c\":[\n]}}"
        let row = try FlattenedRow(json, [(["a"], .json)])
        #expect(row.cells == [#"[1,"x \n\" y"]"#])
        #expect(row.extra == #"{"/payload/b/c":[]}"#)
        // Where there is none, white space stays as it is.
        #expect(try FlattenedRow("{\n\"a\": [1,  2]\n}", [(["a"], .json)]).cells == ["[1,  2]"])
    }

    @Test("of a repeated key the last value counts, wherever the earlier one had gone")
    func repeatedKeys() throws {
        let a: [([String], ColumnType)] = [(["a"], .int64)]
        #expect(try FlattenedRow(#"{"a":1,"a":2}"#, a).cells == ["2"])
        #expect(try FlattenedRow(#"{"a":"x","a":2}"#, a).extra == nil)
        #expect(try FlattenedRow(#"{"a":"x","a":2}"#, a).cells == ["2"])
        #expect(try FlattenedRow(#"{"a":1,"a":"x"}"#, a).cells == [nil])
        #expect(try FlattenedRow(#"{"a":1,"a":"x"}"#, a).extra == #"{"/payload/a":"x"}"#)
        #expect(try FlattenedRow(#"{"u":1,"v":2,"u":3}"#).extra == #"{"/payload/v":2,"/payload/u":3}"#)
        #expect(try FlattenedRow(#"{"u":{"x":1,"y":2},"u":{"y":3}}"#).extra == #"{"/payload/u/y":3}"#)
        #expect(try FlattenedRow(#"{"u":{"x":1},"u":2}"#).extra == #"{"/payload/u":2}"#)
        #expect(try FlattenedRow(#"{"u":1,"u":{"x":[]}}"#).extra == #"{"/payload/u/x":[]}"#)
        let nested: [([String], ColumnType)] = [(["a", "b"], .int64), (["a", "c"], .int64)]
        let row = try FlattenedRow(#"{"a":{"b":1,"z":0},"a":{"c":2}}"#, nested)
        #expect(row.cells == [nil, "2"])
        #expect(row.extra == nil)
        #expect(try FlattenedRow(#"{"a":{"b":1},"a":null}"#, nested).extra == #"{"/payload/a":null}"#)
    }

    @Test("nesting of 200,000 levels is read without a stack, as a value, a column and a misfit")
    func deepNesting() throws {
        let depth = 200_000
        let arrays = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try FlattenedRow("{\"a\":\(arrays)}").extra == "{\"/payload/a\":\(arrays)}")
        let objects = String(repeating: "{\"k\":", count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(try FlattenedRow(objects, [(["k"], .json)]).cells == [String(objects.dropFirst(5).dropLast())])
        // Even a depth without bound takes objects apart only while pointers stay short.
        let row = try FlattenedRow(objects, depth: .max)
        let entry = try #require(row.extra)
        #expect(entry.utf8.count < objects.utf8.count + 2_000)
        #expect(entry.hasSuffix("}}"))
        #expect(throws: RecordError.self) { try FlattenedRow(String(arrays.dropLast())) }
        #expect(throws: RecordError.self) { try FlattenedRow(arrays.dropLast() + "}") }
    }

    @Test("strays are counted by path over all documents")
    func strayCounts() throws {
        var batch = RowBatch(columns: FlattenedRow.columns([(["n"], .int64)]), rowCapacity: 10)
        var flattener = FlattenedRow.flattener([(["n"], .int64)])
        var extra = ExtraObject()
        for json in [
            #"{"n": 1, "u": {"x": 1}}"#, #"{"n": "one", "u": {"x": 2.5}}"#, #"{"u": {"x": null, "y": false}, "n": []}"#,
        ] {
            batch.addRow()
            try flattener.flatten(Array(json.utf8).span.bytes, into: &batch, extra: &extra)
            extra.removeAll()
        }
        #expect(
            flattener.strays == [
                StrayPath(pointer: "/payload/n", misfits: 2, kinds: [.string, .array]),
                StrayPath(pointer: "/payload/u/x", unplanned: 3, kinds: [.int, .number, .null]),
                StrayPath(pointer: "/payload/u/y", unplanned: 1, kinds: [.bool]),
            ])
    }

    @Test("several documents of a row share one _extra")
    func severalDocuments() throws {
        var batch = RowBatch(columns: [Column(name: "_extra", type: .json)], rowCapacity: 2)
        var first = Flattener(source: "pay~load", targets: [], depth: 3)
        var second = Flattener(source: "con\"text", targets: [], depth: 3)
        var extra = ExtraObject()
        batch.addRow()
        extra.add(pointer: "/price", raw: Array("\"NaN\"".utf8).span.bytes)
        try first.flatten(Array(#"{"a":1,"a":2}"#.utf8).span.bytes, into: &batch, extra: &extra)
        try second.flatten(Array(#"{"a":[1]}"#.utf8).span.bytes, into: &batch, extra: &extra)
        extra.finish(into: &batch, column: 0)
        #expect(batch.cellText(0, 0) == #"{"/price":"NaN","/pay~0load/a":2,"/con\"text/a":[1]}"#)
        let isEmpty = extra.isEmpty
        #expect(isEmpty)
        #expect(second.strays.map(\.pointer) == ["/con\"text/a"])
    }
}
