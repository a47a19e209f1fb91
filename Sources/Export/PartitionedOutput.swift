import Compression
import Lake
import ObjectStore
import Records

/// A unit's output: the rows of its tables spread over partitions, each with a chunk that is open or none.
///
/// Memory is bounded however many partitions there are: only so many chunks are open, and encoded rows that wait for one
/// take only so many bytes; the run's workers share both limits. When the limit is reached the fullest partition is written
/// out, and the chunk that was written to least recently is closed to make room.
///
/// That bounds the number of chunks, too. As long as a unit's rows all fit among those that wait, each of P partitions has
/// one chunk. Beyond that a partition is written when it holds 256 KiB, or when it is the fullest: then it holds at least a
/// P-th of the limit. So there are at most P chunks, plus P for each ``pendingBytes`` of encoded rows (shared by the workers),
/// plus one for each 256 KiB, however the rows are spread.
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
    private let format: RowFormat
    private let encoders: [RowEncoder]
    /// The compressed size that a chunk is to have, and what it may be below that.
    private let target: Int
    private let tolerance: Int
    private let codec: Codec
    private let isOneOfMany: Bool
    /// Each table's partitions, by number; nil where it has none of that number yet.
    private var partitions: [[OpenPartition?]]
    /// All of them, in the order in which they were met.
    private var met: [OpenPartition] = []
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
        let table: Int
        let path: [String]
        var pending = ByteBuffer()
        var pendingRows: Int64 = 0
        var pendingRanges: [TimeRange?]
        var chunk: ChunkWriter?
        var lastWrite = 0

        init(table: Int, path: [String], columns: Int) {
            self.table = table
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
        let codec = Codec(rawValue: dataset.output.codec) ?? .zstd
        let isOneOfMany = !dataset.partitions.isEmpty || dataset.tables.count > 1
        self.codec = codec
        self.isOneOfMany = isOneOfMany
        // The unit before may have been another dataset's.
        idle = compressors.filter {
            $0.codec == codec && $0.level == dataset.output.level && $0.isOneOfMany == isOneOfMany
        }
        suffix = ".\(dataset.output.format)\(codec.suffix)"
        target = dataset.output.chunkBytes
        tolerance = target / 20
        let format = dataset.output.rowFormat
        self.format = format
        partitions = dataset.tables.map { _ in [] }
        encoders = dataset.tables.map { RowEncoder(format: format, columns: $0.schema.columns.map(\.column)) }
    }

    /// Appends rows of a batch to a partition.
    ///
    /// - Parameters:
    ///   - batch: the batch.
    ///   - rows: the rows' indexes.
    ///   - table: the table's place in the plan.
    ///   - number: the partition's number.
    ///   - path: its folders.
    ///   - ranges: the rows' moments, one range a partition part, nil where it is not cut from a moment.
    func append(
        _ batch: borrowing RowBatch, rows: Span<Int32>, of table: Int, to number: Int32, path: [String],
        ranges: [TimeRange?]
    ) throws {
        let partition = partition(Int(number), of: table, path, ranges.count)
        var next = 0
        while next < rows.count {
            for (index, range) in ranges.enumerated() {
                guard let range else { continue }
                partition.pendingRanges[index] = range.joined(partition.pendingRanges[index])
            }
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
        while pending > pendingLimit, let fullest = met.max(by: { $0.pending.count < $1.pending.count }) {
            try write(fullest)
        }
    }

    private func partition(_ number: Int, of table: Int, _ path: [String], _ columns: Int) -> OpenPartition {
        while partitions[table].count <= number { partitions[table].append(nil) }
        if let partition = partitions[table][number] { return partition }
        let partition = OpenPartition(table: table, path: path, columns: columns)
        partitions[table][number] = partition
        met.append(partition)
        return partition
    }

    /// Encodes rows: straight into the partition's chunk if it has one, else to where they wait for one.
    private func encode(_ batch: borrowing RowBatch, _ rows: Span<Int32>, to partition: OpenPartition) throws {
        partition.pendingRows += Int64(rows.count)
        guard partition.chunk != nil else {
            let before = partition.pending.count
            encoders[partition.table].encode(batch, rows: rows, into: &partition.pending)
            pending += partition.pending.count - before
            return
        }
        encoders[partition.table].encode(batch, rows: rows, into: &encoded)
        try append(&encoded, to: partition)
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
        for partition in met where partition.pending.count > 0 { try write(partition) }
        for partition in met { try close(partition) }
        return (records, idle)
    }

    /// Gives the unit up: open chunks vanish, finished ones are deleted as far as the store allows.
    func abort() {
        for partition in met { partition.chunk?.abort() }
        for record in records { try? store.delete(record.key) }
    }

    /// Writes a partition's waiting rows to its chunk.
    private func write(_ partition: OpenPartition) throws {
        var waiting = exchange(&partition.pending, with: ByteBuffer())
        pending -= waiting.count
        try append(&waiting, to: partition)
    }

    /// Appends encoded bytes, the partition's pending rows, to its chunk, and to further ones when it reaches its size.
    private func append(_ bytes: inout ByteBuffer, to partition: OpenPartition) throws {
        clock += 1
        partition.lastWrite = clock
        var start = 0
        while start < bytes.count {
            let chunk = try partition.chunk ?? begin(partition)
            let rest = bytes.span.extracting(start...)
            var part = (rows: partition.pendingRows, bytes: rest.count)
            // Far from the target nothing needs to be known exactly.
            if Int(chunk.sizeAtMost) + rest.count > target - tolerance { part = try nextPart(of: rest, for: chunk) }
            guard part.rows > 0 else {
                try close(partition)
                continue
            }
            try chunk.append(rest.extracting(..<part.bytes))
            start += part.bytes
            chunk.rows += part.rows
            partition.pendingRows -= part.rows
            for (index, part) in dataset.partitions.enumerated() {
                // Where rows that waited together come to several chunks, each gets the range of all of them.
                guard let range = partition.pendingRanges[index] else { continue }
                chunk.ranges[part.field] = range.joined(chunk.ranges[part.field])
            }
            if chunk.rows >= Int64(dataset.output.chunkRows ?? .max) { try close(partition) }
        }
        bytes.removeAll()
        for index in partition.pendingRanges.indices { partition.pendingRanges[index] = nil }
    }

    /// How much of the next rows goes to a chunk that may be near its target; none when it is to be closed.
    ///
    /// How well rows compress is not foreseen: what is left below the target is filled with so much text at a time that it
    /// would fit uncompressed, and then looked at again. So a chunk ends between 95 % and 100 % of its target, unless one row
    /// takes more than that.
    private func nextPart(of text: Span<UInt8>, for chunk: ChunkWriter) throws -> (rows: Int64, bytes: Int) {
        try chunk.flush()
        let room = target - Int(chunk.bytes)
        if chunk.rows > 0, room <= tolerance { return (0, 0) }
        let part = format.rows(in: text, within: room)
        guard chunk.rows > 0, part.bytes > room else { return part }
        // One long row: it stays out when the chunk would probably be farther from its target with it than without it.
        let foreseen = Double(part.bytes) * Double(chunk.bytes) / Double(chunk.rawBytes)
        return foreseen > 2 * Double(room) ? (0, 0) : part
    }

    private func begin(_ partition: OpenPartition) throws -> ChunkWriter {
        if open.count >= openLimit, let oldest = open.min(by: { $0.lastWrite < $1.lastWrite }) {
            try close(oldest)
        }
        chunks += 1
        let key = Layout.chunk(
            table: dataset.tables[partition.table].name, partition: partition.path, name: name(chunks), suffix: suffix)
        let compressor =
            try idle.popLast()
            ?? Compressor(codec: codec, level: dataset.output.level, isOneOfMany: isOneOfMany)
        let chunk = ChunkWriter(key: key, store: store, compressor: compressor)
        partition.chunk = chunk
        open.append(partition)
        var header = ByteBuffer()
        encoders[partition.table].encodeHeader(into: &header)
        if header.count > 0 { try chunk.append(header.span) }
        return chunk
    }

    private func close(_ partition: OpenPartition) throws {
        guard let chunk = partition.chunk else { return }
        let (record, compressor) = try chunk.finish(
            dataset: dataset.name, table: dataset.tables[partition.table], leaf: leaf)
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
    /// What readers of the files must know of them, in words; files of plans with the same words are read alike.
    var form: String {
        guard format == "csv" else {
            return [
                format, nulls == "omit" ? "without nulls" : nil, bigintAsString ? "numbers as strings" : nil,
                specialValues == "string" ? "special values as strings" : nil, codec,
            ].compactMap { $0 }.joined(separator: ", ")
        }
        return [
            "csv", header ? "with a header" : "without a header", "delimiter '\(delimiter)'", "NULL as '\(null)'",
            quote == "all" ? "all quoted" : nil, lineEnd == "crlf" ? "lines end in CRLF" : nil,
            specialValues == "string" ? "special values as text" : nil, codec,
        ].compactMap { $0 }.joined(separator: ", ")
    }

    /// The format as the encoder wants it.
    var rowFormat: RowFormat {
        guard format == "csv" else {
            var options = JSONOptions()
            options.omitsNulls = nulls == "omit"
            options.quotesNumbers = bigintAsString
            return .json(options)
        }
        var options = CSVOptions()
        options.header = header
        options.delimiter = delimiter.utf8.first ?? UInt8(ascii: ",")
        options.null = null
        options.quotesAll = quote == "all"
        options.endsInCRLF = lineEnd == "crlf"
        return .csv(options)
    }
}
