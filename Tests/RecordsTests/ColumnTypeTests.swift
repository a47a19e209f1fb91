import Foundation
import Records
import Testing

@Suite("ColumnType")
struct ColumnTypeTests {
    private static let all: [(ColumnType, String)] = [
        (.string, "string"), (.int64, "int64"), (.number, "number"),
        (.decimal(precision: 10, scale: 2), "decimal(10,2)"),
        (.decimal(precision: 1, scale: 0), "decimal(1,0)"),
        (.decimal(precision: 1_000, scale: 1_000), "decimal(1000,1000)"),
        (.double, "double"), (.bool, "bool"), (.timestamp, "timestamp"), (.date, "date"), (.uuid, "uuid"),
        (.json, "json"), (.bytes, "bytes"),
    ]

    @Test("a type and its text form stand for each other")
    func textForm() throws {
        for (type, text) in Self.all {
            #expect(type.description == text)
            #expect(ColumnType(text) == type)
            let json = try JSONEncoder().encode([type])
            #expect(String(decoding: json, as: UTF8.self) == "[\"\(text)\"]")
            #expect(try JSONDecoder().decode([ColumnType].self, from: json) == [type])
        }
        #expect(ColumnType("decimal(10, 2)") == .decimal(precision: 10, scale: 2))
    }

    @Test(
        "other texts name no type",
        arguments: [
            "", "text", "String", "int", "decimal", "decimal()", "decimal(10)", "decimal(0,0)", "decimal(2,3)",
            "decimal(1001,0)", "decimal(-1,0)", "decimal(10,2", "decimal(10,2,1)", "decimal(10,-1)", "decimal(a,b)",
            " string", "decimal(99999999999999999999,0)",
        ])
    func noType(text: String) {
        #expect(ColumnType(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ColumnType].self, from: JSONEncoder().encode([text]))
        }
    }
}
