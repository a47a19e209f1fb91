import Records
import Testing

@Suite("Flattener: what fits a column")
struct FlattenerTypeTests {
    /// A value's row when it fits, and when it does not.
    private func check(_ value: String, _ type: ColumnType, becomes written: String?) throws {
        let row = try Sheet(["v": type]).row(#"{"v": \#(value)}"#)
        if let written {
            #expect(row == #"{"v":\#(written)}"#)
        } else {
            #expect(row == #"{"_extra":{"/payload/v":\#(value)}}"#)
        }
    }

    @Test(
        "int64 takes whole numbers in range that are written in their one form",
        arguments: [
            "0", "1", "-1", "10", "1000000000000000000", "9223372036854775807", "-9223372036854775808",
            "9223372036854775799", "-100",
        ])
    func int64(value: String) throws { try check(value, .int64, becomes: value) }

    @Test(
        "int64 takes no overflow, fraction, exponent or negative zero",
        arguments: [
            "9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
            "99999999999999999999", "10000000000000000000", "-0", "1.0", "1e3", "1E3", "-0.0", "0e0", #""1""#, "true",
            "[1]",
        ])
    func int64Misfits(value: String) throws { try check(value, .int64, becomes: nil) }

    @Test(
        "number takes any number with its digits as they are",
        arguments: [
            "0", "-0", "1.0", "1e3", "-1.5E-10", "0.000", "123456789012345678901234567890.10", "1e400",
            String(repeating: "9", count: 401), "0." + String(repeating: "1", count: 4_000),
        ])
    func number(value: String) throws { try check(value, .number, becomes: value) }

    @Test("number takes nothing else", arguments: [#""1""#, "true", "[]", #""""#])
    func numberMisfits(value: String) throws { try check(value, .number, becomes: nil) }

    @Test(
        "decimal takes a number that fits without rounding",
        arguments: [
            ("12345678.90", 10, 2), ("-12345678.90", 10, 2), ("0", 1, 0), ("0.5", 1, 1), ("-0.5", 1, 1), ("0.00", 2, 2),
            ("99", 2, 0), ("1.5", 10, 2), ("-0", 5, 2), (String(repeating: "9", count: 401), 401, 0),
            (String(repeating: "9", count: 400) + ".5", 401, 1),
        ])
    func decimal(value: String, precision: Int, scale: Int) throws {
        try check(value, .decimal(precision: precision, scale: scale), becomes: value)
    }

    @Test(
        "decimal takes no more digits than it has room for, and no exponent",
        arguments: [
            ("123456789.90", 10, 2), ("1.234", 10, 2), ("1.50", 10, 1), ("1", 1, 1), ("100", 2, 0), ("1e2", 10, 2),
            ("1.0", 5, 0), (String(repeating: "9", count: 401), 400, 0), (#""1""#, 5, 0), ("true", 5, 0),
        ])
    func decimalMisfits(value: String, precision: Int, scale: Int) throws {
        try check(value, .decimal(precision: precision, scale: scale), becomes: nil)
    }

    @Test(
        "double is written with the shortest digits that read back the same",
        arguments: [
            ("1", "1"), ("1.0", "1"), ("1.50", "1.5"), ("0.1", "0.1"), ("-0", "-0"), ("1e3", "1000"),
            ("1e20", "1e+20"), ("1.7976931348623157e308", "1.7976931348623157e+308"), ("5e-324", "5e-324"),
            ("123456789.123456789", "123456789.12345679"), ("9007199254740993", "9007199254740992"), ("1e-400", "0"),
        ])
    func double(value: String, written: String) throws { try check(value, .double, becomes: written) }

    @Test(
        "double takes no number that is too large or too long",
        arguments: ["1e309", "-1e309", String(repeating: "9", count: 401), "0." + String(repeating: "1", count: 511)])
    func doubleMisfits(value: String) throws { try check(value, .double, becomes: nil) }

    @Test("bool takes the two truth values only")
    func bool() throws {
        try check("true", .bool, becomes: "true")
        try check("false", .bool, becomes: "false")
        for value in [#""true""#, "1", "0", "[]"] { try check(value, .bool, becomes: nil) }
    }

    @Test(
        "string takes strings, decoded",
        arguments: [
            (#""""#, #""""#), (#""plain""#, #""plain""#), (#""a\"b\\c\/d""#, #""a\"b\\c/d""#),
            (#""\b\f\n\r\t\u0001\u001f""#, #""\b\f\n\r\t\u0001\u001f""#), (#""\u00e9\u20AC""#, #""é€""#),
            (#""\ud83c\udf88""#, #""🎈""#), (#""\uD83C\uDF88!""#, #""🎈!""#), (#""🎈 é""#, #""🎈 é""#),
            (#""\u0041\u007f""#, "\"A\u{7f}\""), (#""\\u0041""#, #""\\u0041""#),
            (#""0123456789abcdef\n0123456789abcdef\"""#, #""0123456789abcdef\n0123456789abcdef\"""#),
        ])
    func string(value: String, written: String) throws { try check(value, .string, becomes: written) }

    @Test(
        "string takes no NUL and no half of a surrogate pair",
        arguments: [
            #""\u0000""#, #""a\u0000b""#, #""\ud83c""#, #""\udf88""#, #""\ud83cx""#, #""\ud83c\n""#,
            #""\ud83c\ud83c""#, #""\udf88\ud83c""#, #""\ud83c\u0041""#, #""x\uD800""#,
        ])
    func stringMisfits(value: String) throws { try check(value, .string, becomes: nil) }

    @Test("string takes nothing but strings", arguments: ["1", "true", "[]", "{}"])
    func notStrings(value: String) throws { try check(value, .string, becomes: nil) }

    @Test("strings of every length are found whole, with and without escapes, at every place of a word")
    func lengths() throws {
        for length in 0..<70 {
            let text =
                String("0123456789abcdefghijklmnopqrstuvwxyz".prefix(1)) + String(repeating: "é", count: length / 2)
            try check("\"\(text)\"", .string, becomes: "\"\(text)\"")
            let plain = String(repeating: "x", count: length)
            try check("\"\(plain)\"", .string, becomes: "\"\(plain)\"")
            try check("\"\(plain)\\n\(plain)\"", .string, becomes: "\"\(plain)\\n\(plain)\"")
        }
    }

    @Test(
        "timestamp takes ISO 8601 with a zone, as UTC",
        arguments: [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
            ("2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100000Z"),
            ("2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123456Z"),
            ("2026-01-02 03:04:05.12+00:00", "2026-01-02T03:04:05.120000Z"),
            ("2026-01-02T03:04:05+02:30", "2026-01-02T00:34:05.000000Z"),
            ("2026-01-02T03:04:05-0530", "2026-01-02T08:34:05.000000Z"),
            ("2026-01-02T03:04:05+05", "2026-01-01T22:04:05.000000Z"),
            ("2024-02-29T23:59:59.999999-01:00", "2024-03-01T00:59:59.999999Z"),
            ("1999-12-31T23:59:59.999999Z", "1999-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ])
    func timestamp(value: String, written: String) throws {
        try check("\"\(value)\"", .timestamp, becomes: "\"\(written)\"")
    }

    @Test(
        "timestamp takes no moment that is not exact, in no zone, or in no calendar",
        arguments: [
            "2026-01-02T03:04:05", "2026-01-02T03:04:05.1234567Z", "2026-01-02T24:00:00Z", "2026-01-02T23:60:00Z",
            "2026-01-02T23:59:60Z", "2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-01-02",
            "2026-01-02T03:04Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05z", "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+02:60", "2026-01-02T03:04:05+2", "2026-01-02T03:04:05+02:3", "2026-01-02T03:04:05 Z",
            "2026-01-02T03:04:05ZZ", "2026-01-02t03:04:05Z", "02026-01-02T03:04:05Z", "2026-01-02T03-04-05Z",
            "2026-01-02T03:04:05.123456", "infinity", "", "2026-01-02T03:04:05.1 +00:00",
        ])
    func timestampMisfits(value: String) throws { try check("\"\(value)\"", .timestamp, becomes: nil) }

    @Test(
        "date takes days of the calendar",
        arguments: ["2026-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "1999-12-31", "2000-02-29"])
    func date(value: String) throws { try check("\"\(value)\"", .date, becomes: "\"\(value)\"") }

    @Test(
        "date takes nothing else",
        arguments: [
            "2023-02-29", "1900-02-29", "2026-1-31", "2026-01-32", "0000-01-01", "10000-01-01", "2026/01/31",
            "20260131",
            "2026-01-31Z", "2026-01-31T00:00:00Z", " 2026-01-31", "-026-01-31", "",
        ])
    func dateMisfits(value: String) throws { try check("\"\(value)\"", .date, becomes: nil) }

    @Test("a number is no timestamp, date or UUID", arguments: [ColumnType.timestamp, .date, .uuid])
    func numbersAreNoTimes(type: ColumnType) throws {
        try check("20260131", type, becomes: nil)
        try check("true", type, becomes: nil)
    }

    @Test("escapes in a date, timestamp or UUID make it a misfit, which keeps it as it is written")
    func escapedTimes() throws {
        try check(#""2026-01-3\u0031""#, .date, becomes: nil)
        try check(#""\u0032026-01-02T03:04:05Z""#, .timestamp, becomes: nil)
    }

    @Test("uuid takes 36 characters in lower case")
    func uuid() throws {
        try check(
            #""01234567-89ab-cdef-0123-456789abcdef""#, .uuid, becomes: #""01234567-89ab-cdef-0123-456789abcdef""#)
        for value in [
            "01234567-89AB-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef",
            "{01234567-89ab-cdef-0123-456789abcdef}", "01234567-89ab-cdef-0123-456789abcde",
            "01234567-89ab-cdef-0123-456789abcdefa", "01234567-89ab-cdef-0123-456789abcdeg",
            "01234567089ab-cdef-0123-456789abcdef", "",
        ] { try check("\"\(value)\"", .uuid, becomes: nil) }
    }

    @Test(
        "json takes any value as it is written",
        arguments: ["1.50", "true", #""a\u0000\ud800""#, "[1, {\"a\": [ ]}]", "{}", #"{"b": 1}"#, "-0"])
    func json(value: String) throws { try check(value, .json, becomes: value) }

    @Test("bytes takes no value of a document", arguments: ["1", #""\\x00""#, "[]", "true"])
    func bytes(value: String) throws { try check(value, .bytes, becomes: nil) }
}
