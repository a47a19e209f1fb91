import Records
import Testing

@Suite("Arrays whose elements become rows")
struct ItemsTests {
    /// A document's row, and the elements it gave away.
    private struct Split {
        let row: FlattenedRow
        var elements: [String] = []

        /// The column 0 is the count, the others are the targets'.
        init(
            _ json: String, at path: [String] = ["items"], _ targets: [FlattenTarget] = [], more: [ItemsTarget] = [],
            keepsUnplanned: Bool = true
        ) throws {
            var columns = [Column(name: "count", type: .int64)]
            columns += targets.map { Column(name: "c\($0.column)", type: $0.type) }
            columns += more.map { Column(name: "c\($0.count)", type: .int64) }
            var batch = RowBatch(columns: columns + [Column(name: "_extra", type: .json)], rowCapacity: 1)
            var flattener = Flattener(
                source: "payload", targets: targets, items: [ItemsTarget(path: path, count: 0, items: 7)] + more,
                depth: 5, keepsUnplanned: keepsUnplanned)
            var extra = ExtraObject()
            batch.addRow()
            try flattener.flatten(Array(json.utf8).span.bytes, into: &batch, extra: &extra)
            if !extra.isEmpty { extra.finish(into: &batch, column: columns.count) }
            row = FlattenedRow(batch, row: 0, strays: flattener.strays)
            flattener.forEachElement { items, index, element in
                let text = element.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                elements.append("\(items)[\(index)] \(text)")
            }
        }
    }

    @Test("the elements are given in order, and the row has their number")
    func elements() throws {
        let split = try Split("{\"items\" : [ 1 ,\n{\"a\": [2, \"]\"]},null,[ ], \"x\" ], \"n\": 1}")
        #expect(split.row.cells == ["5"])
        #expect(split.elements == ["7[0] 1", "7[1] {\"a\": [2, \"]\"]}", "7[2] null", "7[3] [ ]", "7[4] \"x\""])
        #expect(split.row.extra == #"{"/payload/n":1}"#)
        #expect(split.row.strays.map(\.pointer) == ["/payload/n"])
        #expect(try Split(#"{"items": [ ]}"#).row.cells == ["0"])
        #expect(try Split(#"{"items": [ ]}"#).elements == [])
        #expect(try Split(#"{"items": [[1], [2]]}"#).elements == ["7[0] [1]", "7[1] [2]"])
        #expect(try Split(#"{"items": [1]}"#, keepsUnplanned: false).row.cells == ["1"])
    }

    @Test("null makes the number NULL, nothing leaves it missing, and what is no array is a misfit")
    func otherValues() throws {
        #expect(try Split(#"{"items": null}"#).row.states == [.null])
        #expect(try Split(#"{"items": null}"#).row.extra == nil)
        #expect(try Split("{}").row.states == [.missing])
        for value in ["1", "\"x\"", "true", "{}"] {
            let split = try Split("{\"items\": \(value)}")
            #expect(split.row.states == [.missing])
            #expect(split.row.extra == "{\"/payload/items\":\(value)}")
            #expect(split.row.strays.map(\.misfits) == [1])
            #expect(split.elements == [])
        }
        let object = try Split(#"{"items": {"a": [1]}}"#)
        #expect(object.row.extra == #"{"/payload/items/a":[1]}"#)
        #expect(object.row.strays.map(\.unplanned) == [1])
    }

    @Test("a path may have columns, keys below it and places in its array beside its items")
    func beside() throws {
        let targets = [
            FlattenTarget(path: ["items"], column: 1, type: .string),
            FlattenTarget(path: ["items", "id"], column: 2, type: .int64),
            FlattenTarget(path: ["items", .index(1), "id"], column: 3, type: .int64),
        ]
        let array = try Split(#"{"items": [{"id": 1}, {"id": "x"}]}"#, targets)
        #expect(array.row.cells == ["2", nil, nil, nil])
        #expect(array.elements.count == 2)
        #expect(array.row.extra == #"{"/payload/items/1/id":"x"}"#)
        let object = try Split(#"{"items": {"id": 1, "x": 2}}"#, targets)
        #expect(object.row.cells == [nil, nil, "1", nil])
        #expect(object.row.extra == #"{"/payload/items/x":2}"#)
        let text = try Split(#"{"items": "one"}"#, targets)
        #expect(text.row.cells == [nil, "one", nil, nil])
        #expect(text.row.extra == nil)
        #expect(text.row.strays.isEmpty)
        let number = try Split(#"{"items": 1.5}"#, targets)
        #expect(number.row.extra == #"{"/payload/items":1.5}"#)
        #expect(number.row.strays.map(\.misfits) == [1])
        #expect(try Split(#"{"items": null}"#, targets).row.states == [.null, .null, .missing, .missing])
        // A json column takes the array as well.
        let json = [FlattenTarget(path: ["items"], column: 1, type: .json)]
        #expect(try Split(#"{"items": [1]}"#, json).row.cells == ["1", "[1]"])
        #expect(try Split(#"{"items": {"a": 1}}"#, json).row.cells == [nil, #"{"a": 1}"#])
    }

    @Test("several arrays are told apart; the root and arrays in arrays are arrays as well")
    func severalArrays() throws {
        let more = [ItemsTarget(path: ["b", "c"], count: 1, items: 9)]
        let split = try Split(#"{"b": {"c": [3]}, "items": [1, 2]}"#, more: more)
        #expect(split.row.cells == ["2", "1"])
        #expect(split.elements == ["9[0] 3", "7[0] 1", "7[1] 2"])
        #expect(try Split("[[1],2]", at: []).elements == ["7[0] [1]", "7[1] 2"])
        #expect(try Split("[[1],2]", at: []).row.cells == ["2"])
    }

    @Test("of a repeated key the last array counts")
    func repeatedKeys() throws {
        #expect(try Split(#"{"items": [1], "items": [2, 3]}"#).elements == ["7[0] 2", "7[1] 3"])
        #expect(try Split(#"{"items": [1], "items": [2, 3]}"#).row.cells == ["2"])
        let number = try Split(#"{"items": [1], "items": 2}"#)
        #expect(number.elements == [])
        #expect(number.row.states == [.missing])
        let deeper = [ItemsTarget(path: ["b", "c"], count: 1, items: 9)]
        #expect(try Split(#"{"b": {"c": [1]}, "items": [5], "b": {}}"#, more: deeper).elements == ["7[0] 5"])
    }

    @Test("elements are flattened into rows of their own, those within them too, under pointers that say where")
    func nested() throws {
        let orders = FlattenerPair(
            flattener: Flattener(
                source: "payload", targets: [], items: [ItemsTarget(path: ["a/b"], count: 0, items: 0)], depth: 3),
            batch: RowBatch(columns: [Column(name: "n", type: .int64), Column(name: "_extra", type: .json)]))
        let items = FlattenerPair(
            flattener: Flattener(
                source: "payload", below: ["a/b"], targets: [FlattenTarget(path: ["id"], column: 0, type: .int64)],
                items: [ItemsTarget(path: ["tags"], count: 1, items: 0)], depth: 3),
            batch: RowBatch(
                columns: [
                    Column(name: "id", type: .int64), Column(name: "n", type: .int64),
                    Column(name: "_extra", type: .json),
                ]))
        let tags = FlattenerPair(
            flattener: Flattener(
                source: "payload", below: ["a/b", "tags"],
                targets: [FlattenTarget(path: [], column: 0, type: .string)], depth: 3),
            batch: RowBatch(columns: [Column(name: "tag", type: .string), Column(name: "_extra", type: .json)]))
        for json in [
            #"{"a/b": [{"id": 1, "tags": ["x", "y"]}, {"id": "2", "tags": [3, {"k": "z"}]}, 4]}"#,
            #"{"a/b": [{"tags": []}]}"#,
        ] {
            try orders.add(Array(json.utf8).span.bytes)
            try orders.flattener.forEachElement { _, _, element throws(RecordError) in
                try items.add(element)
                try items.flattener.forEachElement { _, _, tag throws(RecordError) in try tags.add(tag) }
            }
        }
        #expect(orders.rows == ["3 |", "1 |"])
        #expect(
            items.rows == [
                "1 2 |", #"NULL 2 | {"/payload/a~1b/id":"2"}"#, #"NULL NULL | {"/payload/a~1b":4}"#, "NULL 0 |",
            ])
        #expect(
            tags.rows == [
                "x |", "y |", #"NULL | {"/payload/a~1b/tags":3}"#, #"NULL | {"/payload/a~1b/tags/k":"z"}"#,
            ])
        #expect(items.flattener.strays.map(\.pointer) == ["/payload/a~1b", "/payload/a~1b/id"])
    }

    /// A flattener and the batch that it fills.
    private final class FlattenerPair {
        var flattener: Flattener
        var batch: RowBatch
        private var extra = ExtraObject()

        init(flattener: consuming Flattener, batch: consuming RowBatch) {
            self.flattener = flattener
            self.batch = batch
        }

        func add(_ json: RawSpan) throws(RecordError) {
            batch.addRow()
            try flattener.flatten(json, into: &batch, extra: &extra)
            if !extra.isEmpty { extra.finish(into: &batch, column: batch.columns.count - 1) }
        }

        var rows: [String] {
            (0..<batch.rowCount).map { index in
                let row = FlattenedRow(batch, row: index)
                return (row.cells.map { $0 ?? "NULL" } + ["|"] + [row.extra].compactMap { $0 }).joined(separator: " ")
            }
        }
    }

    @Test("nesting of 100,000 levels costs no call stack, within elements and between them")
    func deepNesting() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try Split("{\"items\": [\(deep), \(deep)]}").elements == ["7[0] \(deep)", "7[1] \(deep)"])
    }

    @Test(
        "an array that is no JSON is refused with the place, and gives no elements",
        arguments: [
            ("[1 2]", 3, "a comma or the array's end"), ("[1,]", 3, "a value"), ("[,1]", 1, "a value"),
            ("[1}", 2, "a comma or the array's end"), ("[1", 2, "a comma or the array's end"), ("[", 1, "a value"),
            ("[[1,2]", 6, "a comma or the array's end"), ("[1]]", 3, "the document's end"),
        ])
    func errors(json: String, offset: Int, expected: String) throws {
        var batch = RowBatch(columns: [Column(name: "n", type: .int64)], rowCapacity: 1)
        var flattener = Flattener(
            source: "payload", targets: [], items: [ItemsTarget(path: [], count: 0, items: 0)], depth: 1)
        var extra = ExtraObject()
        batch.addRow()
        do throws(RecordError) {
            try flattener.flatten(Array(json.utf8).span.bytes, into: &batch, extra: &extra)
            Issue.record("taken")
        } catch {
            #expect(error.offset == offset)
            #expect(error.expected == expected)
        }
        flattener.forEachElement { _, _, _ in Issue.record("an element of a document that was refused") }
    }
}
