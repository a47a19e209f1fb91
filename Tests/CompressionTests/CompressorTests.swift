import Compression
import Foundation
import Testing

@Suite("Compression")
struct CompressorTests {
    /// Bytes that compress neither well nor badly.
    func sample(_ count: Int) -> [UInt8] {
        var state: UInt64 = 42
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 60) &+ 65
        }
    }

    func compress(_ compressor: Compressor, _ pieces: [[UInt8]]) throws -> [UInt8] {
        var out: [UInt8] = []
        for piece in pieces {
            try compressor.write(piece.span) { bytes in
                for i in bytes.indices { out.append(bytes[i]) }
            }
        }
        try compressor.finish { bytes in
            for i in bytes.indices { out.append(bytes[i]) }
        }
        return out
    }

    /// What the zstd or gzip command makes of the bytes.
    func decompress(_ bytes: [UInt8], by command: String = "zstd") throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tm-\(UUID().uuidString).\(command == "gzip" ? "gz" : "zst")")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [command, "-dcq", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return [UInt8](data)
    }

    @Test("The zstd command reads back what was compressed", arguments: [1, 3, 19])
    func roundTrip(level: Int) throws {
        let bytes = sample(700_000)
        let compressor = try Compressor(codec: .zstd, level: level)
        let out = try compress(compressor, [Array(bytes[..<1]), Array(bytes[1..<300_000]), Array(bytes[300_000...])])
        #expect(out.count < bytes.count)
        #expect(try decompress(out) == bytes)
    }

    @Test("A compressor used again gives the same bytes for the same input", arguments: [Codec.zstd, .gzip])
    func deterministic(codec: Codec) throws {
        let bytes = sample(300_000)
        let compressor = try Compressor(codec: codec, level: 3, isOneOfMany: true)
        let first = try compress(compressor, [bytes])
        try compressor.write(Array("half a frame, given up".utf8).span) { _ in }
        compressor.reset()
        #expect(try compress(compressor, [bytes]) == first)
    }

    @Test("An object is one frame with a checksum, also an empty one")
    func oneFrame() throws {
        let out = try compress(try Compressor(codec: .zstd, level: 3), [])
        #expect(Array(out.prefix(4)) == [0x28, 0xB5, 0x2F, 0xFD])
        #expect(out[4] & 0b100 != 0, "the frame header's checksum flag")
        #expect(try decompress(out) == [])
    }

    @Test("The gzip command reads back what was compressed, and an empty object", arguments: [1, 6, 9])
    func gzip(level: Int) throws {
        let bytes = sample(700_000)
        let compressor = try Compressor(codec: .gzip, level: level)
        let out = try compress(compressor, [Array(bytes[..<1]), Array(bytes[1..<300_000]), Array(bytes[300_000...])])
        #expect(out.count < bytes.count)
        #expect(try decompress(out, by: "gzip") == bytes)
        #expect(try decompress(try compress(compressor, []), by: "gzip") == [])
        // No flags, no time; the system is "unknown".
        #expect(Array(out.prefix(8)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] && out[9] == 255)
    }

    @Test("A compressor never holds back more than it says, and nothing once it is flushed", arguments: Codec.allCases)
    func heldBack(codec: Codec) throws {
        let all = sample(3_000_000)
        let inputs = [
            [UInt8](repeating: 7, count: 3_000_000), all,
            all.enumerated().map { UInt8(truncatingIfNeeded: $0.offset &* 31) ^ $0.element },
            (0..<3_000_000).map { _ in UInt8.random(in: 0...255) },
        ]
        for level in codec == .gzip ? [1, 6, 9] : [1, 3, 19] {
            let compressor = try Compressor(codec: codec, level: level)
            for input in inputs where level < 19 || input[0] == 7 {
                for length in [1, 9_999, 100_001, 131_071, 131_072, 300_000, 2_999_999] {
                    var size = 0
                    try compressor.write(Array(input[..<length]).span) { size += $0.count }
                    let before = size
                    try compressor.flush { size += $0.count }
                    #expect(size - before <= compressor.heldBack)
                    let flushed = size
                    var rest = 0
                    try compressor.finish { rest += $0.count }
                    #expect(rest <= 16, "\(codec) \(level) \(length): \(rest) bytes came after \(flushed)")
                }
            }
        }
    }

    @Test("What was flushed in between reads back, too", arguments: [Codec.zstd, .gzip])
    func flushes(codec: Codec) throws {
        let bytes = sample(500_000)
        let compressor = try Compressor(codec: codec, level: 3)
        var out: [UInt8] = []
        func take(_ part: Span<UInt8>) { part.withUnsafeBufferPointer { out.append(contentsOf: $0) } }
        for start in stride(from: 0, to: bytes.count, by: 99_999) {
            try compressor.write(Array(bytes[start..<min(bytes.count, start + 99_999)]).span, to: take)
            try compressor.flush(to: take)
            try compressor.flush(to: take)
        }
        try compressor.finish(to: take)
        #expect(try decompress(out, by: codec == .gzip ? "gzip" : "zstd") == bytes)
    }

    @Test("Codec none passes bytes through")
    func passThrough() throws {
        let compressor = try Compressor(codec: .none, level: 3)
        #expect(try compress(compressor, [[1, 2], [3]]) == [1, 2, 3])
    }

    @Test("One of many writes what any reader reads, too", arguments: [1, 3, 19])
    func oneOfMany(level: Int) throws {
        let bytes = sample(1_000_000)
        let out = try compress(try Compressor(codec: .zstd, level: level, isOneOfMany: true), [bytes])
        #expect(out.count < bytes.count)
        #expect(try decompress(out) == bytes)
    }
}
