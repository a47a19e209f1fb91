import Compression
import Testing

@Suite("Decompression")
struct DecompressorTests {
    private let sample = CompressorTests().sample(700_000)

    static let codecs = [Codec.zstd, .gzip]

    private func compress(_ bytes: [UInt8], codec: Codec = .zstd, level: Int = 3) throws -> [UInt8] {
        try CompressorTests().compress(try Compressor(codec: codec, level: level), [bytes])
    }

    private func read(_ decompressor: Decompressor, _ bytes: [UInt8], piece: Int) throws -> [UInt8] {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            try decompressor.write(Array(bytes[start..<min(bytes.count, start + piece)]).span) { part in
                part.withUnsafeBufferPointer { out.append(contentsOf: $0) }
            }
        }
        try decompressor.finish()
        return out
    }

    @Test("What was compressed comes back, in pieces of any size", arguments: [1, 3, 19])
    func roundTrip(level: Int) throws {
        let compressed = try compress(sample, level: level)
        let decompressor = try Decompressor(codec: .zstd)
        for piece in [1, 1_000, 131_072, compressed.count] {
            #expect(try read(decompressor, compressed, piece: piece) == sample)
        }
        #expect(try read(decompressor, try compress([]), piece: 4) == [])
        #expect(try read(try Decompressor(codec: .none), [1, 2, 3], piece: 2) == [1, 2, 3])
    }

    @Test("Bytes that expand ten thousandfold come in bounded pieces", arguments: codecs)
    func zeros(codec: Codec) throws {
        let compressed = try compress([UInt8](repeating: 0, count: 50_000_000), codec: codec)
        let decompressor = try Decompressor(codec: codec)
        var total = 0
        try decompressor.write(compressed.span) { part in
            #expect(part.count <= 1 << 20)
            total += part.count
        }
        try decompressor.finish()
        #expect(total == 50_000_000)
    }

    @Test("A frame that is cut short is refused, wherever it was cut", arguments: codecs)
    func truncated(codec: Codec) throws {
        let compressed = try compress(sample, codec: codec)
        let decompressor = try Decompressor(codec: codec)
        for length in [0, 1, 4, 5, 100, compressed.count / 2, compressed.count - 4, compressed.count - 1] {
            #expect(throws: CompressionError.self) {
                try read(decompressor, Array(compressed[..<length]), piece: 10_000)
            }
            decompressor.reset()
        }
        #expect(try read(decompressor, compressed, piece: 10_000) == sample)
    }

    @Test("A bit that was flipped is found, in the data and in the checksum", arguments: codecs)
    func flipped(codec: Codec) throws {
        let compressed = try compress(sample, codec: codec)
        let decompressor = try Decompressor(codec: codec)
        for place in [0, 3, 20, compressed.count / 2, compressed.count - 1] {
            var damaged = compressed
            damaged[place] ^= 0x10
            #expect(throws: CompressionError.self) {
                _ = try read(decompressor, damaged, piece: 10_000).count
            }
            decompressor.reset()
        }
    }

    @Test("What follows the frame is refused: a second frame, a skippable one, a stray byte", arguments: codecs)
    func trailing(codec: Codec) throws {
        let compressed = try compress(sample, codec: codec)
        let decompressor = try Decompressor(codec: codec)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
        for tail in [compressed, skippable, [0]] {
            for piece in [compressed.count, 1_000_000, 999] {
                #expect(throws: CompressionError.self) {
                    try read(decompressor, compressed + tail, piece: piece)
                }
                decompressor.reset()
            }
        }
    }
}
