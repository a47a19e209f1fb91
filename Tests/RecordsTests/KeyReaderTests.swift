import Foundation
@testable import Records
import Testing

@Suite("KeyReader")
struct KeyReaderTests {
    /// The keys that a reader finds, the file given in pieces of one size.
    private func keys(
        _ bytes: [UInt8], _ format: RowFormat, _ columns: [Column], _ key: [Int], piece: Int
    ) throws -> [[String?]] {
        var reader = KeyReader(format: format, columns: columns, key: key)
        var found: [[String?]] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let part = Array(bytes[start..<min(bytes.count, start + piece)])
            try reader.read(part.span) { found.append(KeyBytes.values($0)) }
        }
        try reader.finish()
        #expect(reader.rows == Int64(found.count))
        return found
    }

    private func file(_ format: RowFormat, _ batch: borrowing RowBatch) -> [UInt8] {
        let encoder = RowEncoder(format: format, columns: batch.columns)
        var text = ByteBuffer()
        encoder.encodeHeader(into: &text)
        let rows = (0..<Int32(batch.rowCount)).map { $0 }
        encoder.encode(batch, rows: rows.span, into: &text)
        return text.span.withUnsafeBufferPointer { Array($0) }
    }

    private static func csv(header: Bool = true, delimiter: Character = ",", null: String = "") -> RowFormat {
        var options = CSVOptions()
        options.header = header
        options.delimiter = delimiter.asciiValue!
        options.null = null
        return .csv(options)
    }

    private static let formats: [RowFormat] = [
        .ndjson, csv(), csv(header: false), csv(delimiter: ";", null: "\\N"), csv(delimiter: "\t", null: "NULL"),
        csv(delimiter: "1", null: "x"),
    ]

    @Test("nasty values come back as they were, from every format, the file cut anywhere", arguments: formats)
    func nastyValues(format: RowFormat) throws {
        let texts: [String?] =
            DocumentGenerator.strings.map { $0 } + DocumentGenerator.keys.map { $0 } + [
                nil, "null", "x", "\"", "\"\"", ",", "\n", "\n\n", "a\nb,\"c\"\r\n",
                String(repeating: "\"\n,", count: 40),
            ]
        let columns = ["first", "k", "na\"me\\,;", "k2"].map { Column(name: $0, type: .string) }
        var batch = RowBatch(columns: columns)
        for (index, text) in texts.enumerated() {
            batch.addRow()
            let other = texts[(index + 7) % texts.count]
            if let other { batch.set(0, text: Array(other.utf8).span.bytes) }
            if let text { batch.set(1, text: Array(text.utf8).span.bytes) } else { batch.setNull(1) }
            batch.set(2, text: Array("in between".utf8).span.bytes)
            // A missing member's name must not be found in another's value.
            if let text, index % 3 > 0 { batch.set(3, text: Array("\"k\":\(text)".utf8).span.bytes) }
        }
        let expected = texts.enumerated().map { index, text in [index % 3 > 0 ? text.map { "\"k\":\($0)" } : nil, text]
        }
        let bytes = file(format, batch)
        for piece in [1, 2, 3, 5, 7, 8, 9, 64, 1_000, bytes.count] {
            #expect(try keys(bytes, format, columns, [3, 1], piece: piece) == expected)
        }
    }

    @Test("every type gives the same text from NDJSON and from CSV")
    func types() throws {
        let types: [ColumnType] = [
            .string, .int64, .number, .decimal(precision: 10, scale: 2), .double, .bool, .timestamp, .date, .uuid,
            .json,
            .bytes,
        ]
        let columns = types.enumerated().map { Column(name: "c\($0.offset)", type: $0.element) }
        var batch = RowBatch(columns: columns)
        batch.addRow()
        batch.set(0, text: Array("a\"b".utf8).span.bytes)
        batch.set(1, int64: -42)
        batch.set(2, text: Array("123456789012345678901234567890.10".utf8).span.bytes)
        batch.set(3, text: Array("1.50".utf8).span.bytes)
        batch.set(4, double: .nan)
        batch.set(5, bool: true)
        batch.set(6, int64: 820_454_400_123_456)
        batch.set(7, int64: 9_496)
        batch.set(8, text: Array("123e4567-e89b-12d3-a456-426614174000".utf8).span.bytes)
        batch.set(9, text: Array("{\"x\": [1, \"}y\"], \"c10\":\"no\"}".utf8).span.bytes)
        batch.set(10, text: Array<UInt8>([0x00, 0xFF, 0x5C]).span.bytes)
        batch.addRow()
        let expected: [[String?]] = [
            [
                "a\"b", "-42", "123456789012345678901234567890.10", "1.50", "NaN", "true",
                "2025-12-31T00:00:00.123456Z",
                "2025-12-31", "123e4567-e89b-12d3-a456-426614174000", "{\"x\": [1, \"}y\"], \"c10\":\"no\"}",
                "\\x00ff5c",
            ], types.map { _ in nil },
        ]
        for format in Self.formats {
            let bytes = file(format, batch)
            #expect(try keys(bytes, format, columns, Array(types.indices), piece: 11) == expected)
            let last = try keys(bytes, format, columns, [10], piece: bytes.count)
            #expect(last == expected.map { [$0[10]] })
        }
    }

    @Test("a document with white space around it hides no member behind it")
    func space() throws {
        let columns = [Column(name: "doc", type: .json), Column(name: "k", type: .string)]
        var batch = RowBatch(columns: columns)
        for document in [" {\"a\": 1, \"k\": 2} ", "\t7 ", " \"x,\" ", "[ ]"] {
            batch.addRow()
            batch.set(0, json: Array(document.utf8).span.bytes)
            batch.set(1, text: Array("v".utf8).span.bytes)
        }
        let bytes = file(.ndjson, batch)
        #expect(try keys(bytes, .ndjson, columns, [1], piece: 4) == [["v"], ["v"], ["v"], ["v"]])
    }

    @Test("a value of megabytes is skipped or read whole, in pieces of any size")
    func hugeValue() throws {
        let huge = String(repeating: "line\n\"quoted\", ", count: 300_000)
        let columns = [Column(name: "huge", type: .string), Column(name: "k", type: .int64)]
        for format in Self.formats {
            var batch = RowBatch(columns: columns)
            for row in 0..<2 {
                batch.addRow()
                batch.set(0, text: Array(huge.utf8).span.bytes)
                batch.set(1, int64: Int64(row))
            }
            let bytes = file(format, batch)
            #expect(try keys(bytes, format, columns, [1], piece: 131_072) == [["0"], ["1"]])
            #expect(try keys(bytes, format, columns, [0, 1], piece: 131_072) == [[huge, "0"], [huge, "1"]])
        }
    }

    @Test("one column that is NULL is an empty line in CSV, and still a row")
    func emptyLines() throws {
        let columns = [Column(name: "k", type: .string)]
        var batch = RowBatch(columns: columns)
        for row in 0..<3 {
            batch.addRow()
            if row == 1 { batch.set(0, text: Array("".utf8).span.bytes) }
        }
        #expect(try keys(file(Self.csv(), batch), Self.csv(), columns, [0], piece: 2) == [[nil], [""], [nil]])
    }

    @Test(
        "what no encoder wrote is refused, and never read past its end",
        arguments: [
            "{\"k\":\"a\"", "{\"k\":\"a\n", "[1]\n", "\n", "{\"x\":\"\\u12\"}\n", "{\"k\":\"\\u12\"}\n",
            "{\"k\":\"\\\"}\n",
            "{\"k\":}\n", "{\"x\":{}\n", "{\"x\" 1,\"k\":1}\n", "{x:1}\n", "{\"k\":\"a\"}\n{\"k\":",
        ])
    func damagedJSON(text: String) {
        let columns = [Column(name: "x", type: .string), Column(name: "k", type: .string)]
        for piece in [1, 3, 1_000] {
            #expect(throws: RowFileError.self) {
                try keys(Array(text.utf8), .ndjson, columns, [1], piece: piece)
            }
        }
    }

    @Test(
        "CSV that no encoder wrote is refused",
        arguments: ["", "x,k", "x,z\n1,2\n", "x\n1\n", "x,k\n1\n", "x,k\n1,\"2\"3\n", "x,k\n1,2", "x,k\n1,\"2\n"])
    func damagedCSV(text: String) {
        let columns = [Column(name: "x", type: .string), Column(name: "k", type: .string)]
        for piece in [1, 3, 1_000] {
            #expect(throws: RowFileError.self) {
                try keys(Array(text.utf8), Self.csv(), columns, [1], piece: piece)
            }
        }
    }

    @Test("bytes flipped at random are read or refused, and nothing else happens")
    func flippedBytes() throws {
        let columns = [Column(name: "doc", type: .json), Column(name: "k", type: .string)]
        var batch = RowBatch(columns: columns)
        for row in 0..<20 {
            batch.addRow()
            batch.set(0, text: Array("{\"a\": [1, \"\\u00e9\", {\"b\": null}]}".utf8).span.bytes)
            batch.set(1, text: Array("é\n\"\(row)\u{1}".utf8).span.bytes)
        }
        var random = SeededGenerator(seed: 9)
        for format in Self.formats {
            let bytes = file(format, batch)
            for _ in 0..<2_000 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    damaged[Int.random(in: damaged.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
                }
                _ = try? keys(damaged, format, columns, [0, 1], piece: 37)
            }
        }
    }
}

@Suite("KeyFingerprint")
struct KeyFingerprintTests {
    /// From `vectors.h` of the reference implementation, with its key 00 01 … 0f.
    @Test(
        "SipHash gives the reference's values",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (7, "a1f1ebbed8dbc153c0b84aa61ff08239"), (8, "3b62a9ba6258f5610f83e264f31497b4"),
            (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
        ])
    func vectors(length: Int, digits: String) {
        let bytes = (0..<length).map { UInt8($0) }
        let hash = KeyHash.hash(bytes.span.bytes, key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
        let written = (0..<16).map { index in
            let byte = UInt8(truncatingIfNeeded: hash >> UInt128(index * 8))
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        #expect(written == digits)
    }

    @Test("the order of rows does not matter, their number and their keys do")
    func order() {
        let hashes = (0..<100).map { KeyHash.hash(Array("\($0)".utf8).span.bytes) }
        func sum(_ hashes: some Sequence<UInt128>) -> KeyFingerprint {
            var sum = KeyFingerprint()
            for hash in hashes { sum.add(hash) }
            return sum
        }
        #expect(sum(hashes) == sum(hashes.shuffled()))
        #expect(sum(hashes) != sum(hashes.dropLast()))
        #expect(sum(hashes.dropLast() + [hashes[0]]) != sum(hashes))
        var parts = sum(hashes[..<40])
        parts.add(sum(hashes[40...]))
        #expect(parts == sum(hashes))
        #expect(KeyFingerprint().hexadecimal == String(repeating: "0", count: 32))
        #expect(Set(hashes).count == 100)
    }
}
