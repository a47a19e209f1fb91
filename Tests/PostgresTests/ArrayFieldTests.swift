import Postgres
import Testing

@Suite("Arrays")
struct ArrayFieldTests {
    /// The array as JSON text, nested as its dimensions are.
    private func json(_ field: RawSpan, _ element: (RawSpan) throws -> String) throws -> String {
        var array = try ArrayField(field)
        var elements: [String] = []
        while try array.next() {
            guard let bytes = array.element else {
                elements.append("null")
                continue
            }
            elements.append(try element(bytes))
        }
        #expect(elements.count == array.count)
        for length in array.dimensions.reversed().dropLast() {
            elements = stride(from: 0, to: elements.count, by: length).map { start in
                "[" + elements[start..<start + length].joined(separator: ",") + "]"
            }
        }
        return "[" + elements.joined(separator: ",") + "]"
    }

    private func compare(_ type: String, _ values: [String], _ element: (RawSpan) throws -> String) throws {
        let connection = try connect()
        for value in values {
            let reader = try connection.copyOut(
                "COPY (SELECT v, array_to_json(v)::text FROM (SELECT \(SQL.literal(value))::\(type)[]) t(v)) TO STDOUT (FORMAT binary)"
            )
            #expect(try reader.next())
            guard let field = reader.field(0), let expected = reader.field(1) else {
                Issue.record("NULL")
                return
            }
            #expect(try json(field, element) == String(expected))
        }
    }

    @Test("elements come in order through all dimensions, with NULLs, whatever the lower bounds")
    func elements() throws {
        let values = [
            "{}", "{1}", "{1,2,3}", "{NULL}", "{1,NULL,3}", "{{1,2},{3,4}}", "{{{1,2,3}},{{4,NULL,6}}}",
            "{{{{{{7}}}}}}",
            "[5:7]={1,2,3}", "[-1:0][2:3]={{1,2},{3,4}}",
        ]
        try compare("int4", values) { try String(Field.int64($0)) }
        try compare("int8", values) { try String(Field.int64($0)) }
        try compare("text", ["{}", "{a,b}", "{\"\",NULL,\"NULL\",\"a,b\"}", "{{é},{😀}}"]) { "\"\(String($0))\"" }
    }

    @Test("the head tells the element's type and the dimensions")
    func head() throws {
        let reader = try connect().copyOut("COPY (SELECT '{{1,2,3},{4,5,6}}'::int4[]) TO STDOUT (FORMAT binary)")
        #expect(try reader.next())
        guard let field = reader.field(0) else {
            Issue.record("NULL")
            return
        }
        let array = try ArrayField(field)
        let (oid, dimensions, count) = (array.elementOID, array.dimensions, array.count)
        #expect(oid == 23)
        #expect(dimensions == [2, 3])
        #expect(count == 6)
    }
}
