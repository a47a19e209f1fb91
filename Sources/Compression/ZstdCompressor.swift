import CZstd

/// Owns a libzstd context, which it uses again for the next frame, and one output buffer. Source: `ZSTD_compressStream2` in
/// zstd.h.
@safe final class ZstdCompressor {
    private let context: OpaquePointer
    private let output: UnsafeMutableRawBufferPointer

    init(level: Int, isOneOfMany: Bool) throws(CompressionError) {
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

    func write(_ input: Span<UInt8>, to sink: (Span<UInt8>) throws -> Void) throws {
        try unsafe input.withUnsafeBytes { bytes in
            var source = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            while unsafe source.pos < source.size {
                _ = try unsafe step(&source, ZSTD_e_continue, sink)
            }
        }
    }

    func flush(to sink: (Span<UInt8>) throws -> Void) throws { try drain(ZSTD_e_flush, sink) }

    func finish(to sink: (Span<UInt8>) throws -> Void) throws { try drain(ZSTD_e_end, sink) }

    func reset() { unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_only) }

    private func drain(_ directive: ZSTD_EndDirective, _ sink: (Span<UInt8>) throws -> Void) throws {
        var source = unsafe ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try unsafe step(&source, directive, sink) != 0 {}
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
