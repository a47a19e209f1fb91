import Compression
import Crypto
import Foundation
import Lake
import ObjectStore
import Postgres
import Records

/// What one thread of a verification reads with: a connection, decompressors, buffers.
final class VerifyTools {
    let work: VerifyWork
    private var connection: Connection?
    private var decompressors: [Codec: Decompressor] = [:]

    /// A file is asked for in pieces of so many bytes.
    private static let pieceBytes: Int64 = 8 << 20
    /// So often something is tried when the connection breaks or the server asks to try again.
    private static let tries = 6

    init(_ work: VerifyWork) { self.work = work }

    // MARK: - Files

    /// What reading a file showed.
    struct FileReading {
        /// What is wrong with it.
        var problems: [FileProblem] = []
        /// Whether all its rows could be read, so that the keys that were given count.
        var isReadable = false
        /// The rows.
        var rows: Int64 = 0
    }

    /// Reads a file from end to end.
    ///
    /// - Parameters:
    ///   - file: the file.
    ///   - layout: how it was written.
    ///   - key: the columns of the key in it; none: rows are counted only.
    ///   - row: called with each row's key.
    /// - Throws: `StoreError`, `CompressionError` when memory is short, and what `row` throws. Damage is no error.
    func read(
        _ file: ChunkRecord, _ layout: DatasetPlan, key: [Int], _ row: (RawSpan) throws -> Void
    ) throws -> FileReading {
        var reading = FileReading()
        func problem(_ kind: FileProblem.Kind, _ message: String) {
            reading.problems.append(FileProblem(key: file.key, kind: kind, message: message))
        }
        let decompressor = try decompressor(Codec(rawValue: layout.output.codec) ?? .zstd)
        decompressor.reset()
        var reader = KeyReader(
            format: layout.output.rowFormat, columns: layout.tables[0].schema.columns.map(\.column), key: key)
        var hash = SHA256()
        var size: Int64 = 0
        var rawBytes: Int64 = 0
        var damage: (any Error)?
        while true {
            try work.interruption.check()
            let end = size + Self.pieceBytes
            guard let bytes = try work.store.get(file.key, range: size..<end) else {
                problem(.missing, "it is not there")
                return reading
            }
            size += Int64(bytes.count)
            hash.update(data: bytes)
            if damage == nil {
                do {
                    try decompressor.write(bytes.span) { part in
                        rawBytes += Int64(part.count)
                        try reader.read(part, to: row)
                    }
                } catch let error where error is CompressionError || error is RowFileError {
                    damage = error
                }
            }
            if size < end { break }
        }
        if damage == nil {
            do {
                try decompressor.finish()
                try reader.finish()
            } catch {
                damage = error
            }
        }
        reading.rows = reader.rows
        reading.isReadable = damage == nil
        if size != file.bytes {
            problem(.size, "it has \(size) bytes, and the log says \(file.bytes)")
        } else if Checksum.hexadecimal(hash.finalize()) != file.sha256 {
            problem(.checksum, "its SHA-256 is not the one in the log: its bytes are not those that were written")
        }
        if let damage {
            problem(.unreadable, "\(damage)")
        } else if reader.rows != file.rows || rawBytes != file.rawBytes {
            problem(
                .rows,
                "it has \(reader.rows) rows in \(rawBytes) bytes, and the log says \(file.rows) in \(file.rawBytes)")
        }
        return reading
    }

    private func decompressor(_ codec: Codec) throws -> Decompressor {
        if let known = decompressors[codec] { return known }
        let made = try Decompressor(codec: codec)
        decompressors[codec] = made
        return made
    }

    // MARK: - The source

    /// Does something with a connection, from its start again when it breaks.
    ///
    /// - Parameter body: begins and ends its own transaction, and can be done again.
    func asking<Result>(_ body: (Connection) throws -> Result) throws -> Result {
        for attempt in 1... {
            do {
                let connection = try open()
                let cancel = connection.cancelHandle()
                return try work.interruption.cancellable(by: { try? cancel.cancel() }) { try body(connection) }
            } catch {
                connection = nil
                try work.interruption.check()
                guard attempt < Self.tries, Self.isWorthAnotherTry(error) else { throw error }
                work.log.warning("the source is read again: \(error)")
                let end = ContinuousClock.now + .seconds(min(30, 0.25 * Double(1 << attempt)))
                while ContinuousClock.now < end {
                    try work.interruption.check()
                    Thread.sleep(forTimeInterval: 0.05)
                }
            }
        }
        preconditionFailure("the loop returns or throws")
    }

    private static func isWorthAnotherTry(_ error: any Error) -> Bool {
        if let error = error as? PostgresError { return error.isRetryable || error.isConnectionLost }
        return error is LaggingSource
    }

    private func open() throws -> Connection {
        if let connection { return connection }
        let opened = try Connection(work.spec.source.url.value, applicationName: work.spec.source.applicationName)
        try opened.execute(SessionSettings.sql)
        connection = opened
        return opened
    }
}
