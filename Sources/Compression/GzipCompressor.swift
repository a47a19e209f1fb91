import CZlib

/// Compresses into gzip members. Source: `deflate` in zlib.h.
@safe final class GzipCompressor {
    private let stream: ZlibStream

    init(level: Int) throws(CompressionError) { stream = try ZlibStream(compressingAt: level) }

    func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        _ = try stream.work(input, Z_NO_FLUSH, sink)
    }

    func flush(to sink: (Span<UInt8>) throws -> Void) throws { _ = try stream.work(Span(), Z_SYNC_FLUSH, sink) }

    func finish(to sink: (Span<UInt8>) throws -> Void) throws {
        _ = try stream.work(Span(), Z_FINISH, sink)
        stream.reset()
    }

    func reset() { stream.reset() }
}
