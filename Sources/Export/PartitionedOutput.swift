import Compression
import Lake
import ObjectStore
import Records

/// A unit's output: its rows spread over partitions, each with a chunk that is open or none.
///
/// Memory is bounded however many partitions there are: only so many chunks are open, and encoded rows that wait for one
/// take only so many bytes; the run's workers share both limits. When the limit is reached the fullest partition is written out, and the
/// chunk that was written to least recently is closed to make room.
final class PartitionedOutput {
    /// So many chunks may be open at once, in all workers.
    static let openChunks = 40
    /// So many encoded bytes may wait, in all workers.
    static let pendingBytes = 24 << 20
    /// So many compressed bytes may wait for their upload part to be full, in all workers; a part in each at least.
    static let bufferedBytes = 24 << 20
    /// A partition with so many encoded bytes is written to its chunk, if it may have one.
    static let writeBytes = 256 << 10

    private let openLimit: Int
    private let pendingLimit: Int
    private let bufferedLimit: Int
    private let dataset: DatasetPlan
    private let store: any ObjectStore
    private let name: (Int) -> ChunkName
    private let suffix: String
    private let leaf: UInt32
    private let encoder: RowEncoder
    private let codec: Codec
    private var partitions: [OpenPartition] = []
    private var idle: [Compressor]
    private var encoded = ByteBuffer()
    /// The partitions whose chunk is open: a few of perhaps thousands.
    private var open: [OpenPartition] = []
    private var pending = 0
    private var clock = 0
    private var chunks = 0
    /// The chunks finished so far.
    private(set) var records: [ChunkRecord] = []
    private var bytesFinished: Int64 = 0
    /// The compressed bytes written so far.
    var bytesWritten: Int64 {
        bytesFinished + open.reduce(0) { $0 + ($1.chunk?.bytes ?? 0) }
    }

    /// One partition's state.
    private final class OpenPartition {
        let path: [String]
        var pending = ByteBuffer()
        var pendingRows: Int64 = 0
        var pendingRanges: [TimeRange?]
        var chunk: ChunkWriter?
        var lastWrite = 0

        init(path: [String], columns: Int) {
            self.path = path
            pendingRanges = Array(repeating: nil, count: columns)
        }
    }

    /// Begins a unit's output.
    ///
    /// - Parameters:
    ///   - dataset: the dataset.
    ///   - leaf: the leaf that the rows come from.
    ///   - store: the destination.
    ///   - workers: how many units are worked at at once.
    ///   - compressors: compressors that earlier units left; see ``finish()``.
    ///   - name: the name of the unit's n-th chunk, from 1.
    init(
        dataset: DatasetPlan, leaf: UInt32, store: any ObjectStore, workers: Int, compressors: [Compressor],
        name: @escaping (Int) -> ChunkName
    ) throws {
        openLimit = max(4, Self.openChunks / workers)
        pendingLimit = Self.pendingBytes / workers
        bufferedLimit = max(store.partSize, Self.bufferedBytes / workers)
        self.dataset = dataset
        self.leaf = leaf
        self.store = store
        self.name = name
        idle = compressors
        codec = Codec(rawValue: dataset.output.codec) ?? .zstd
        suffix = ".\(dataset.output.format)\(codec.suffix)"
        encoder = RowEncoder(format: dataset.output.rowFormat, columns: dataset.schema.columns.map(\.column))
    }

    /// Appends rows of a batch to a partition.
    ///
    /// - Parameters:
    ///   - batch: the batch.
    ///   - rows: the rows' indexes.
    ///   - number: the partition's number, at most one more than the greatest so far.
    ///   - path: its folders.
    ///   - ranges: the rows' moments, one range a partition part, nil where it is not cut from a moment.
    func append(
        _ batch: borrowing RowBatch, rows: Span<Int32>, to number: Int32, path: [String], ranges: [TimeRange?]
    ) throws {
        while partitions.count <= number { partitions.append(OpenPartition(path: path, columns: ranges.count)) }
        let partition = partitions[Int(number)]
        for (index, range) in ranges.enumerated() {
            guard let range else { continue }
            partition.pendingRanges[index] = range.joined(partition.pendingRanges[index])
        }
        var next = 0
        while next < rows.count {
            let room = room(partition)
            let end = min(rows.count, next + room)
            try encode(batch, rows.extracting(next..<end), to: partition)
            // What is left of the row limit was taken up whole: the chunk ends here.
            if end - next == room, partition.pendingRows > 0 { try write(partition) }
            next = end
        }
        if partition.pending.count >= Self.writeBytes, open.count < openLimit { try write(partition) }
        if open.reduce(0, { $0 + ($1.chunk?.buffered ?? 0) }) > bufferedLimit,
            let largest = open.max(by: { ($0.chunk?.buffered ?? 0) < ($1.chunk?.buffered ?? 0) })
        {
            try close(largest)
        }
        while pending > pendingLimit, let fullest = partitions.max(by: { $0.pending.count < $1.pending.count }) {
            try write(fullest)
        }
    }

    /// Encodes rows: straight into the partition's chunk if it has one, else to where they wait for one.
    private func encode(_ batch: borrowing RowBatch, _ rows: Span<Int32>, to partition: OpenPartition) throws {
        partition.pendingRows += Int64(rows.count)
        guard let chunk = partition.chunk else {
            let before = partition.pending.count
            encoder.encode(batch, rows: rows, into: &partition.pending)
            pending += partition.pending.count - before
            return
        }
        encoder.encode(batch, rows: rows, into: &encoded)
        try append(&encoded, to: chunk, of: partition)
    }

    /// How many rows a partition's chunk may still take.
    private func room(_ partition: OpenPartition) -> Int {
        guard let limit = dataset.output.chunkRows else { return .max }
        return limit - Int((partition.chunk?.rows ?? 0) + partition.pendingRows)
    }

    /// Writes out what waits and ends all chunks.
    ///
    /// - Returns: the unit's chunks, and the compressors for the next unit.
    func finish() throws -> ([ChunkRecord], [Compressor]) {
        for partition in partitions where partition.pending.count > 0 { try write(partition) }
        for partition in partitions { try close(partition) }
        return (records, idle)
    }

    /// Gives the unit up: open chunks vanish, finished ones are deleted as far as the store allows.
    func abort() {
        for partition in partitions { partition.chunk?.abort() }
        for record in records { try? store.delete(record.key) }
    }

    /// Writes a partition's waiting rows to its chunk.
    private func write(_ partition: OpenPartition) throws {
        let chunk = try partition.chunk ?? begin(partition)
        var waiting = exchange(&partition.pending, with: ByteBuffer())
        pending -= waiting.count
        try append(&waiting, to: chunk, of: partition)
    }

    /// Appends encoded bytes, and the rows that they are, to a chunk.
    private func append(_ bytes: inout ByteBuffer, to chunk: ChunkWriter, of partition: OpenPartition) throws {
        clock += 1
        partition.lastWrite = clock
        try chunk.append(bytes.span)
        bytes.removeAll()
        chunk.rows += partition.pendingRows
        partition.pendingRows = 0
        for (index, part) in dataset.partitions.enumerated() {
            guard let range = partition.pendingRanges[index] else { continue }
            chunk.ranges[part.field] = range.joined(chunk.ranges[part.field])
            partition.pendingRanges[index] = nil
        }
        if chunk.bytes >= Int64(dataset.output.chunkBytes) || chunk.rows >= Int64(dataset.output.chunkRows ?? .max) {
            try close(partition)
        }
    }

    private func begin(_ partition: OpenPartition) throws -> ChunkWriter {
        if open.count >= openLimit, let oldest = open.min(by: { $0.lastWrite < $1.lastWrite }) {
            try close(oldest)
        }
        chunks += 1
        let key = Layout.chunk(
            dataset: dataset.name, partition: partition.path, name: name(chunks), suffix: suffix)
        let compressor =
            try idle.popLast()
            ?? Compressor(
                codec: codec, level: dataset.output.level, isOneOfMany: !dataset.partitions.isEmpty)
        let chunk = ChunkWriter(key: key, store: store, compressor: compressor)
        partition.chunk = chunk
        open.append(partition)
        var header = ByteBuffer()
        encoder.encodeHeader(into: &header)
        if header.count > 0 { try chunk.append(header.span) }
        return chunk
    }

    private func close(_ partition: OpenPartition) throws {
        guard let chunk = partition.chunk else { return }
        let (record, compressor) = try chunk.finish(
            dataset: dataset.name, leaf: leaf, schema: dataset.schema.version)
        partition.chunk = nil
        open.removeAll { $0 === partition }
        records.append(record)
        bytesFinished += record.bytes
        idle.append(compressor)
    }
}

extension TimeRange {
    /// The range that holds both.
    func joined(_ other: TimeRange?) -> TimeRange {
        guard let other else { return self }
        return TimeRange(least: min(least, other.least), greatest: max(greatest, other.greatest))
    }
}

extension OutputPlan {
    /// The format as the encoder wants it.
    var rowFormat: RowFormat {
        guard format == "csv" else { return .ndjson }
        var options = CSVOptions()
        options.header = header
        options.delimiter = delimiter.utf8.first ?? UInt8(ascii: ",")
        options.null = null
        return .csv(options)
    }
}
