import CZlib

/// A stream of zlib with its output buffer: what compressing and decompressing have in common.
@safe final class ZlibStream {
    /// zlib keeps the stream's address, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let header: UnsafeMutablePointer<gz_header>
    private let output: UnsafeMutableBufferPointer<UInt8>
    private let isCompressing: Bool

    private static let outputBytes = 64 << 10

    /// Begins to compress at a level, 1 to 9, or to decompress.
    init(compressingAt level: Int?) throws(CompressionError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        unsafe header = .allocate(capacity: 1)
        unsafe header.initialize(to: gz_header())
        // "Unknown", whatever the system is; there is no name, and no time.
        unsafe header.pointee.os = 255
        unsafe output = .allocate(capacity: Self.outputBytes)
        isCompressing = level != nil
        let status = unsafe level.map { unsafe tidemark_gzip_begin(stream, Int32($0)) } ?? tidemark_gunzip_begin(stream)
        guard status == Z_OK else {
            throw CompressionError(
                operation: "start gzip", reason: status == Z_MEM_ERROR ? "out of memory" : "zlib refuses the level")
        }
        writeHeader()
    }

    deinit {
        _ = unsafe isCompressing ? deflateEnd(stream) : inflateEnd(stream)
        unsafe stream.deallocate()
        unsafe header.deallocate()
        unsafe output.deallocate()
    }

    /// Begins anew.
    func reset() {
        _ = unsafe isCompressing ? deflateReset(stream) : inflateReset(stream)
        writeHeader()
    }

    private func writeHeader() { if isCompressing { _ = unsafe deflateSetHeader(stream, header) } }

    /// Works through bytes.
    ///
    /// - Parameters:
    ///   - input: the bytes; all of them are taken unless the stream ends before.
    ///   - flush: zlib's flush mode.
    ///   - sink: called with what comes out.
    /// - Returns: how many bytes were left behind the stream's end, and whether it has ended.
    func work(
        _ input: Span<UInt8>, _ flush: Int32, _ sink: (Span<UInt8>) throws -> Void
    ) throws -> (left: Int, hasEnded: Bool) {
        try unsafe input.withUnsafeBufferPointer { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            var rest = input.count
            while true {
                // zlib counts in 32 bits.
                let piece = min(rest, 1 << 30)
                unsafe stream.pointee.avail_in = UInt32(piece)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(output.count)
                let status = unsafe isCompressing ? deflate(stream, flush) : inflate(stream, flush)
                // Z_BUF_ERROR only says that there was nothing to do.
                guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(status) else { throw error(status) }
                rest -= unsafe piece - Int(stream.pointee.avail_in)
                let produced = unsafe output.count - Int(stream.pointee.avail_out)
                if produced > 0 {
                    try unsafe sink(Span(_unsafeElements: UnsafeBufferPointer(rebasing: output[..<produced])))
                }
                if status == Z_STREAM_END { return (rest, true) }
                // With room left in the output there is no more to come.
                if unsafe produced < output.count, rest == 0 || status == Z_BUF_ERROR { return (rest, false) }
            }
        }
    }

    private func error(_ status: Int32) -> CompressionError {
        let words = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
        return CompressionError(
            operation: "\(isCompressing ? "compress" : "decompress") with gzip",
            reason: words ?? (status == Z_MEM_ERROR ? "out of memory" : "zlib gives status \(status)"))
    }
}
