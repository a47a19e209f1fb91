import Pipeline
import Records
import Testing

@testable import Export

@Suite("The paths that JSON Schemas name")
struct SchemaPathsTests {
    private func paths(_ schema: String, explodes: Bool = false, depth: Int = 5) throws -> [SampledPath] {
        var paths = SchemaPaths(FlattenSpec(column: "p", depth: depth, arrays: explodes ? .explode : .json))
        try paths.add(Array(schema.utf8), from: "a test")
        return paths.paths
    }

    @Test(
        "Properties of all kinds, by reference and in alternatives, with their types; objects with properties are taken apart"
    )
    func kinds() throws {
        let found = try paths(
            """
            {"$ref": "#/$defs/event", "$defs": {"event": {"properties": {
                "id": {"type": "integer"}, "at": {"type": ["string", "null"]}, "free": {"type": "object"},
                "user": {"type": "object", "anyOf": [{"properties": {"name": {"type": "string"}}}, {"properties": {"ok": {"type": "boolean"}}}]},
                "any": {}}}}}
            """)
        #expect(
            found.map { "\($0.path.joined(separator: ".")) \($0.kinds.names.joined(separator: ","))" } == [
                "at null,string", "free object", "id int", "user object", "user.name string", "user.ok bool",
            ])
        #expect(found.first { $0.path == ["user"] }?.suggestedType == nil, "it is taken apart")
    }

    @Test("Elements of arrays, also scalars behind a reference")
    func elements() throws {
        let found = try paths(
            """
            {"properties": {"tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
                "items": {"type": "array", "items": {"properties": {"sku": {"type": "string"}}}}}, "$defs": {"tag": {"type": "string"}}}
            """, explodes: true)
        #expect(found.first { $0.path == ["tags"] }?.items?.map(\.kinds) == [.string])
        #expect(found.first { $0.path == ["items"] }?.items?.map(\.path) == [["sku"]])
    }

    @Test("A schema that refers to itself many times over ends, and what was seen counts", .timeLimit(.minutes(1)))
    func recursion() throws {
        let found = try paths(
            """
            {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"v": {"type": "integer"}, "l": {"$ref": "#/$defs/n"}, "r": {"$ref": "#/$defs/n"}},
                "anyOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"}]}}}
            """, depth: 32)
        #expect(found.contains { $0.path == ["v"] && $0.kinds == .int })
    }

    @Test("What is no JSON Schema is refused with where it is from", arguments: ["{", "[]", "7"])
    func invalid(text: String) {
        let error = #expect(throws: ExportError.self) { try paths(text) }
        #expect(error?.description.contains("a test") == true)
    }
}
