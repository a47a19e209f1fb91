/// Compresses one stream of bytes after another: each into one zstd frame or one gzip member, or not at all.
///
/// The same bytes, however they are cut, give the same output as long as ``flush(to:)`` is called at the same places. An
/// instance is used by one thread at a time, and again for the next stream.
public final class Compressor {
    /// The codec of what is written.
    public let codec: Codec
    /// The codec's level.
    public let level: Int
    /// Whether it takes less memory, being one of many.
    public let isOneOfMany: Bool
    /// How many compressed bytes may at most be still to come for what was written.
    public let heldBack: Int
    private let stream: Stream

    private enum Stream {
        case zstd(ZstdCompressor)
        case gzip(GzipCompressor)
        case none
    }

    /// Makes a compressor.
    ///
    /// - Parameters:
    ///   - codec: the codec; `none` passes bytes through.
    ///   - level: from 1 (fast) to 19 (small) for zstd, to 9 for gzip.
    ///   - isOneOfMany: whether many are in use at once: zstd then looks back less far (256 KiB), which takes about half the
    ///     memory, and what it writes is no larger for rows of events. Gzip always takes about 300 KiB.
    /// - Throws: `CompressionError` when the library refuses a parameter or memory is short.
    public init(codec: Codec, level: Int, isOneOfMany: Bool = false) throws(CompressionError) {
        self.codec = codec
        self.level = level
        self.isOneOfMany = isOneOfMany
        switch codec {
        case .zstd: stream = .zstd(try ZstdCompressor(level: level, isOneOfMany: isOneOfMany))
        case .gzip: stream = .gzip(try GzipCompressor(level: level))
        case .none: stream = .none
        }
        // zstd waits for a block of 128 KiB, zlib for 16,384 symbols, which take less.
        heldBack = codec == .none ? 0 : 132 << 10
    }

    /// Compresses the next bytes of the present stream.
    ///
    /// - Parameters:
    ///   - input: the bytes.
    ///   - sink: called with compressed bytes as they come, none to several times; they are valid during the call only.
    /// - Throws: `CompressionError`, or what `sink` throws; the stream is then lost, see ``reset()``.
    public func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        switch stream {
        case .zstd(let zstd): try zstd.write(input, to: sink)
        case .gzip(let gzip): try gzip.write(input, to: sink)
        case .none: try sink(input)
        }
    }

    /// Gives out all that was held back; it costs a few bytes.
    ///
    /// - Parameter sink: called with the bytes.
    /// - Throws: `CompressionError`, or what `sink` throws; the stream is then lost, see ``reset()``.
    public func flush(to sink: (Span<UInt8>) throws -> Void) throws {
        switch stream {
        case .zstd(let zstd): try zstd.flush(to: sink)
        case .gzip(let gzip): try gzip.flush(to: sink)
        case .none: break
        }
    }

    /// Ends the present stream; the next ``write(_:to:)`` begins another.
    ///
    /// - Parameter sink: called with the stream's last bytes.
    /// - Throws: `CompressionError`, or what `sink` throws.
    public func finish(to sink: (Span<UInt8>) throws -> Void) throws {
        switch stream {
        case .zstd(let zstd): try zstd.finish(to: sink)
        case .gzip(let gzip): try gzip.finish(to: sink)
        case .none: break
        }
    }

    /// Drops the present stream, so that the compressor can be used for another.
    public func reset() {
        switch stream {
        case .zstd(let zstd): zstd.reset()
        case .gzip(let gzip): gzip.reset()
        case .none: break
        }
    }
}
