import Foundation
import Lake
import ObjectStore
import TestSupport
import Testing

@testable import Export

/// A lake in a folder, filled through the log as runs do, without a database.
final class TestLake {
    let folder = try? TemporaryFolder()
    let root: String
    let store: DirectoryStore
    let log: CommitLog

    static let source = SourceIdentity(systemIdentifier: "7000000000000000001", database: "shop", timeline: 1)
    static let window = WindowPlan(high: 800, next: 805, takenAt: Date(timeIntervalSince1970: 1_793_000_001))

    init() throws {
        root = try #require(folder).path("lake")
        store = DirectoryStore(root: root, partSize: 1000)
        log = CommitLog(store: store, pipeline: "shop")
        try log.load()
    }

    static func append(_ change: LogEntry.Change, to log: CommitLog) throws -> Int {
        let number = try log.append(source: source) { _ in change }
        return try #require(number)
    }

    /// Opens a run.
    static func open(_ log: CommitLog, kind: RunKind = .export) throws -> Int {
        let holder = LogEntry.Holder(host: "night-1", process: 42, started: Date(timeIntervalSince1970: 1_793_000_000))
        return try append(
            .open(LogEntry.Open(kind: kind, uuid: UUID().uuidString, plan: "0", holder: holder)), to: log)
    }

    func open(kind: RunKind = .export) throws -> Int { try Self.open(log, kind: kind) }

    /// The key of a chunk.
    static func key(_ run: Int, _ chunk: Int = 1, attempt: Int = 1, day: Int = 1, in dataset: String = "events")
        -> String
    {
        Layout.chunk(
            table: dataset, partition: ["event_date=2026-11-0\(day)"],
            name: ChunkName(run: run, unit: 1, chunk: chunk, attempt: attempt), suffix: ".ndjson.zst")
    }

    static func commit(_ run: Int, added: [String], removed: [String] = []) -> LogEntry.Change {
        let chunks = added.map { key in
            ChunkRecord(
                key: key, dataset: String(key.prefix { $0 != "/" }), table: Layout.table(of: key), leaf: 16_400,
                schema: 1,
                rows: 3, bytes: 5, rawBytes: 90, sha256: "ab", ranges: [:])
        }
        return .commit(
            LogEntry.Commit(
                run: run, uuid: "u", attempt: 1, window: window, added: chunks, removed: removed,
                watermarks: ["events": [Watermark(leaf: 16_400, name: "public.events", fileNode: 1, high: 800)]],
                tables: [:], counts: ["events": LogEntry.Counts(rows: 3, chunks: 1, bytes: 5, strays: [])]))
    }

    /// Writes files as a worker does.
    func write(_ keys: String...) throws { for key in keys { try store.put(key, [1, 2, 3, 4, 5], .none) } }

    /// A run from beginning to end: its plan, its unit's result, its files, its commit; or only what the log says of it.
    @discardableResult
    func run(chunks: Int = 1, removing removed: [String] = [], day: Int = 1, writes: Bool = true) throws -> [String] {
        let run = try open(kind: removed.isEmpty ? .export : .backfill)
        let keys = (1...chunks).map { Self.key(run, $0, day: day) }
        if writes {
            for key in keys { try write(key) }
            try write(Layout.plan(run: run), Layout.unit(run: run, unit: 1), Layout.step(run: run, "after-commit"))
        }
        _ = try Self.append(Self.commit(run, added: keys, removed: removed), to: log)
        return keys
    }

    /// Makes an object look as old as given, in seconds.
    func age(_ key: String, _ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date() - seconds], ofItemAtPath: "\(root)/\(key)")
    }

    /// All keys in the lake.
    func keys(_ prefix: String = "") throws -> Set<String> {
        var keys: Set<String> = []
        var after: String?
        repeat {
            let page = try store.list(prefix, after: after)
            keys.formUnion(page.objects.map(\.key))
            after = page.next
        } while after != nil
        return keys
    }

    /// Cleans as if so many seconds had passed since all was written.
    func clean(
        _ grace: Double = 86_400, after seconds: Double = 10 * 86_400, dry: Bool = false,
        _ store: (any ObjectStore)? = nil
    ) throws -> CleanReport {
        try Clean(
            store ?? self.store, pipeline: "shop", datasets: ["events"], grace: grace, now: Date() + seconds
        ).run(isDry: dry) { _ in }
    }

    /// What a reader who begins now takes.
    func read() throws -> [String] { try LakeReader(store: store, pipeline: "shop").liveFiles().map(\.chunk.key) }
}

/// A store that does something before or after it lists, and may refuse.
struct HookedStore: ObjectStore {
    let inner: any ObjectStore
    var beforeList: @Sendable (String) -> Void = { _ in }
    var afterList: @Sendable (String) -> Void = { _ in }
    var refusal: @Sendable (String) -> StoreError? = { _ in nil }

    private func check(_ verb: String) throws(StoreError) { if let error = refusal(verb) { throw error } }

    var location: String { inner.location }
    var partSize: Int { inner.partSize }
    func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        try inner.put(key, body, condition)
    }
    func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? { try inner.get(key, range: range) }
    func head(_ key: String) throws(StoreError) -> ObjectInfo? { try inner.head(key) }
    func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
        try check("list")
        beforeList(prefix)
        defer { afterList(prefix) }
        return try inner.list(prefix, after: after)
    }
    func delete(_ key: String) throws(StoreError) {
        try check("delete")
        try inner.delete(key)
    }
    func startUpload(_ key: String) throws(StoreError) -> UploadID { try inner.startUpload(key) }
    func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        try inner.uploadPart(upload, number: number, body)
    }
    func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome {
        try inner.completeUpload(upload, parts, condition)
    }
    func abortUpload(_ upload: UploadID) throws(StoreError) { try inner.abortUpload(upload) }
    func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
        try check("uploads")
        return try inner.listUploads(prefix)
    }
}
