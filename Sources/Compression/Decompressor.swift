/// Decompresses one object after another, each of exactly one zstd frame or one gzip member, and accepts nothing else.
///
/// It never holds more than a zstd frame's window (8 MiB). Checksums are compared at the end. An instance is used by one
/// thread at a time.
public final class Decompressor {
    /// The codec of what is read.
    public let codec: Codec
    private let stream: Stream

    private enum Stream {
        case zstd(ZstdDecompressor)
        case gzip(GzipDecompressor)
        case none
    }

    /// Makes a decompressor.
    ///
    /// - Parameter codec: the codec; `none` passes bytes through.
    /// - Throws: `CompressionError` when memory is short.
    public init(codec: Codec) throws(CompressionError) {
        self.codec = codec
        switch codec {
        case .zstd: stream = .zstd(try ZstdDecompressor())
        case .gzip: stream = .gzip(try GzipDecompressor())
        case .none: stream = .none
        }
    }

    /// Decompresses the next bytes of the present object.
    ///
    /// - Parameters:
    ///   - input: the bytes.
    ///   - sink: called with decompressed bytes as they come, none to several times; they are valid during the call only.
    /// - Throws: `CompressionError` when the bytes are damaged or something follows the frame or member; what `sink` throws.
    ///   Then only ``reset()`` is left to do.
    public func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        switch stream {
        case .zstd(let zstd): try zstd.write(input, to: sink)
        case .gzip(let gzip): try gzip.write(input, to: sink)
        case .none: try sink(input)
        }
    }

    /// Ends the present object; the next ``write(_:to:)`` begins another.
    ///
    /// - Throws: `CompressionError` when the frame or member has not come to its end.
    public func finish() throws(CompressionError) {
        switch stream {
        case .zstd(let zstd): try zstd.finish()
        case .gzip(let gzip): try gzip.finish()
        case .none: break
        }
    }

    /// Drops the present object, so that the decompressor can be used for another.
    public func reset() {
        switch stream {
        case .zstd(let zstd): zstd.reset()
        case .gzip(let gzip): gzip.reset()
        case .none: break
        }
    }
}
