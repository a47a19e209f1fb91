import Postgres
import Testing

@Suite("Quoting")
struct SQLTests {
    private static let texts = [
        "", "plain", "Mixed Case", "it's", "\"", "\"\"", "back\\slash", "\\'", "a\nb", "é😀", "$1", "--", "'\u{301}",
        "\"\u{301}", ";",
    ]

    @Test("a literal comes back as itself, with standard_conforming_strings on and off", arguments: texts)
    func literal(text: String) throws {
        let connection = try connect()
        for setting in ["on", "off"] {
            try connection.execute("SET standard_conforming_strings = \(setting); SET escape_string_warning = off")
            #expect(try connection.query("SELECT \(SQL.literal(text))").rows == [[text]])
        }
    }

    @Test("an identifier names exactly itself", arguments: texts.filter { !$0.isEmpty })
    func identifier(text: String) throws {
        #expect(try connect().query("SELECT 1 AS \(SQL.identifier(text))").columns == [text])
    }

    @Test("a qualified name is quoted part by part")
    func qualified() {
        #expect(SQL.identifier(["my schema", "a\"b"]) == "\"my schema\".\"a\"\"b\"")
    }
}
