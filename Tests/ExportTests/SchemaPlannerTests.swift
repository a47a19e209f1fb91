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
        _ spec: DatasetSpec, present: DatasetSchema? = nil, paths: [SampledPath] = []
    ) throws -> SchemaPlan {
        let table = SourceTable(name: "public.events", relation: nil, columns: columns, leaves: [])
        return try SchemaPlanner(spec: spec, table: table, present: present).plan { _ in paths }
    }

    private func spec(
        columns: [ColumnSpec]? = nil, flatten: [FlattenSpec] = [], exclude: [String] = [],
        partitionBy: [PartitionSpec] = []
    ) -> DatasetSpec {
        DatasetSpec(
            name: "events", table: TableName(name: "events"), key: ["id"], columns: columns, flatten: flatten,
            exclude: exclude, partitionBy: partitionBy)
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
            plan.schema.columns.map { "\($0.name) \($0.type)" } == [
                "id int64", "at timestamp", "price decimal(10,2)", "shape string", "payload_a int64",
                "payload_b_c number", "_extra json",
            ])
        #expect(plan.schema.version == 1)
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
        #expect(plan.schema.columns.map(\.name).suffix(5) == ["ID_2", "a_b", "a_b_2", "a_b_2_2", "_extra"])
    }

    @Test("Later versions keep the order and append what is new; what the pipeline drops stays, empty")
    func laterVersions() throws {
        let first = try plan(spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "at")]))
        let second = try plan(
            spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "price")]), present: first.schema)
        #expect(second.schema.columns.map(\.name) == ["id", "at", "_extra", "price"])
        #expect(second.schema.version == 2)
        #expect(second.retired == ["at"])
        #expect(second.fields.map(\.name) == ["id", "price"], "what is dropped is not even read")
        let third = try plan(
            spec(columns: [ColumnSpec(name: "id"), ColumnSpec(name: "price")]), present: second.schema)
        #expect(third.schema == second.schema)
    }

    @Test("Known keys are not sampled again: a run's columns do not depend on chance")
    func noSecondSample() throws {
        let flatten = spec(flatten: [FlattenSpec(column: "payload")])
        let first = try plan(flatten, paths: [path("a", kinds: .int)])
        let second = try plan(flatten, present: first.schema, paths: [path("z", kinds: .int)])
        #expect(second.schema == first.schema)
        #expect(second.retired.isEmpty)
    }

    @Test("A column that changes its type is refused with both types, and a way on")
    func changedType() throws {
        let first = try plan(spec(columns: [ColumnSpec(name: "id")]))
        let error = #expect(throws: ExportError.self) {
            try plan(spec(columns: [ColumnSpec(name: "id", type: .string)]), present: first.schema)
        }
        #expect(error?.description.contains("int64") == true && error?.description.contains("string") == true)
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
        #expect(!plan.schema.columns.contains { $0.name == "price" })
        #expect(!plan.fields.contains { $0.name == "price" || $0.name == "payload" })
    }
}
