import CZstd

/// Decompresses one object after another, each of exactly one frame, and accepts nothing else.
///
/// It owns a libzstd context and one output buffer; it never holds more than a frame's window (8 MiB). libzstd compares the
/// frame's checksum at its end. An instance is used by one thread at a time. Source: `ZSTD_decompressStream` in zstd.h.
@safe public final class Decompressor {
    /// The codec of what is read.
    public let codec: Codec
    private let context: OpaquePointer?
    private let output: UnsafeMutableRawBufferPointer
    private var hasEnded = false

    /// What writers may look back at most: 2^23 bytes, as most readers allow.
    private static let windowLog: Int32 = 23

    /// Makes a decompressor.
    ///
    /// - Parameter codec: the codec; `none` passes bytes through.
    /// - Throws: `CompressionError` when memory is short.
    public init(codec: Codec) throws(CompressionError) {
        self.codec = codec
        guard codec == .zstd else {
            unsafe context = nil
            unsafe output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
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

    /// Decompresses the next bytes of the present object.
    ///
    /// - Parameters:
    ///   - input: the bytes.
    ///   - sink: called with decompressed bytes as they come, none to several times; they are valid during the call only.
    /// - Throws: `CompressionError` when the bytes are damaged or something follows the frame; what `sink` throws. Then
    ///   only ``reset()`` is left to do.
    public func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        guard let context = unsafe context else { return try sink(input) }
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

    /// Ends the present object; the next ``write(_:to:)`` begins another.
    ///
    /// - Throws: `CompressionError` when the frame has not come to its end.
    public func finish() throws(CompressionError) {
        guard unsafe context != nil else { return }
        defer { reset() }
        guard hasEnded else {
            throw CompressionError(operation: "decompress with zstd", reason: "it ends before its frame does")
        }
    }

    /// Drops the present object, so that the decompressor can be used for another.
    public func reset() {
        guard unsafe context != nil else { return }
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        hasEnded = false
    }
}
