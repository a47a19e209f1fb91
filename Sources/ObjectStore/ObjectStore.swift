/// A place for objects: a folder, or a bucket of an object store, with a prefix that all keys are below.
///
/// What every store promises:
/// - A **key** is relative to the store's prefix: one or more names with `/` between them, UTF-8, no control characters,
///   no empty name, no `.` and no `..`. Another key is refused with an error, so no key leads out of the prefix.
/// - An object appears whole or not at all, and a reader sees it as soon as its PUT or the completion of its upload has
///   returned. What was there under its key before is replaced in one step.
/// - With ``PutCondition/ifAbsent`` one of several writers wins and all others are told, *where the store can do that*:
///   some look-alikes of S3 ignore the condition and overwrite.
/// - Every function may be called from several threads at once, and blocks until it is done.
/// - An error says whether it is transient; a store itself does not try again (but for a wrong clock): ``RetryingStore`` does.
public protocol ObjectStore: Sendable {
    /// What to call the store in messages, without a slash at the end and without a secret: `s3://lake/eventflow`.
    var location: String { get }

    /// The bytes of each part of an upload but the last, which may be smaller.
    var partSize: Int { get }

    /// Writes an object in one step.
    ///
    /// - Parameters:
    ///   - key: its key.
    ///   - body: all of it.
    ///   - condition: whether an object under this key may be replaced.
    /// - Returns: `.alreadyExists`, with nothing written, only under ``PutCondition/ifAbsent``.
    @discardableResult
    func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome

    /// Reads an object, or some of its bytes.
    ///
    /// - Parameters:
    ///   - key: its key.
    ///   - range: offsets from 0; nil: all of it. What lies past the object's end is left out, so the answer may be empty.
    /// - Returns: nil when there is no such object.
    func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]?

    /// Looks whether an object is there, and how large it is.
    ///
    /// - Returns: nil when there is no such object.
    func head(_ key: String) throws(StoreError) -> ObjectInfo?

    /// Lists objects in the order of their keys' UTF-8 bytes.
    ///
    /// - Parameters:
    ///   - prefix: what the keys begin with: `events/`, or `` for all.
    ///   - after: only keys that come after this one: the former page's ``ListPage/next``.
    func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage

    /// Deletes an object; one that is not there is no error.
    func delete(_ key: String) throws(StoreError)

    /// Begins to write an object in parts. Nobody sees it before ``completeUpload(_:_:_:)``.
    func startUpload(_ key: String) throws(StoreError) -> UploadID

    /// Writes one part; parts may come in any order, from several threads, and again.
    ///
    /// - Parameters:
    ///   - upload: where it belongs.
    ///   - number: from 1 to 10,000.
    ///   - body: ``partSize`` bytes, or 1 to ``partSize`` if it is the last part.
    func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart

    /// Makes the object out of its parts, in one step.
    ///
    /// - Parameters:
    ///   - upload: the upload.
    ///   - parts: all of them, by number from 1, at least one.
    ///   - condition: whether an object under this key may be replaced.
    /// - Returns: `.alreadyExists`, with nothing written, only under ``PutCondition/ifAbsent``; the upload then still
    ///   waits to be aborted.
    @discardableResult
    func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome

    /// Gives an upload up and frees what it took; one that is not there is no error.
    func abortUpload(_ upload: UploadID) throws(StoreError)

    /// Lists what was begun to be written and neither completed nor aborted: by a writer at work, or by one that died.
    ///
    /// - Parameter prefix: what the keys begin with; `` for all.
    /// - Returns: the uploads, in the order of their keys' UTF-8 bytes.
    /// - Throws: also when the store cannot tell; an empty list would be a lie.
    func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload]
}

/// Whether a write may replace an object.
public enum PutCondition: Hashable, Sendable {
    /// It may.
    case none
    /// It may not: the first writer wins.
    case ifAbsent
}

/// What became of a write.
public enum PutOutcome: Hashable, Sendable {
    /// The object is there, as it was given.
    case written
    /// An object was there before, and still is. After a lost answer it may be the caller's own: compare.
    case alreadyExists
}
