import ObjectStore
import Synchronization

/// Objects in memory, which counts what is asked of it; for tests that need many objects or many requests.
public final class MemoryStore: ObjectStore {
    private struct Content {
        var objects: [String: [UInt8]] = [:]
        var requests: [String] = []
    }
    private let content = Mutex(Content())

    /// An empty store.
    ///
    /// - Parameter partSize: the largest object that it takes, in bytes: it has no uploads in parts.
    public init(partSize: Int = 1 << 20) { self.partSize = partSize }

    public let location = "memory:"
    public let partSize: Int

    /// The requests so far, each a verb and a key.
    public var requests: [String] { content.withLock(\.requests) }

    /// How many objects there are, and how large they are together.
    public var size: (count: Int, bytes: Int) {
        content.withLock { ($0.objects.count, $0.objects.values.reduce(0) { $0 + $1.count }) }
    }

    /// Counts from here on.
    public func forgetRequests() { content.withLock { $0.requests = [] } }

    private func ask<Result: Sendable>(_ verb: String, _ key: String, _ body: (inout [String: [UInt8]]) -> Result)
        -> Result
    {
        content.withLock { content in
            content.requests.append("\(verb) \(key)")
            return body(&content.objects)
        }
    }

    public func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        ask("PUT", key) { objects in
            if condition == .ifAbsent, objects[key] != nil { return .alreadyExists }
            objects[key] = body
            return .written
        }
    }
    public func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? { ask("GET", key) { $0[key] } }
    public func head(_ key: String) throws(StoreError) -> ObjectInfo? {
        ask("HEAD", key) { objects in objects[key].map { ObjectInfo(key: key, size: Int64($0.count)) } }
    }
    public func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
        ask("LIST", prefix) { objects in
            ListPage(
                objects: objects.filter { $0.key.hasPrefix(prefix) && $0.key > (after ?? "") }
                    .map { ObjectInfo(key: $0.key, size: Int64($0.value.count)) }.sorted { $0.key < $1.key })
        }
    }
    public func delete(_ key: String) throws(StoreError) { ask("DELETE", key) { $0[key] = nil } }
    public func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] { [] }
    public func startUpload(_ key: String) throws(StoreError) -> UploadID { throw Self.noUploads(key) }
    public func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        throw Self.noUploads(upload.key)
    }
    public func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome { throw Self.noUploads(upload.key) }
    public func abortUpload(_ upload: UploadID) throws(StoreError) { throw Self.noUploads(upload.key) }

    private static func noUploads(_ key: String) -> StoreError {
        StoreError(operation: "upload", object: key, reason: "it takes whole objects only")
    }
}
