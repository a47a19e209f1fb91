import Testing

@testable import Pipeline

@Suite("Sizes and times are read with their units")
struct QuantityTests {
    @Test(
        "sizes",
        arguments: [
            ("0", 0), ("1048576", 1_048_576), ("128MiB", 134_217_728), ("16MB", 16_000_000), ("1GiB", 1 << 30),
            ("2 kB", 2_000), ("3kib", 3_072), ("1_000B", 1_000), ("1TB", 1_000_000_000_000), ("1TiB", 1 << 40),
            ("9223372036854775807", Int.max),
        ])
    func size(text: String, bytes: Int) throws {
        #expect(try ByteSize(parsing: text).bytes == bytes)
    }

    @Test(
        "texts that are no sizes",
        arguments: [
            ("", "it has no number"), ("MiB", "it has no number"), ("-1", "it has no number"),
            ("_1", "it has no number"), ("1.5GiB", "there is no such unit as '.5gib'"),
            ("1 bit", "there is no such unit as 'bit'"), ("5m", "the unit is cut short"),
            ("9223372036854775808", "the number is too large"), ("9007199254740992KiB", "the number is too large"),
        ])
    func noSize(text: String, reason: String) throws {
        let error = try #require(throws: InvalidValue.self) { try ByteSize(parsing: text) }
        #expect(error.reason == reason)
        #expect(error.description == "\(reason); \(error.hint)")
    }

    @Test(
        "times",
        arguments: [
            ("0", 0), ("0s", 0), ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000),
            ("1d", 86_400_000), ("1 H", 3_600_000),
        ])
    func time(text: String, milliseconds: Int) throws {
        #expect(try TimeSpan(parsing: text).milliseconds == milliseconds)
    }

    @Test(
        "texts that are no times",
        arguments: [
            ("", "it has no number"), ("30", "it has no unit"), ("-1s", "it has no number"),
            ("1h30m", "there is no such unit as 'h30m'"), ("1w", "there is no such unit as 'w'"),
            ("106751991168d", "the number is too large"),
        ])
    func noTime(text: String, reason: String) throws {
        let error = try #require(throws: InvalidValue.self) { try TimeSpan(parsing: text) }
        #expect(error.reason == reason)
    }

    @Test(
        "what is printed reads back the same",
        arguments: ["0B", "1B", "1023B", "1kB", "1KiB", "1500kB", "1536KiB", "16MiB", "5GiB", "1MB"])
    func sizeText(text: String) throws {
        #expect(try ByteSize(parsing: text).description == text)
    }

    @Test("what is printed reads back the same", arguments: ["0s", "1ms", "1500ms", "90s", "59m", "1h", "36h", "24d"])
    func timeText(text: String) throws {
        #expect(try TimeSpan(parsing: text).description == text)
    }

    @Test(
        "a slip of the finger is recognised, another word is not",
        arguments: [
            ("fromat", "format"), ("frmat", "format"), ("formatt", "format"), ("FORMAT", "format"),
            ("partition-by", "partition_by"), ("partitionBy", "partition_by"), ("tabel", "table"), ("kye", "key"),
            ("sort", nil), ("", nil),
        ] as [(String, String?)])
    func suggestion(text: String, expected: String?) {
        #expect(
            Suggestion.nearest(to: text, among: ["table", "key", "format", "partition_by", "compression"]) == expected)
    }
}
