import Foundation

/// What a store knows of an object.
public struct ObjectInfo: Hashable, Sendable {
    /// Its key, relative to the store's prefix.
    public var key: String
    /// Its size in bytes.
    public var size: Int64
    /// The store's mark of this version of the object, to be compared and not to be understood; quotes removed.
    public var etag: String?
    /// When it was written, by the store's clock.
    public var modified: Date?

    /// Makes one.
    public init(key: String, size: Int64, etag: String? = nil, modified: Date? = nil) {
        self.key = key
        self.size = size
        self.etag = etag
        self.modified = modified
    }
}

/// Some of a listing.
public struct ListPage: Hashable, Sendable {
    /// The objects, in the order of their keys' bytes.
    public var objects: [ObjectInfo]
    /// What to give as `after` for the next page; nil: this is the last.
    public var next: String?

    /// Makes one.
    public init(objects: [ObjectInfo], next: String? = nil) {
        self.objects = objects
        self.next = next
    }
}

/// An object that is being written in parts.
public struct UploadID: Hashable, Sendable {
    /// The key of the object that it will be.
    public var key: String
    /// The store's name for the upload.
    public var id: String

    /// Makes one.
    public init(key: String, id: String) {
        self.key = key
        self.id = id
    }
}

/// An upload that was begun and is neither complete nor aborted.
public struct PendingUpload: Hashable, Sendable {
    /// The key of the object that it is to be.
    public var key: String
    /// What to give to ``ObjectStore/abortUpload(_:)``.
    public var upload: UploadID
    /// When it was begun, or, in a folder, last written to; by the store's clock.
    public var started: Date?

    /// Makes one.
    public init(key: String, upload: UploadID, started: Date? = nil) {
        self.key = key
        self.upload = upload
        self.started = started
    }
}

/// A part that the store has taken.
public struct UploadedPart: Hashable, Sendable {
    /// Its number, from 1.
    public var number: Int
    /// Its size in bytes.
    public var size: Int
    /// The store's mark of the part; quotes removed.
    public var etag: String

    /// Makes one.
    public init(number: Int, size: Int, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}
