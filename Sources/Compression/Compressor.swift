import CZstd

/// Compresses one stream of bytes after another, each into one frame.
///
/// It owns a libzstd context, which it uses again for the next frame, and one output buffer. An instance is used by one
/// thread at a time. Source: `ZSTD_compressStream2` in zstd.h.
@safe public final class Compressor {
    /// The codec of what is written.
    public let codec: Codec
    private let context: OpaquePointer?
    private let output: UnsafeMutableRawBufferPointer

    /// Makes a compressor.
    ///
    /// - Parameters:
    ///   - codec: the codec; `none` passes bytes through.
    ///   - level: libzstd's level, 1 (fast) to 19 (small).
    ///   - isOneOfMany: whether many are in use at once: it then looks back less far (256 KiB), which takes about half the
    ///     memory, and what it writes is no larger for rows of events.
    /// - Throws: `CompressionError` when libzstd refuses a parameter or memory is short.
    public init(codec: Codec, level: Int, isOneOfMany: Bool = false) throws(CompressionError) {
        self.codec = codec
        guard codec == .zstd else {
            unsafe context = nil
            unsafe output = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let context = unsafe ZSTD_createCCtx() else {
            throw CompressionError(operation: "start zstd", reason: "out of memory")
        }
        unsafe self.context = context
        unsafe output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)
        try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level)), "set level \(level)")
        try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1), "ask for a checksum")
        guard isOneOfMany else { return }
        for (parameter, value) in [
            (ZSTD_c_windowLog, Int32(18)), (ZSTD_c_hashLog, 16), (ZSTD_c_chainLog, 15),
        ] {
            try unsafe check(ZSTD_CCtx_setParameter(context, parameter, value), "make the window small")
        }
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
        unsafe output.deallocate()
    }

    /// Compresses the next bytes of the present frame.
    ///
    /// - Parameters:
    ///   - input: the bytes.
    ///   - sink: called with compressed bytes as they come, none to several times; they are valid during the call only.
    /// - Throws: `CompressionError`, or what `sink` throws; the frame is then lost, see ``reset()``.
    public func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        guard unsafe context != nil else { return try sink(input) }
        try unsafe input.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            while unsafe source.pos < source.size {
                _ = try unsafe step(&source, ZSTD_e_continue, sink)
            }
        }
    }

    /// Ends the present frame; the next ``write(_:to:)`` begins another.
    ///
    /// - Parameter sink: called with the frame's last bytes.
    /// - Throws: `CompressionError`, or what `sink` throws.
    public func finish(to sink: (Span<UInt8>) throws -> Void) throws {
        guard unsafe context != nil else { return }
        var source = unsafe ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try unsafe step(&source, ZSTD_e_end, sink) != 0 {}
    }

    /// Drops the present frame, so that the compressor can be used for another.
    public func reset() {
        guard unsafe context != nil else { return }
        unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only)
    }

    /// One call of libzstd; returns how much it still holds back.
    private func step(
        _ source: inout ZSTD_inBuffer, _ directive: ZSTD_EndDirective, _ sink: (Span<UInt8>) throws -> Void
    ) throws -> Int {
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_compressStream2(context, &target, &source, directive)
        try check(left, "compress")
        if unsafe target.pos > 0 {
            let produced = unsafe UnsafeBufferPointer(
                start: output.baseAddress?.assumingMemoryBound(to: UInt8.self), count: target.pos)
            try unsafe sink(Span(_unsafeElements: produced))
        }
        return left
    }
}

/// Turns libzstd's status into an error.
func check(_ status: Int, _ operation: String) throws(CompressionError) {
    guard ZSTD_isError(status) != 0 else { return }
    throw CompressionError(
        operation: "\(operation) with zstd", reason: unsafe String(cString: ZSTD_getErrorName(status)))
}
