import Foundation

/// A folder as an object store: a key is a path below it.
///
/// An object is written to a file under `_tidemark/tmp/`, synced to the disk, and then put in its place in one step: by
/// rename(2), or by link(2) if it may not replace another. Then the folder is synced. Folders are made as needed. Folders
/// that are symbolic links are not listed. What a writer that died left under `_tidemark/tmp/` is a pending upload.
public struct DirectoryStore: ObjectStore {
    /// The folder's absolute path, without a slash at the end.
    public let root: String
    public let partSize: Int

    /// The folder for what is being written. No key leads into it.
    static let temporaryFolder = "_tidemark/tmp"
    /// The most objects on a page of a listing.
    let pageSize: Int

    /// Makes a store over a folder, which need not exist yet.
    ///
    /// - Parameters:
    ///   - root: its path; a relative one is meant from the present working directory.
    ///   - partSize: bytes of a part, at least 1. It bounds the memory that a writer takes, nothing else.
    public init(root: String, partSize: Int = 1 << 20) {
        self.init(root: root, partSize: partSize, pageSize: 1000)
    }

    init(root: String, partSize: Int, pageSize: Int) {
        precondition(partSize > 0 && pageSize > 0, "parts and pages hold something")
        let path = root.hasPrefix("/") ? root : FileManager.default.currentDirectoryPath + "/" + root
        let names = path.split(separator: "/").filter { $0 != "." }
        self.root = "/" + names.joined(separator: "/")
        self.partSize = partSize
        self.pageSize = pageSize
    }

    public var location: String { "file:\(root)" }

    // MARK: Whole objects

    @discardableResult
    public func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
        try perform("write", key) { target throws(FileSystemError) in
            let draft = try makeDraft(for: key)
            do throws(FileSystemError) {
                try File(draft, O_WRONLY).write(body, at: 0)
                return try publish(draft, as: target, condition)
            } catch {
                try? FileSystem.delete(draft)
                throw error
            }
        }
    }

    public func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? {
        try perform("read", key) { target throws(FileSystemError) in
            do throws(FileSystemError) {
                let file = try File(target, O_RDONLY)
                guard let size = try file.size() else { return nil }
                let range = (range ?? 0..<size).clamped(to: 0..<size)
                return try file.read(range.count, at: range.lowerBound)
            } catch {
                if error.number == ENOENT || error.number == ENOTDIR { return nil }
                throw error
            }
        }
    }

    public func head(_ key: String) throws(StoreError) -> ObjectInfo? {
        try perform("look up", key) { target throws(FileSystemError) in
            guard let status = try FileSystem.status(target), let size = status.regularSize else { return nil }
            return ObjectInfo(key: key, size: size, modified: status.modified)
        }
    }

    public func delete(_ key: String) throws(StoreError) {
        try perform("delete", key) { target throws(FileSystemError) in try FileSystem.delete(target) }
    }

    // MARK: In parts

    public func startUpload(_ key: String) throws(StoreError) -> UploadID {
        try perform("begin the upload of", key) { _ throws(FileSystemError) in
            UploadID(key: key, id: String(try makeDraft(for: key).split(separator: "/").last ?? ""))
        }
    }

    public func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
        let operation = "upload part \(number) of"
        guard (1...10_000).contains(number), (1...partSize).contains(body.count) else {
            throw StoreError(
                operation: operation, object: name(upload.key),
                reason: "a part has a number from 1 to 10000 and 1 to \(partSize) bytes, this one has \(body.count)")
        }
        let draft = try draft(of: upload, operation)
        return try perform(operation, upload.key) { _ throws(FileSystemError) in
            try File(draft, O_WRONLY).write(body, at: Int64(number - 1) * Int64(partSize))
            return UploadedPart(number: number, size: body.count, etag: "\(number)")
        }
    }

    @discardableResult
    public func completeUpload(
        _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
    ) throws(StoreError) -> PutOutcome {
        let operation = "complete the upload of"
        let draft = try draft(of: upload, operation)
        let isWhole =
            !parts.isEmpty && parts.enumerated().allSatisfy { $1.number == $0 + 1 }
            && parts.dropLast().allSatisfy { $0.size == partSize }
        let size = parts.reduce(0) { $0 + Int64($1.size) }
        let found: Int64? = try perform(operation, upload.key) { _ throws(FileSystemError) in
            try FileSystem.status(draft)?.regularSize
        }
        if found == nil, isWhole, try head(upload.key)?.size == size {
            // Done before: the rename worked, and what came after it failed.
            return condition == .ifAbsent ? .alreadyExists : .written
        }
        guard isWhole, found == size else {
            throw StoreError(
                operation: operation, object: name(upload.key),
                reason: found == nil ? "there is no such upload" : "its parts are not all there, or of unequal size")
        }
        return try perform(operation, upload.key) { target throws(FileSystemError) in
            try publish(draft, as: target, condition)
        }
    }

    public func abortUpload(_ upload: UploadID) throws(StoreError) {
        let operation = "abort the upload of"
        let draft = try draft(of: upload, operation)
        try perform(operation, upload.key) { _ throws(FileSystemError) in try FileSystem.delete(draft) }
    }

    // MARK: Inside

    /// Does something to a key's path; errors get the operation and the key.
    func perform<Result>(
        _ operation: String, _ key: String, _ body: (String) throws(FileSystemError) -> Result
    ) throws(StoreError) -> Result {
        if let flaw = ObjectKey.flaw(in: key) {
            throw StoreError(operation: operation, object: name(key), reason: flaw)
        }
        if key == Self.temporaryFolder || key.hasPrefix(Self.temporaryFolder + "/") {
            throw StoreError(
                operation: operation, object: name(key), reason: "\(Self.temporaryFolder) is the store's own folder")
        }
        do throws(FileSystemError) {
            return try body(path(key))
        } catch {
            throw error.storeError(operation, name(key))
        }
    }

    func path(_ key: String) -> String { root == "/" ? "/" + key : root + "/" + key }

    private func name(_ key: String) -> String { "\(location)/\(key)" }

    private func draft(of upload: UploadID, _ operation: String) throws(StoreError) -> String {
        guard DraftName(upload.id) != nil else {
            throw StoreError(operation: operation, object: name(upload.key), reason: "there is no such upload")
        }
        return path("\(Self.temporaryFolder)/\(upload.id)")
    }

    /// Makes an empty file that nobody else writes to.
    private func makeDraft(for key: String) throws(FileSystemError) -> String {
        let folder = path(Self.temporaryFolder)
        while true {
            let draft = "\(folder)/\(DraftName(for: key).text)"
            do throws(FileSystemError) {
                _ = try File(draft, O_WRONLY | O_CREAT | O_EXCL)
                return draft
            } catch {
                switch error.number {
                case ENOENT: try FileSystem.makeFolder(folder)
                case EEXIST: continue
                default: throw error
                }
            }
        }
    }

    /// Puts a finished file in its place; its name under the temporary folder then is gone, unless an object was there.
    private func publish(_ draft: String, as target: String, _ condition: PutCondition) throws(FileSystemError)
        -> PutOutcome
    {
        let file = try File(draft, O_WRONLY)
        try file.sync()
        let folder = FileSystem.parent(of: target) ?? "/"
        do throws(FileSystemError) {
            try place(draft, at: target, condition)
        } catch {
            if error.number == ENOENT {
                try FileSystem.makeFolder(folder)
                return try publish(draft, as: target, condition)
            }
            // Over NFS the answer to a link that was made can be lost and the request be sent again.
            guard error.number == EEXIST, condition == .ifAbsent else { throw error }
            if try file.linkCount() < 2 {
                if let status = try FileSystem.status(target), status.isFolder { throw FileSystemError(EISDIR, target) }
                try FileSystem.delete(draft)
                return .alreadyExists
            }
        }
        if condition == .ifAbsent { try FileSystem.delete(draft) }
        try FileSystem.syncFolder(folder)
        return .written
    }

    private func place(_ draft: String, at target: String, _ condition: PutCondition) throws(FileSystemError) {
        switch condition {
        case .none: try FileSystem.rename(draft, to: target)
        case .ifAbsent: try FileSystem.link(draft, to: target)
        }
    }
}

extension stat {
    /// When the file was last written.
    var modified: Date { Date(timeIntervalSince1970: Double(st_mtim.tv_sec) + Double(st_mtim.tv_nsec) / 1e9) }
}
