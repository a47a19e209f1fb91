/// A store that tries again what failed for a while: the one place that does.
///
/// Only what the store below calls transient is tried again. An attempt whose answer was lost may have worked. So under
/// ``PutCondition/ifAbsent`` the next attempt may find the caller's own object and answer `.alreadyExists`: whoever asks
/// for it compares the contents. All else here may be done twice without harm; an upload that was begun twice leaves one
/// that nobody completes, which the bucket's rules or a clean-up remove.
public struct RetryingStore: ObjectStore {
    /// The store that does the work.
    public let store: any ObjectStore
    /// How often and how long.
    public let policy: RetryPolicy

    /// Wraps a store.
    public init(_ store: any ObjectStore, policy: RetryPolicy = RetryPolicy()) {
        precondition(policy.attempts >= 1, "there is a first attempt")
        self.store = store
        self.policy = policy
    }

    public var location: String { store.location }
    public var partSize: Int { store.partSize }

    @discardableResult
    public func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        try policy.run { () throws(StoreError) in try store.put(key, body, condition) }
    }

    public func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? {
        try policy.run { () throws(StoreError) in try store.get(key, range: range) }
    }

    public func head(_ key: String) throws(StoreError) -> ObjectInfo? {
        try policy.run { () throws(StoreError) in try store.head(key) }
    }

    public func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
        try policy.run { () throws(StoreError) in try store.list(prefix, after: after) }
    }

    public func delete(_ key: String) throws(StoreError) {
        try policy.run { () throws(StoreError) in try store.delete(key) }
    }

    public func startUpload(_ key: String) throws(StoreError) -> UploadID {
        try policy.run { () throws(StoreError) in try store.startUpload(key) }
    }

    public func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        try policy.run { () throws(StoreError) in try store.uploadPart(upload, number: number, body) }
    }

    @discardableResult
    public func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome {
        try policy.run { () throws(StoreError) in try store.completeUpload(upload, parts, condition) }
    }

    public func abortUpload(_ upload: UploadID) throws(StoreError) {
        try policy.run { () throws(StoreError) in try store.abortUpload(upload) }
    }

    public func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
        try policy.run { () throws(StoreError) in try store.listUploads(prefix) }
    }
}
