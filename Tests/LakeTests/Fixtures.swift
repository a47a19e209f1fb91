import Foundation
import Lake
import ObjectStore
import TestSupport
import Testing

/// A directory store in a folder of its own, which vanishes with the test.
final class TestLake {
    let folder: TemporaryFolder
    let store: any ObjectStore

    init() throws {
        folder = try TemporaryFolder()
        store = try openStore(url: "file:\(folder.path)", options: StoreOptions())
    }
}

/// A store without conditional PUT, as some look-alikes are: it overwrites and says nothing.
struct UnconditionalStore: ObjectStore {
    let inner: any ObjectStore

    var location: String { inner.location }
    var partSize: Int { inner.partSize }
    func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        try inner.put(key, body, .none)
    }
    func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? { try inner.get(key, range: range) }
    func head(_ key: String) throws(StoreError) -> ObjectInfo? { try inner.head(key) }
    func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage { try inner.list(prefix, after: after) }
    func delete(_ key: String) throws(StoreError) { try inner.delete(key) }
    func startUpload(_ key: String) throws(StoreError) -> UploadID { try inner.startUpload(key) }
    func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        try inner.uploadPart(upload, number: number, body)
    }
    func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome {
        try inner.completeUpload(upload, parts, .none)
    }
    func abortUpload(_ upload: UploadID) throws(StoreError) { try inner.abortUpload(upload) }
    func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] { try inner.listUploads(prefix) }
}

enum Example {
    static let source = SourceIdentity(systemIdentifier: "7000000000000000001", database: "shop", timeline: 1)
    static let holder = LogEntry.Holder(
        host: "night-1", process: 42, started: Date(timeIntervalSince1970: 1_793_000_000))
    static let window = WindowPlan(high: 800, next: 805, takenAt: Date(timeIntervalSince1970: 1_793_000_001))

    static func open(_ uuid: String = "u-1", plan: String = "0") -> LogEntry.Change {
        .open(LogEntry.Open(kind: .export, uuid: uuid, plan: plan, holder: holder))
    }

    /// Appends an entry, whatever came before it.
    static func append(_ change: LogEntry.Change, to log: CommitLog) throws -> Int {
        let number = try log.append(source: source) { _ in change }
        return try #require(number)
    }

    static func chunk(run: Int, number: Int) -> ChunkRecord {
        ChunkRecord(
            key: "events/day=\(number % 7)/\(ChunkName(run: run, unit: 1, chunk: number + 1, attempt: 1)).ndjson.zst",
            dataset: "events", table: "events", leaf: 16_400, schema: 1, rows: 3, bytes: 30, rawBytes: 90, sha256: "ab",
            ranges: [:])
    }

    static let output = OutputPlan(
        format: "ndjson", header: false, delimiter: ",", null: "", codec: "zstd", level: 3, chunkBytes: 1 << 27,
        chunkRows: nil)

    /// A version of the columns of `events`: each has one more than the one before.
    static func version(_ number: Int, changes: [SchemaChange]? = nil) -> LogEntry.TableVersion {
        let columns = (1...number).map { PlannedColumn(name: "c\($0)", type: .uuid, field: "c\($0)") }
        return LogEntry.TableVersion(
            table: TablePlan(
                name: "events", schema: DatasetSchema(version: number, columns: columns),
                changes: changes ?? [SchemaChange(column: "c\(number)", change: "new, uuid", reason: "a test")]),
            output: output)
    }

    static func commit(run: Int, attempt: Int = 1, high: Int64 = 800, rows: Int64 = 3) -> LogEntry.Commit {
        LogEntry.Commit(
            run: run, uuid: "u-1", attempt: attempt, window: window,
            added: [
                ChunkRecord(
                    key: "events/\(run).ndjson.zst", dataset: "events", table: "events", leaf: 16_400, schema: 1,
                    rows: rows,
                    bytes: 30, rawBytes: 90, sha256: "ab", ranges: [:])
            ],
            watermarks: ["events": [Watermark(leaf: 16_400, name: "public.events", fileNode: 16_400, high: high)]],
            tables: ["events": [version(1)]],
            counts: ["events": LogEntry.Counts(rows: rows, chunks: 1, bytes: 30, strays: [])])
    }
}
