import Records
import Testing

@Suite("JSONText")
struct JSONTextTests {
    @Test("a string has the escapes that RFC 8259 asks for and no others")
    func escapes() {
        for value in UInt8(0)..<0x80 {
            var text = ByteBuffer()
            let bytes = [UInt8(ascii: "a"), value, UInt8(ascii: "b")]
            JSONText.appendString(bytes.span.bytes, to: &text)
            let expected =
                switch value {
                case 0x08: "\\b"
                case 0x09: "\\t"
                case 0x0A: "\\n"
                case 0x0C: "\\f"
                case 0x0D: "\\r"
                case 0x22: "\\\""
                case 0x5C: "\\\\"
                case 0..<0x10: "\\u000\(String(value, radix: 16))"
                case 0x10..<0x20: "\\u00\(String(value, radix: 16))"
                default: String(decoding: [value], as: UTF8.self)
                }
            #expect(text.string == "\"a\(expected)b\"")
        }
    }

    @Test("what needs an escape is seen at every place of a text of any length")
    func everyPlace() {
        for length in 0...50 {
            for place in 0..<max(1, length) {
                var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                if place < length { bytes[place] = 0x1F }
                var text = ByteBuffer()
                JSONText.appendString(bytes.span.bytes, to: &text)
                let plain = String(decoding: bytes, as: UTF8.self).split(
                    separator: "\u{1F}", omittingEmptySubsequences: false)
                #expect(text.string == "\"\(plain.joined(separator: "\\u001f"))\"")
            }
        }
    }

    @Test("JSON text loses its line ends and nothing else")
    func oneLine() {
        let texts = [
            ("{\r\n\t\"a\\n\": [1,\n 2]\n}", "{\t\"a\\n\": [1, 2]}"), ("[1, 2]", "[1, 2]"), ("", ""), ("\n", ""),
        ]
        for (json, line) in texts {
            var text = ByteBuffer()
            let bytes = json.utf8Bytes
            JSONText.appendOneLine(bytes.span.bytes, to: &text)
            #expect(text.string == line)
        }
    }

    @Test("bytes are hexadecimal digits, as PostgreSQL prints them")
    func hexadecimal() {
        for (bytes, digits) in [([0, 9, 10, 15, 16, 0xAB, 0xFF], "00090a0f10abff"), ([], "")] as [([UInt8], String)] {
            var text = ByteBuffer()
            JSONText.appendHexadecimal(bytes.span.bytes, to: &text)
            #expect(text.string == "\\x\(digits)")
        }
    }
}
