import Foundation
import TestSupport
import Testing

@Suite("Columns as the pipeline asks for them")
struct ColumnSettingsTests {
    private static let table = """
        CREATE TABLE streams (id int PRIMARY KEY, name text);
        INSERT INTO streams VALUES (1, 'clicks'), (2, 'orders');
        CREATE TABLE events (id int PRIMARY KEY, stream int, tags text[], payload jsonb);
        INSERT INTO events VALUES
            (1, 1, '{a,b}', '{"user.name": "x", "list": [{"id": 7}, {"id": 8}], "n": 1}'),
            (2, 2, '{}', '{"list": [{"id": "text"}], "n": 2}'), (3, NULL, NULL, '{"list": [], "n": 3}'),
            (4, 1, '{c}', '{"list": "no array"}');
        """

    private func rows(_ shop: Shop, _ columns: String) throws -> [[String?]] {
        try DuckDB.query(
            "SELECT \(columns) FROM read_json('\(shop.lake)/events/*.zst', union_by_name = true) ORDER BY id")
    }

    @Test("SQL, quoted keys, places in arrays, a filter, and all the other columns, in one dataset")
    func mixed() throws {
        let shop = try Shop(
            table: Self.table,
            dataset: """
                events:
                    table: public.events
                    key: id
                    columns:
                      - "*"
                      - {name: stream_name, sql: "(SELECT name FROM streams s WHERE s.id = t.stream) -- joined in"}
                      - {name: doubled, sql: "id * 2", type: string}
                      - {name: user, from: payload."user.name", type: string}
                      - {name: first, from: "payload.list[0].id", type: int64}
                      - {name: second, from: "payload.list[1].id", type: int64}
                    flatten: [payload]
                    where: "id < 4 -- not the last"
                """)
        let plan = try shop.tidemark("plan")
        #expect(plan.status == 0 && plan.output.contains("payload.list[0].id"), "\(plan.all)")
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
        #expect(
            try rows(shop, "id, stream_name, doubled, user, first, second, payload_n, tags") == [
                ["1", "clicks", "2", "x", "7", "8", "1", "['a', 'b']"], ["2", "orders", "4", nil, nil, nil, "2", "[]"],
                ["3", nil, "6", nil, nil, nil, "3", nil],
            ])
        #expect(run.output.contains("/payload/list/0/id"), "what does not fit is told: \(run.output)")
        #expect(try shop.tidemark("verify", "--full").status == 0)
        let text = try shop.tidemark("preview").output
        #expect(text.contains("\"payload_list\":[{\"id\": 7}, {\"id\": 8}]"), "the array itself stays whole: \(text)")
    }

    @Test("SQL that the server does not take is refused before anything is written, with the server's reason")
    func badSQL() throws {
        let shop = try Shop(
            table: Self.table,
            dataset: """
                events: {table: public.events, key: id, columns: [id, {name: x, sql: "no_such_function(id)"}]}
                """)
        let run = try shop.tidemark("run")
        #expect(run.status == 2, "\(run.all)")
        #expect(run.all.contains("column x") && run.all.contains("no_such_function"), "\(run.all)")
    }

    @Test("discover prints YAML that can be pasted, and a dataset of it has these very columns")
    func discover() throws {
        let shop = try Shop(
            table: Self.table, dataset: "events: {table: public.events, key: id, flatten: [payload]}")
        let found = try shop.tidemark("discover")
        #expect(found.status == 0, "\(found.all)")
        #expect(found.output.contains("from: \"payload.\\\"user.name\\\"\""), "\(found.output)")
        #expect(found.output.contains("in 75.0 %; int; such as 1, 2, 3"), "\(found.output)")
        let columns = found.output.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { "    " + $0 }
        try shop.write(
            pipeline: "events:\n    table: public.events\n    key: id\n" + columns.joined(separator: "\n"))
        let run = try shop.tidemark("run")
        #expect(run.status == 0, "\(run.all)")
        #expect(try rows(shop, "id, payload_n, \"payload_user.name\"").map { $0[1] } == ["1", "2", "3", nil])
    }

    @Test("A JSON Schema gives keys columns that no row has yet, from a file or from the database")
    func jsonSchema() throws {
        let shop = try Shop(table: Self.table)
        let schema = """
            {"type": "object", "properties": {"promised": {"type": "integer"}, "user": {"$ref": "#/$defs/user"}},
             "$defs": {"user": {"type": "object", "properties": {"name": {"type": ["string", "null"]}}}}}
            """
        try Data(schema.utf8).write(to: URL(fileURLWithPath: shop.folder + "/event.schema.json"))
        try shop.write(
            pipeline: """
                events:
                    table: public.events
                    key: id
                    flatten: [{column: payload, json_schema: event.schema.json}]
                """)
        #expect(try shop.tidemark("run").status == 0)
        var text = try shop.tidemark("schema").output
        #expect(text.contains("payload_promised") && text.contains("payload_user_name"), "\(text)")
        try shop.sql(
            "CREATE TABLE registry (schema jsonb); INSERT INTO registry VALUES ('{\"properties\": {\"more\": {\"type\": \"number\"}}}')"
        )
        try shop.write(
            pipeline: """
                events:
                    table: public.events
                    key: id
                    flatten: [{column: payload, json_schema: {sql: SELECT schema FROM registry}}]
                """)
        try shop.sql("INSERT INTO events VALUES (9, 1, '{}', '{\"more\": 1.5}')")
        #expect(try shop.tidemark("run").status == 0)
        text = try shop.tidemark("schema").output
        #expect(text.contains("payload_more: new, number") && text.contains("the JSON Schema has it"), "\(text)")
        #expect(try rows(shop, "id, payload_more").last?[1] == "1.5")
    }
}
