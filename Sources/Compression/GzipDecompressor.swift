import CZlib

/// Decompresses gzip members. Source: `inflate` in zlib.h.
@safe final class GzipDecompressor {
    private let stream: ZlibStream
    private var hasEnded = false

    init() throws(CompressionError) { stream = try ZlibStream(compressingAt: nil) }

    func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        guard input.count > 0 else { return }
        var left = input.count
        if !hasEnded { (left, hasEnded) = try stream.work(input, Z_NO_FLUSH, sink) }
        if left > 0 {
            throw CompressionError(operation: "decompress with gzip", reason: "data follows the end of the member")
        }
    }

    func finish() throws(CompressionError) {
        defer { reset() }
        guard hasEnded else {
            throw CompressionError(operation: "decompress with gzip", reason: "it ends before its member does")
        }
    }

    func reset() {
        stream.reset()
        hasEnded = false
    }
}
