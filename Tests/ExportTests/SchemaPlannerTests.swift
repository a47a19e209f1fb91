import Lake
import Pipeline
import Postgres
import Records
import Testing

@testable import Export

@Suite("A dataset's columns")
struct SchemaPlannerTests {
    private let columns = [
        ColumnInfo(name: "id", typeName: "bigint", type: .int8, notNull: true),
        ColumnInfo(name: "at", typeName: "timestamp with time zone", type: .timestamptz, notNull: false),
        ColumnInfo(name: "price", typeName: "numeric(10,2)", type: .numeric, notNull: false, precision: 10, scale: 2),
        ColumnInfo(name: "shape", typeName: "point", type: .other("point"), notNull: false),
        ColumnInfo(name: "payload", typeName: "jsonb", type: .jsonb, notNull: false),
    ]

    private func plan(
        _ spec: DatasetSpec, after: SchemaPlan? = nil, strays: [StrayCount] = [], columns: [ColumnInfo]? = nil,
        paths: [SampledPath] = [], promised: [SampledPath] = [], values: [String?] = []
    ) throws -> SchemaPlan {
        let table = SourceTable(name: "public.events", relation: nil, columns: columns ?? self.columns, leaves: [])
        return try SchemaPlanner(
            spec: spec, table: table, known: after.map { state($0, strays) }, evolves: true
        ).plan(SchemaSamples(newValues: { values }, paths: { _, _, _ in paths }, promised: { _ in promised }))
    }

    /// The state after a plan was committed.
    private func state(_ plan: SchemaPlan, _ strays: [StrayCount]) -> DatasetState {
        var state = DatasetState()
        for table in plan.tables {
            var known = TableState(
                schema: table.schema, share: table.share, items: table.items,
                history: (1...table.schema.version).map {
                    SchemaVersion(
                        version: $0, entry: $0, columns: table.schema.columns.count, output: OutputPlan(spec()),
                        changes: [])
                })
            known.strays = strays.filter { $0.table == table.name }
            state.tables[table.name] = known
        }
        return state
    }

    private func spec(
        columns: [ColumnSpec]? = nil, flatten: [FlattenSpec] = [], exclude: [String] = [],
        partitionBy: [PartitionSpec] = []
    ) -> DatasetSpec {
        var privacy = PrivacySpec()
        privacy.exclude = exclude.map { FieldPath(column: $0) }
        return DatasetSpec(
            name: "events", table: TableName(name: "events"), key: ["id"], columns: columns, flatten: flatten,
            privacy: privacy, partitionBy: partitionBy)
    }

    private func path(_ keys: String..., kinds: JSONKinds) -> SampledPath {
        SampledPath(path: keys, count: 1, kinds: kinds)
    }

    @Test("The first version is the table's columns, then the sampled keys, then _extra")
    func firstVersion() throws {
        let plan = try plan(
            spec(flatten: [FlattenSpec(column: "payload")]),
            paths: [path("a", kinds: .int), path("b", "c", kinds: [.int, .number]), path("n", kinds: .null)])
        #expect(
            plan.tables[0].schema.columns.map { "\($0.name) \($0.type)" } == [
                "id int64", "at timestamp", "price decimal(10,2)", "shape string", "payload_a int64",
                "payload_b_c number", "_extra json",
            ])
        #expect(plan.tables[0].schema.version == 1)
        #expect(plan.notes.count == 1 && plan.notes[0].contains("point"))
        #expect(plan.fields.map(\.name) == ["id", "at", "price", "shape::text", "payload"])
    }

    @Test("Names that are the same, or differ only by case, are told apart in the order of their paths")
    func collisions() throws {
        let plan = try plan(
            spec(flatten: [FlattenSpec(column: "payload", prefix: "")]),
            paths: [
                path("ID", kinds: .int), path("a", "b", kinds: .int), path("a_b", kinds: .int),
                path("a_b_2", kinds: .int),
            ])
        #expect(plan.tables[0].schema.columns.map(\.name).suffix(5) == ["ID_2", "a_b", "a_b_2", "a_b_2_2", "_extra"])
    }

    @Test("Later versions keep the order and append what is new; what the pipeline drops stays, empty")
    func laterVersions() throws {
        let first = try plan(spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "at")]))
        let second = try plan(
            spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "price")]), after: first)
        #expect(second.tables[0].schema.columns.map(\.name) == ["id", "at", "_extra", "price"])
        #expect(second.tables[0].schema.version == 2)
        #expect(second.tables[0].retired == ["at"])
        #expect(second.fields.map(\.name) == ["id", "price"], "what is dropped is not even read")
        let third = try plan(
            spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "price")]), after: second)
        #expect(third.tables[0].schema == second.tables[0].schema)
    }

    @Test("Known keys are not sampled again: a run's columns do not depend on chance")
    func noSecondSample() throws {
        let flatten = spec(flatten: [FlattenSpec(column: "payload")])
        let first = try plan(flatten, paths: [path("a", kinds: .int)])
        let second = try plan(flatten, after: first, paths: [path("z", kinds: .int)])
        #expect(second.tables[0].schema == first.tables[0].schema)
        #expect(second.tables[0].retired.isEmpty)
    }

    @Test("A type that the pipeline makes narrower is refused with both types, and a way on; a wider one is taken")
    func changedType() throws {
        let first = try plan(spec(columns: [ColumnSpec(name: "id")]))
        let wider = try plan(spec(columns: [ColumnSpec(name: "id", type: .string)]), after: first)
        #expect(wider.tables[0].schema.columns[0].type == .string)
        #expect(wider.tables[0].schema.columns[0].former == [.int64])
        #expect(wider.tables[0].schema.version == 2)
        #expect(wider.fields.map(\.name) == ["id::text"])
        let error = #expect(throws: ExportError.self) {
            try plan(spec(columns: [ColumnSpec(name: "id", type: .int64)]), after: wider)
        }
        #expect(error?.description.contains("int64") == true && error?.description.contains("string") == true)
        #expect(try plan(spec(columns: [ColumnSpec(name: "id")]), after: wider).tables[0].changes.isEmpty)
    }

    @Test("A key that was found and is listed later without a type keeps the one that it has")
    func listedLater() throws {
        let flatten = [FlattenSpec(column: "payload")]
        let first = try plan(spec(flatten: flatten), paths: [path("a", kinds: .int)])
        let listed = ColumnSpec(name: "payload_a", from: FieldPath(column: "payload", steps: ["a"]))
        let second = try plan(spec(columns: [ColumnSpec(name: "*"), listed], flatten: flatten), after: first)
        #expect(second.tables[0].schema == first.tables[0].schema && second.tables[0].changes.isEmpty)
    }

    @Test("A column of the source that changed its type gets what holds both; nothing narrows, whatever it becomes")
    func changedSource() throws {
        func source(_ type: PostgresType, _ name: String) -> [ColumnInfo] {
            [ColumnInfo(name: "id", typeName: name, type: type, notNull: true)]
        }
        let first = try plan(spec(), columns: source(.int8, "bigint"))
        let second = try plan(spec(), after: first, columns: source(.numeric, "numeric"))
        #expect(second.tables[0].schema.columns[0].type == .number)
        #expect(second.tables[0].changes.map(\.change) == ["int64 → number"])
        let back = try plan(spec(), after: second, columns: source(.int4, "integer"))
        #expect(back.tables[0].schema == second.tables[0].schema)
        #expect(back.fields.map(\.expression) == ["t.\"id\"::numeric"], "the server makes the digits of a wider type")
        let text = try plan(spec(), after: back, columns: source(.uuid, "uuid"))
        #expect(text.tables[0].schema.columns[0].type == .string)
        #expect(text.tables[0].schema.columns[0].former == [.int64, .number])
    }

    private func stray(
        _ pointer: String, _ kinds: [String], unplanned: Int64 = 0, misfits: Int64 = 0, table: String = "events"
    ) -> StrayCount {
        StrayCount(table: table, pointer: pointer, unplanned: unplanned, misfits: misfits, kinds: kinds)
    }

    @Test(
        "What earlier runs put into _extra often enough gets columns at the end, and wider types; the reasons are told")
    func evolution() throws {
        let flatten = spec(flatten: [FlattenSpec(column: "payload")])
        let first = try plan(flatten, paths: [path("a", kinds: .int), path("s", kinds: .string)])
        let second = try plan(
            flatten, after: first,
            strays: [
                stray("/payload/new/key", ["int", "null"], unplanned: 10),
                stray("/payload/rare", ["int"], unplanned: 9),
                stray("/payload/nothing", ["null"], unplanned: 99), stray("/payload/A", ["string"], unplanned: 12),
                stray("/payload/a", ["number"], misfits: 10), stray("/payload/s", ["array"], misfits: 50),
                stray("(other paths)", ["int"], unplanned: 5_000),
            ])
        let table = second.tables[0]
        #expect(
            table.schema.columns.map { "\($0.name) \($0.type)" }.suffix(5) == [
                "payload_a number", "payload_s string", "_extra json", "payload_A_2 string", "payload_new_key int64",
            ])
        #expect(table.schema.version == 2)
        #expect(
            table.changes.map { "\($0.column ?? ""): \($0.change); \($0.reason)" } == [
                "payload_a: int64 → number; 10 values did not fit (number)",
                "payload_A_2: new, string; 12 values went to _extra",
                "payload_new_key: new, int64; 10 values went to _extra",
            ])
        let third = try plan(flatten, after: second, strays: [stray("/payload/a", ["string"], misfits: 11)])
        #expect(third.tables[0].schema.columns.first { $0.name == "payload_a" }?.type == .string)
        #expect(third.tables[0].schema.columns.first { $0.name == "payload_a" }?.former == [.int64, .number])
        let fourth = try plan(flatten, after: third, strays: [stray("/payload/s", ["int"], misfits: 11)])
        #expect(fourth.tables[0].changes.map(\.change) == ["string, of other scalars, too"])
        let fifth = try plan(flatten, after: fourth, strays: [stray("/payload/s", ["int"], misfits: 11)])
        #expect(fifth.tables[0].changes.isEmpty)
    }

    @Test("Frozen columns stay as they are, and a cap holds for discovery and evolution alike")
    func limits() throws {
        var frozen = spec(flatten: [FlattenSpec(column: "payload")])
        frozen.schema.mode = .freeze
        let strays = [stray("/payload/b", ["int"], unplanned: 100), stray("/payload/a", ["string"], misfits: 100)]
        let first = try plan(frozen, paths: [path("a", kinds: .int)])
        let second = try plan(frozen, after: first, strays: strays)
        #expect(second.tables[0].schema == first.tables[0].schema && second.tables[0].changes.isEmpty)
        var few = spec(flatten: [FlattenSpec(column: "payload")])
        few.schema.maxColumns = 2
        let capped = try plan(few, paths: ["a", "b", "c"].map { path($0, kinds: .int) })
        #expect(capped.tables[0].schema.columns.filter { $0.path != nil }.map(\.name) == ["payload_a", "payload_b"])
        #expect(capped.notes.contains { $0.contains("1 keys") && $0.contains("max_columns") })
        let later = try plan(few, after: capped, strays: [stray("/payload/d", ["int"], unplanned: 100)])
        #expect(later.tables[0].changes.isEmpty && later.notes.contains { $0.contains("max_columns") })
    }

    @Test("A JSON Schema's properties get columns from the beginning, and when it is given later")
    func promised() throws {
        let flatten = spec(flatten: [FlattenSpec(column: "payload")])
        let first = try plan(flatten, paths: [path("a", kinds: .int)], promised: [path("p", kinds: .string)])
        #expect(first.tables[0].schema.columns.filter { $0.path != nil }.map(\.name) == ["payload_a", "payload_p"])
        let second = try plan(flatten, after: first, promised: [path("q", kinds: .bool)])
        #expect(
            second.tables[0].changes.map { "\($0.column ?? "") \($0.reason)" } == ["payload_q the JSON Schema has it"])
    }

    @Test("Each value of a split gets a table with a safe name and columns of its own; the rest goes to _other")
    func split() throws {
        var split = spec(flatten: [FlattenSpec(column: "payload")])
        split.split = SplitSpec(column: "shape", maxDatasets: 9)
        let values: [String?] = [
            "a", "A", "../../x", "", nil, "_other", ".hidden", "é", String(repeating: "long", count: 100), "beyond",
        ]
        let first = try plan(split, paths: [path("k", kinds: .int)], values: values)
        let names = first.tables.map(\.name)
        #expect(
            names.prefix(8) == [
                "events/a", "events/A_2", "events/%2E.%2F..%2Fx", "events/_empty", "events/_null", "events/%5Fother",
                "events/%2Ehidden", "events/%C3%A9",
            ])
        #expect(names.count == 10 && names.last == "events/_other")
        #expect(names.allSatisfy { $0.utf8.count < 240 && !$0.dropFirst("events/".count).contains("/") })
        #expect(Set(names.map { $0.lowercased() }).count == names.count)
        #expect(first.split == "shape::text")
        // Later only new values are asked for; the former keep their tables, whatever comes first now.
        let second = try plan(split, after: first, values: ["z", "a"])
        #expect(Set(second.tables.map(\.name)) == Set(names), "the cap holds")
    }

    @Test("The tables of arrays have names that every store takes, and that no other dataset has")
    func namesOfArrays() throws {
        let long = String(repeating: "ключ", count: 60)
        let paths = ["items", "Items", "../x", long, long + "2"].map { key in
            var array = SampledPath(path: [key], count: 1, kinds: .array)
            array.items = [SampledPath(path: [], count: 1, kinds: .int)]
            return array
        }
        var flatten = spec(flatten: [FlattenSpec(column: "payload", arrays: .explode)])
        flatten.split = SplitSpec(column: "shape")
        let table = SourceTable(name: "public.events", relation: nil, columns: columns, leaves: [])
        let value = String(repeating: "é", count: 200)
        let plan = try SchemaPlanner(spec: flatten, table: table, known: nil, foreign: ["events/_other__items"]).plan(
            SchemaSamples(newValues: { [value] }, paths: { _, _, _ in paths }))
        let names = plan.tables.map(\.name)
        #expect(names.count == 12 && Set(names.map { $0.lowercased() }).count == 12, "\(names)")
        #expect(names.contains("events/_other__items_2") && names.contains("events/_other__Items_3"), "\(names)")
        for name in names {
            let folders = name.split(separator: "/")
            #expect(folders.count == 2 && folders.allSatisfy { $0.utf8.count <= 240 && $0 != ".." }, "\(name)")
        }
    }

    @Test(
        "No two tables of a dataset have one name: not an array's and a value's, nor an array within an array's and another's"
    )
    func namesWithinDataset() throws {
        func array(_ key: String, _ items: [SampledPath]) -> SampledPath {
            var array = SampledPath(path: [key], count: 1, kinds: .array)
            array.items = items
            return array
        }
        let scalar = SampledPath(path: [], count: 1, kinds: .int)
        let paths = [array("A__b", [scalar]), array("a", [array("b", [scalar])])]
        var split = spec(flatten: [FlattenSpec(column: "payload", arrays: .explode)])
        split.split = SplitSpec(column: "shape")
        let first = try plan(split, paths: paths, values: ["x", "x__a", "x__a__b"])
        let names = first.tables.map { $0.name.lowercased() }
        #expect(names.count == 16 && Set(names).count == names.count, "\(first.tables.map(\.name))")
        let second = try plan(split, after: first, paths: paths, values: ["x__A__b_2"])
        #expect(Set(second.tables.map { $0.name.lowercased() }).count == second.tables.count)
    }

    @Test("Another codec is a version of its own, since whoever loads the files goes by it; another level is none")
    func codec() throws {
        let first = try plan(spec())
        var other = spec()
        other.compression.level = 7
        #expect(try plan(other, after: first).tables[0].changes.isEmpty)
        other.compression.codec = .gzip
        let second = try plan(other, after: first)
        #expect(second.tables[0].schema.version == 2)
        #expect(second.tables[0].changes.map(\.change) == ["written as ndjson, gzip"])
    }

    @Test("Decimals that would need more than 1,000 digits come together as numbers")
    func longDecimals() {
        let long = ColumnType.decimal(precision: 1_000, scale: 0)
        #expect(long.joined(with: .decimal(precision: 1_000, scale: 1_000)) == .number)
        let short = ColumnType.decimal(precision: 10, scale: 2)
        #expect(short.joined(with: .decimal(precision: 12, scale: 4)) == .decimal(precision: 12, scale: 4))
    }

    @Test("Arrays become tables of their elements to any depth, with the row's key and their places")
    func explode() throws {
        let flatten = spec(flatten: [FlattenSpec(column: "payload", arrays: .explode)])
        var tags = SampledPath(path: ["tags"], count: 1, kinds: .array)
        tags.items = [SampledPath(path: [], count: 1, kinds: .string)]
        var items = SampledPath(path: ["items"], count: 1, kinds: .array)
        items.items = [SampledPath(path: ["id"], count: 1, kinds: .int), tags]
        let first = try plan(flatten, paths: [path("a", kinds: .int), items])
        #expect(first.tables.map(\.name) == ["events", "events__items", "events__items__tags"])
        #expect(
            first.tables.map { $0.schema.columns.map(\.name) } == [
                ["id", "at", "price", "shape", "payload_a", "payload_items_count", "_extra"],
                ["id", "_index", "id_2", "tags_count", "_extra"], ["id", "_parent", "_index", "value", "_extra"],
            ])
        let second = try plan(
            flatten, after: first,
            strays: [
                stray("/payload/more", ["array"], unplanned: 20),
                stray("/payload/items/sku", ["string"], unplanned: 20, table: "events__items"),
            ])
        #expect(
            second.tables.map { "\($0.name) \($0.schema.version)" } == [
                "events 2", "events__items 2", "events__items__tags 1", "events__more 1",
            ])
        #expect(second.tables[1].schema.columns.map(\.name).last == "sku")
        // Without `explode` the arrays get columns like other values; their tables stay in the lake.
        let whole = try plan(
            spec(flatten: [FlattenSpec(column: "payload")]), after: second,
            strays: [stray("/payload/items", ["array"], unplanned: 20)])
        #expect(whole.tables.map(\.name) == ["events"])
        #expect(whole.tables[0].schema.columns.last?.name == "payload_items")
        #expect(whole.tables[0].schema.columns.last?.type == .json)
        #expect(whole.tables[0].retired.contains("payload_items_count"))
    }

    @Test("A type that cannot hold the table's values is refused, string always can")
    func declaredTypes() throws {
        #expect(throws: ExportError.self) { try plan(spec(columns: [ColumnSpec(name: "price", type: .int64)])) }
        let text = try plan(spec(columns: [ColumnSpec(name: "price", type: .string)]))
        #expect(text.fields == [FieldPlan(name: "price::text", expression: "t.\"price\"::text", type: "text")])
    }

    @Test("A folder that has a column's name is refused, since readers would see one of the two")
    func folderNames() throws {
        let clash = spec(partitionBy: [PartitionSpec(column: "at", by: .day, name: "PRICE")])
        #expect(throws: ExportError.self) { try plan(clash) }
        let plain = try plan(spec(partitionBy: [PartitionSpec(column: "id")]))
        #expect(plain.partitions == [PartitionPlan(field: "id::text", by: .value, name: "id")])
    }

    @Test("Excluded columns are neither written nor read")
    func excluded() throws {
        let plan = try plan(spec(exclude: ["price", "payload"]))
        #expect(!plan.tables[0].schema.columns.contains { $0.name == "price" })
        #expect(!plan.fields.contains { $0.name == "price" || $0.name == "payload" })
    }
}
