import CZstd

/// Owns a libzstd context and one output buffer. libzstd compares the frame's checksum at its end. Source:
/// `ZSTD_decompressStream` in zstd.h.
@safe final class ZstdDecompressor {
    private let context: OpaquePointer
    private let output: UnsafeMutableRawBufferPointer
    private var hasEnded = false

    /// What writers may look back at most: 2^23 bytes, as most readers allow.
    private static let windowLog: Int32 = 23

    init() throws(CompressionError) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw CompressionError(operation: "start zstd", reason: "out of memory")
        }
        unsafe self.context = context
        unsafe output = .allocate(byteCount: ZSTD_DStreamOutSize(), alignment: 16)
        try unsafe check(
            ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog), "limit the window")
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
        unsafe output.deallocate()
    }

    func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        try unsafe input.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            var hasMore = false
            while unsafe source.pos < source.size || hasMore {
                if hasEnded {
                    throw CompressionError(
                        operation: "decompress with zstd", reason: "data follows the end of the frame")
                }
                var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                let left = unsafe ZSTD_decompressStream(context, &target, &source)
                try check(left, "decompress")
                hasEnded = left == 0
                // A full buffer may have left more behind.
                hasMore = unsafe target.pos == target.size && !hasEnded
                if unsafe target.pos > 0 {
                    let produced = unsafe UnsafeBufferPointer(
                        start: output.baseAddress?.assumingMemoryBound(to: UInt8.self), count: target.pos)
                    try unsafe sink(Span(_unsafeElements: produced))
                }
            }
        }
    }

    func finish() throws(CompressionError) {
        defer { reset() }
        guard hasEnded else {
            throw CompressionError(operation: "decompress with zstd", reason: "it ends before its frame does")
        }
    }

    func reset() {
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        hasEnded = false
    }
}
