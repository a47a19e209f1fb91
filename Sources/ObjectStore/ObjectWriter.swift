/// Writes one object as it comes: a small one in one PUT, a large one in parts.
///
/// It holds at most one part in memory. Nobody sees the object before ``finish()``. A writer is used by one thread at a
/// time, and ends with ``finish()`` or ``abort()``; one that is just dropped leaves its parts in the store.
public final class ObjectWriter {
    /// What became of the object.
    public struct Summary: Hashable, Sendable {
        /// Its size in bytes.
        public var size: Int64
        /// Whether it was written; always so without ``PutCondition/ifAbsent``.
        public var outcome: PutOutcome
    }

    /// The object's key.
    public let key: String
    private let store: any ObjectStore
    private let condition: PutCondition
    private let partSize: Int
    private var buffer: [UInt8] = []
    private var upload: UploadID?
    private var parts: [UploadedPart] = []
    private var isOpen = true

    /// The bytes that wait in memory for their part to be full.
    public var buffered: Int { buffer.count }

    /// The bytes written so far.
    public private(set) var size: Int64 = 0

    /// Begins an object; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - store: where it goes.
    ///   - key: its key.
    ///   - condition: whether ``finish()`` may replace an object.
    public init(store: any ObjectStore, key: String, condition: PutCondition = .none) {
        self.store = store
        self.key = key
        self.condition = condition
        partSize = store.partSize
    }

    /// Appends bytes; a part that is full is uploaded.
    ///
    /// - Throws: the store's error, also for bytes of earlier calls; then only ``abort()`` is left to do.
    public func write(_ bytes: Span<UInt8>) throws(StoreError) {
        precondition(isOpen, "a finished object cannot grow")
        var start = 0
        while start < bytes.count {
            // A full part waits until more comes, so that an object of one part's size is one PUT.
            if buffer.count == partSize { try uploadBuffer() }
            let end = min(bytes.count, start + partSize - buffer.count)
            append(bytes.extracting(start..<end))
            start = end
        }
        size += Int64(bytes.count)
    }

    /// Appends bytes; a part that is full is uploaded.
    ///
    /// - Throws: the store's error, also for bytes of earlier calls; then only ``abort()`` is left to do.
    public func write(_ bytes: [UInt8]) throws(StoreError) {
        try write(bytes.span)
    }

    /// Makes the object visible.
    ///
    /// - Returns: its size, and whether another was there before.
    /// - Throws: the store's error; then only ``abort()`` is left to do.
    @discardableResult
    public func finish() throws(StoreError) -> Summary {
        precondition(isOpen, "an object is finished once")
        let outcome: PutOutcome
        if upload == nil {
            outcome = try store.put(key, buffer, condition)
        } else {
            try uploadBuffer()
            outcome = try complete()
        }
        isOpen = false
        buffer = []
        return Summary(size: size, outcome: outcome)
    }

    /// Gives the object up. What the store then still refuses to free is left to its own clean-up.
    public func abort() {
        guard isOpen else { return }
        isOpen = false
        buffer = []
        if let upload { try? store.abortUpload(upload) }
    }

    private func complete() throws(StoreError) -> PutOutcome {
        guard let upload else { return .written }
        let outcome = try store.completeUpload(upload, parts, condition)
        if outcome == .alreadyExists { try? store.abortUpload(upload) }
        return outcome
    }

    private func uploadBuffer() throws(StoreError) {
        let upload: UploadID
        if let begun = self.upload {
            upload = begun
        } else {
            upload = try store.startUpload(key)
            self.upload = upload
        }
        parts.append(try store.uploadPart(upload, number: parts.count + 1, buffer))
        buffer.removeAll(keepingCapacity: true)
    }

    private func append(_ bytes: Span<UInt8>) {
        let needed = buffer.count + bytes.count
        // Doubling, but never past a part: many objects may be open at once.
        if needed > buffer.capacity { buffer.reserveCapacity(min(partSize, max(needed, 2 * buffer.capacity))) }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
    }
}
