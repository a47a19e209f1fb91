import Compression
import Crypto
import Lake
import ObjectStore
import Records

/// One output file as it grows: encoded bytes → compressor → upload, with its checksum.
final class ChunkWriter {
    private let key: String
    private let writer: ObjectWriter
    private let compressor: Compressor
    private var hash = SHA256()
    /// The size so far in bytes, as encoded.
    private(set) var rawBytes: Int64 = 0
    /// The encoded bytes since everything that the compressor held was given out.
    private var unflushed = 0
    /// The size so far in bytes, as compressed; what the compressor still holds is not in it.
    private(set) var bytes: Int64 = 0
    /// What the size as compressed is at most, with what the compressor still holds.
    var sizeAtMost: Int64 { bytes + Int64(min(unflushed, compressor.heldBack)) }
    /// The compressed bytes that wait in memory to be uploaded.
    var buffered: Int { writer.buffered }
    /// The rows so far.
    var rows: Int64 = 0
    /// The moments of each time column that the rows are partitioned by.
    var ranges: [String: TimeRange] = [:]

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - key: its key.
    ///   - store: the destination.
    ///   - compressor: one that is between frames; the writer has it alone until it is finished.
    /// - Throws: `StoreError`.
    init(key: String, store: any ObjectStore, compressor: Compressor) {
        self.key = key
        self.compressor = compressor
        writer = ObjectWriter(store: store, key: key)
    }

    /// Appends encoded bytes.
    ///
    /// - Throws: `StoreError`, `CompressionError`.
    func append(_ encoded: Span<UInt8>) throws {
        rawBytes += Int64(encoded.count)
        unflushed += encoded.count
        try compressor.write(encoded, to: put)
    }

    /// Makes ``bytes`` exact.
    ///
    /// - Throws: `StoreError`, `CompressionError`.
    func flush() throws {
        if unflushed > 0 { try compressor.flush(to: put) }
        unflushed = 0
    }

    /// Ends the file; from here on the object exists.
    ///
    /// - Returns: what the unit's result says of it, and the compressor for another file.
    func finish(dataset: String, table: TablePlan, leaf: UInt32) throws -> (ChunkRecord, Compressor) {
        try compressor.finish(to: put)
        try writer.finish()
        let record = ChunkRecord(
            key: key, dataset: dataset, table: table.name, hasItems: table.items != nil, leaf: leaf,
            schema: table.schema.version, rows: rows, bytes: bytes, rawBytes: rawBytes,
            sha256: Checksum.hexadecimal(hash.finalize()), ranges: ranges)
        return (record, compressor)
    }

    /// Gives the file up: nothing of it stays.
    func abort() {
        compressor.reset()
        writer.abort()
    }

    private func put(_ compressed: Span<UInt8>) throws {
        compressed.withUnsafeBytes { hash.update(bufferPointer: $0) }
        bytes += Int64(compressed.count)
        try writer.write(compressed)
    }
}
