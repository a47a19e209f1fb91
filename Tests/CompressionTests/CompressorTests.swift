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

    /// What the zstd command makes of the bytes.
    func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tm-\(UUID().uuidString).zst")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zstd", "-dcq", file.path]
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

    @Test("A compressor used again gives the same bytes for the same input")
    func deterministic() throws {
        let bytes = sample(300_000)
        let compressor = try Compressor(codec: .zstd, level: 3, isOneOfMany: true)
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
