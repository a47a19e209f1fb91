import Compression
import Foundation
import Lake
import Records
import TestSupport
import Testing

@testable import Export

@Suite("Chunks have the size that was asked for")
struct ChunkSizeTests {
    /// Texts of rows: how long they are, and how well they compress.
    enum Rows: String, CaseIterable {
        case tiny, random, repeated, long, longAndShort, changing, multiline

        /// The text of a row, the same each time.
        func text(_ row: Int, _ random: inout Random) -> [UInt8] {
            switch self {
            case .tiny: random.hexadecimal(20)
            case .random: random.hexadecimal(1_000)
            case .repeated: Array(String(repeating: "the same again ", count: 400).utf8) + random.hexadecimal(250)
            // Up to several hundred KiB, which compress to about half.
            case .long: random.hexadecimal(200_000 + row * 7_919 % 150_000)
            case .longAndShort: random.hexadecimal(row % 50 == 7 ? 300_000 : 900)
            // What compresses a hundredfold, then what hardly does: no ratio foresees that.
            case .changing:
                row / 1_500 % 2 == 0
                    ? Array(String(repeating: "quiet ", count: 400).utf8) : random.hexadecimal(2_000)
            case .multiline: Array("a \"quoted\"\nline, \r\n".utf8) + random.hexadecimal(600) + Array("\n\"\n".utf8)
            }
        }
    }

    /// xorshift64: fast also in a debug build.
    struct Random {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15

        mutating func hexadecimal(_ count: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
                for index in 0..<count {
                    if index % 16 == 0 {
                        state ^= state << 13
                        state ^= state >> 7
                        state ^= state << 17
                    }
                    let digit = UInt8(truncatingIfNeeded: state >> UInt64(index % 16 * 4)) & 15
                    bytes[index] = digit < 10 ? 48 + digit : 87 + digit
                }
                filled = count
            }
        }
    }

    private func plan(format: String, codec: Codec, level: Int, target: Int, rows: Int? = nil) -> DatasetPlan {
        DatasetPlan(
            name: "events", table: "public.events",
            tables: [
                TablePlan(
                    name: "events",
                    schema: DatasetSchema(
                        version: 1,
                        columns: [
                            PlannedColumn(name: "n", type: .int64, field: "n"),
                            PlannedColumn(name: "text", type: .string, field: "text"),
                        ]))
            ],
            fields: [], flatten: [], partitions: [], filter: nil,
            output: OutputPlan(
                format: format, header: true, codec: codec.rawValue, level: level, chunkBytes: target, chunkRows: rows),
            leaves: [])
    }

    /// Writes rows in batches, as many as give some MiB, and gives the chunks.
    private func write(
        _ plan: DatasetPlan, _ rows: Rows, compressed total: Int64,
        to store: MemoryStore = MemoryStore(partSize: 64 << 20)
    ) throws -> [ChunkRecord] {
        let output = try PartitionedOutput(
            dataset: plan, leaf: 1, store: store, workers: 1, compressors: []
        ) { ChunkName(run: 1, unit: 1, chunk: $0, attempt: 1) }
        var batch = RowBatch(columns: plan.tables[0].schema.columns.map(\.column))
        var random = Random()
        var row = 0
        while output.bytesWritten < total {
            while !batch.isFull {
                batch.addRow()
                batch.set(0, int64: Int64(row))
                batch.set(1, text: rows.text(row, &random).span.bytes)
                row += 1
            }
            let all = (0..<Int32(batch.rowCount)).map { $0 }
            try output.append(batch, rows: all.span, of: 0, to: 0, path: [], ranges: [])
            batch.removeAll()
        }
        let records = try output.finish().0
        #expect(records.reduce(0) { $0 + $1.rows } == Int64(row))
        return records
    }

    static let cases: [(Rows, String, Codec, Int)] =
        Rows.allCases.flatMap { [($0, "ndjson", Codec.zstd, 3), ($0, "csv", .gzip, 6)] } + [
            (.random, "csv", .none, 3), (.long, "ndjson", .none, 3), (.multiline, "csv", .none, 3),
            (.tiny, "csv", .zstd, 1), (.multiline, "csv", .zstd, 19),
            (.repeated, "csv", .zstd, 9), (.changing, "ndjson", .gzip, 9), (.changing, "csv", .zstd, 12),
        ]

    @Test("A chunk that is closed for its size is within a tenth of it, whatever rows and codec", arguments: cases)
    func withinATenth(rows: Rows, format: String, codec: Codec, level: Int) throws {
        // A row that is larger than a fifth of the target cannot be cut to fit it.
        let target = rows == .long && codec == .none ? 4 << 20 : 1 << 20
        let records = try write(
            plan(format: format, codec: codec, level: level, target: target), rows,
            compressed: Int64(target) * (rows == .long ? 9 : 5) / 2)
        #expect(records.count > 2)
        for record in records.dropLast() {
            let share = Double(record.bytes) / Double(target)
            #expect(abs(share - 1) <= 0.1, "\(rows) \(codec) \(level): \(record.key) has \(share) of its target")
        }
    }

    @Test("Larger targets, a batch at a time far from them", arguments: [3 << 20, 10_000_000])
    func largerTargets(target: Int) throws {
        for rows in [Rows.random, .changing] {
            let records = try write(
                plan(format: "ndjson", codec: .zstd, level: 3, target: target), rows, compressed: Int64(target) * 5 / 2)
            #expect(records.count == 3)
            for record in records.dropLast() { #expect(abs(Double(record.bytes) / Double(target) - 1) <= 0.1) }
        }
    }

    @Test("The same rows give the same chunks; a row limit is exact beside the size", arguments: [Codec.zstd, .gzip])
    func deterministic(codec: Codec) throws {
        let plan = plan(format: "csv", codec: codec, level: 3, target: 1 << 20, rows: 1_777)
        let first = try write(plan, .changing, compressed: 2_500_000)
        #expect(try write(plan, .changing, compressed: 2_500_000) == first)
        #expect(first.dropLast().allSatisfy { $0.rows == 1_777 || abs(Double($0.bytes) / Double(1 << 20) - 1) <= 0.1 })
        #expect(first.contains { $0.rows == 1_777 } && first.contains { $0.rows < 1_777 })
    }

    @Test("Chunks that were cut hold all rows in order, each whole")
    func wholeRows() throws {
        let store = MemoryStore(partSize: 64 << 20)
        let plan = plan(format: "csv", codec: .gzip, level: 1, target: 1 << 20)
        let records = try write(plan, .multiline, compressed: 2_500_000, to: store)
        var next = 0
        for record in records {
            let decompressor = try Decompressor(codec: .gzip)
            var reader = KeyReader(
                format: plan.output.rowFormat, columns: plan.tables[0].schema.columns.map(\.column), key: [0])
            let bytes = try #require(try store.get(record.key, range: nil))
            try decompressor.write(bytes.span) { part in
                try reader.read(part) { key in
                    #expect(KeyBytes.values(key) == ["\(next)"])
                    next += 1
                }
            }
            try decompressor.finish()
            try reader.finish()
            #expect(reader.rows == record.rows)
        }
        #expect(records.count > 2)
    }

    @Test(
        "Rows at random over 5,000 partitions: a partition gets another chunk only when 24 MiB of rows have come by",
        arguments: [Codec.zstd, .gzip])
    func manyPartitions(codec: Codec) throws {
        let partitions = 5_000
        var plan = plan(format: "ndjson", codec: codec, level: 1, target: 128 << 20)
        plan.partitions = [PartitionPlan(field: "at", by: .day, name: "day")]
        let store = MemoryStore(partSize: 1 << 20)
        let output = try PartitionedOutput(dataset: plan, leaf: 1, store: store, workers: 1, compressors: []) {
            ChunkName(run: 1, unit: 1, chunk: $0, attempt: 1)
        }
        var batch = RowBatch(columns: plan.tables[0].schema.columns.map(\.column))
        var random = Random()
        var numbers: [UInt64: Int32] = [:]
        let rows = 60_000
        for row in 0..<rows {
            batch.addRow()
            batch.set(0, int64: Int64(row))
            batch.set(1, text: random.hexadecimal(700).span.bytes)
            guard batch.isFull || row == rows - 1 else { continue }
            for own in 0..<Int32(batch.rowCount) {
                random.state ^= random.state << 13
                random.state ^= random.state >> 7
                random.state ^= random.state << 17
                let day = random.state % UInt64(partitions)
                let partition = numbers[day] ?? Int32(numbers.count)
                numbers[day] = partition
                try output.append(
                    batch, rows: [own].span, of: 0, to: partition, path: ["day=\(day)"],
                    ranges: [TimeRange(least: 1, greatest: 1)])
            }
            batch.removeAll()
        }
        let records = try output.finish().0
        #expect(records.reduce(0) { $0 + $1.rows } == Int64(rows))
        // What is written out to make room is the fullest of at most 5,000, so it holds a 5,000th of the limit or more.
        let encoded = records.reduce(0) { $0 + $1.rawBytes }
        let bound = partitions + Int(encoded) / (PartitionedOutput.pendingBytes / partitions)
        #expect(records.count >= partitions && records.count <= bound, "\(records.count) chunks, at most \(bound)")
    }

    @Test("A compressor that another dataset's unit left is not used with other settings")
    func compressors() throws {
        let left = [
            try Compressor(codec: .none, level: 3), try Compressor(codec: .zstd, level: 1),
            try Compressor(codec: .zstd, level: 3, isOneOfMany: true),
        ]
        let output = try PartitionedOutput(
            dataset: plan(format: "csv", codec: .zstd, level: 3, target: 1 << 20), leaf: 1,
            store: MemoryStore(), workers: 1, compressors: left
        ) { ChunkName(run: 1, unit: 1, chunk: $0, attempt: 1) }
        var batch = RowBatch(columns: [Column(name: "n", type: .int64), Column(name: "text", type: .string)])
        batch.addRow()
        try output.append(batch, rows: [Int32(0)].span, of: 0, to: 0, path: [], ranges: [])
        let used = try output.finish().1
        #expect(used.count == 1 && used[0].codec == .zstd && used[0].level == 3 && !used[0].isOneOfMany)
    }

    @Test("Rows that are cut into several chunks leave their moments in each")
    func ranges() throws {
        var plan = plan(format: "ndjson", codec: .none, level: 3, target: 1 << 20, rows: 10)
        plan.partitions = [PartitionPlan(field: "at", by: .day, name: "day")]
        let output = try PartitionedOutput(
            dataset: plan, leaf: 1, store: MemoryStore(partSize: 64 << 20), workers: 1, compressors: []
        ) { ChunkName(run: 1, unit: 1, chunk: $0, attempt: 1) }
        var batch = RowBatch(columns: plan.tables[0].schema.columns.map(\.column))
        for row in 0..<35 {
            batch.addRow()
            batch.set(0, int64: Int64(row))
        }
        let all = (0..<Int32(35)).map { $0 }
        try output.append(
            batch, rows: all.span, of: 0, to: 0, path: ["day=2026-11-01"], ranges: [TimeRange(least: 5, greatest: 9)])
        let records = try output.finish().0
        #expect(records.map(\.rows) == [10, 10, 10, 5])
        for record in records { #expect(record.ranges["at"] == TimeRange(least: 5, greatest: 9)) }
    }
}
