import Compression
import Foundation
import Lake
import Logging
import ObjectStore
import Postgres
import Records

/// What every worker of a run needs.
struct Job: Sendable {
    let url: String
    let applicationName: String
    /// In milliseconds; 0 for none.
    let statementTimeout: Int
    /// In milliseconds; 0 for none.
    let lockTimeout: Int
    /// What is needed to make values unreadable.
    let redaction: Redaction
    let plan: RunPlan
    let run: Int
    let attempt: Int
    let store: any ObjectStore
    let results: UnitResults
    let work: Work
    let progress: RunProgress
    let interruption: Interruption
    /// How many workers there are.
    let workers: Int
    let log: Logger
}

/// One plain loop on a thread of its own: it owns its connection, its compressors and its buffers.
final class UnitWorker {
    private let job: Job
    private var connection: Connection?
    private var compressors: [Compressor] = []

    /// So often a unit is tried when its connection breaks or the server asks to try again.
    private static let tries = 6

    init(_ job: Job) { self.job = job }

    /// Works until no unit is left, or one fails for good.
    func work() {
        while let unit = job.work.next() {
            do {
                job.work.finish(try finish(unit))
                job.progress.update {
                    $0.units += 1
                    $0.bytesDone += unit.bytes
                }
            } catch {
                job.work.fail(error)
            }
        }
    }

    /// Reads a unit, from its start again when its connection breaks.
    private func finish(_ unit: UnitPlan) throws -> UnitResult {
        for attempt in 1... {
            do {
                return try read(unit)
            } catch let error where attempt < Self.tries && Self.isWorthAnotherTry(error) {
                try job.interruption.check()
                job.log.warning("unit \(unit.number) is read again: \(error)")
                connection = nil
                try pause(seconds: min(30, 0.25 * Double(1 << attempt)))
            }
        }
        preconditionFailure("the loop returns or throws")
    }

    private static func isWorthAnotherTry(_ error: any Error) -> Bool {
        if let error = error as? PostgresError { return error.isRetryable || error.isConnectionLost }
        return error is LaggingSource
    }

    /// Sleeps, but not through an interruption.
    private func pause(seconds: Double) throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            try job.interruption.check()
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    private func open() throws -> Connection {
        if let connection { return connection }
        let opened = try Connection(job.url, applicationName: job.applicationName)
        try opened.execute(SessionSettings.sql)
        connection = opened
        return opened
    }

    /// One try at a unit: its transaction, its chunks, its result.
    private func read(_ unit: UnitPlan) throws -> UnitResult {
        guard let dataset = job.plan.datasets.first(where: { $0.name == unit.dataset }),
            let leaf = dataset.leaves.first(where: { $0.oid == unit.leaf })
        else {
            throw ExportError(
                operation: "read the plan of", object: "run \(job.run)",
                reason: "unit \(unit.number) names a dataset or leaf that it does not hold")
        }
        let connection = try open()
        let query = UnitQuery(
            plan: job.plan, dataset: dataset, leaf: leaf, unit: unit, statementTimeout: job.statementTimeout,
            lockTimeout: job.lockTimeout)
        let output = try PartitionedOutput(
            dataset: dataset, leaf: leaf.oid, store: job.store, workers: job.workers,
            compressors: compressors
        ) { chunk in
            ChunkName(run: self.job.run, unit: unit.number, chunk: chunk, attempt: self.job.attempt)
        }
        compressors = []
        var counted = Counted()
        var sample: [RowMark] = []
        var unplaced: Unplaced?
        var refused: Int64 = 0
        var fingerprint: String?
        let result: UnitResult
        do {
            let reader = try RowReader(dataset: dataset, redaction: job.redaction)
            let cancel = connection.cancelHandle()
            try job.interruption.cancellable(by: { try? cancel.cancel() }) {
                let (sql, next) = try query.begin(connection)
                job.log.debug("unit \(unit.number): \(sql)")
                let copy = try connection.copyOut(sql)
                try pump(copy, reader, output, &counted)
                sample = counted.rows > 0 ? try query.sample(connection) : []
                unplaced = try query.unplaced(connection)
                refused = try query.refused(connection, next: next)
                if dataset.mode == .snapshot { fingerprint = try Fingerprint.read(dataset, connection) }
                try connection.execute("COMMIT")
            }
            let (chunks, idle) = try output.finish()
            compressors = idle
            let written = chunks.reduce(0) { $0 + $1.bytes }
            job.progress.update { $0.bytesWritten += written - counted.bytesWritten }
            result = UnitResult(
                unit: unit.number, attempt: job.attempt, dataset: dataset.name, leaf: leaf.oid, rows: counted.rows,
                bytesRead: counted.bytesRead, chunks: chunks, strays: reader.strays, sample: sample,
                unplaced: unplaced, refused: refused,
                fingerprint: fingerprint, finished: Date())
        } catch {
            output.abort()
            self.connection = nil
            job.progress.update {
                $0.rows -= counted.rows
                $0.bytesRead -= counted.bytesRead
                $0.bytesWritten -= counted.bytesWritten
            }
            try job.interruption.check()
            throw error
        }
        for chunk in result.chunks { job.log.debug("wrote \(chunk.key): \(chunk.rows) rows, \(chunk.bytes) bytes") }
        // Reading an empty unit again finds nothing again: no object is needed to say so.
        if result.rows == 0, result.fingerprint == nil { return result }
        // From here on the chunks stay: a result whose PUT seemed to fail may have arrived all the same.
        let settled = try job.results.settle(result)
        // Another attempt was first: its chunks count, ours go.
        if settled.attempt != job.attempt { output.abort() }
        return settled
    }

    /// What this try has added to the run's progress.
    private struct Counted {
        var rows: Int64 = 0
        var bytesRead: Int64 = 0
        var bytesWritten: Int64 = 0
    }

    /// Copy row → row batch → encoder → compressor → upload, a batch at a time.
    private func pump(
        _ copy: CopyReader, _ reader: RowReader, _ output: PartitionedOutput, _ counted: inout Counted
    ) throws {
        var spread = RowSpread()
        let write = { (table: RowReader.TableRows) in
            try spread.append(table, reader.partitioner, to: output)
            table.reader.clear()
            let rows = reader.rows - counted.rows
            let bytesRead = copy.bytesRead - counted.bytesRead
            let bytesWritten = output.bytesWritten - counted.bytesWritten
            counted = Counted(
                rows: counted.rows + rows, bytesRead: copy.bytesRead, bytesWritten: output.bytesWritten)
            self.job.progress.update {
                $0.rows += rows
                $0.bytesRead += bytesRead
                $0.bytesWritten += bytesWritten
            }
            try self.job.interruption.check()
            if self.job.work.hasFailed {
                throw ExportError(
                    operation: "go on with", object: "this unit", reason: "another unit of the run has failed")
            }
        }
        while try copy.next() { try reader.read(copy, full: write) }
        try reader.rest(write)
    }
}

/// Spreads a batch's rows over their partitions, keeping their order within each.
struct RowSpread {
    private var rows: [[Int32]] = []
    private var met: [Int] = []

    /// Appends a table's rows to an output.
    mutating func append(
        _ table: RowReader.TableRows, _ partitioner: Partitioner, to output: PartitionedOutput
    ) throws {
        for (row, partition) in table.reader.partitionOfRow.enumerated() {
            let partition = Int(partition)
            while rows.count <= partition { rows.append([]) }
            if rows[partition].isEmpty { met.append(partition) }
            rows[partition].append(Int32(row))
        }
        for partition in met.sorted() {
            var own = exchange(&rows[partition], with: [])
            let ranges = table.reader.moments.map { TimeRange(of: own, $0) }
            try output.append(
                table.reader.batch, rows: own.span, of: table.number, to: Int32(partition),
                path: partitioner.paths[partition], ranges: ranges)
            own.removeAll(keepingCapacity: true)
            rows[partition] = own
        }
        met.removeAll(keepingCapacity: true)
    }
}

extension TimeRange {
    /// The range of some rows' moments; nil when none has one.
    init?(of rows: [Int32], _ moments: [Int64]) {
        guard !moments.isEmpty else { return nil }
        var least = Int64.max
        var greatest = Int64.min
        for row in rows where moments[Int(row)] != .min {
            least = min(least, moments[Int(row)])
            greatest = max(greatest, moments[Int(row)])
        }
        guard least <= greatest else { return nil }
        self.init(least: least, greatest: greatest)
    }
}
