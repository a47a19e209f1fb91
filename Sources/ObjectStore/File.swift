import Glibc

/// An open file, closed with this object.
struct File: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Opens a file; see open(2) for the flags.
    init(_ path: String, _ flags: Int32) throws(FileSystemError) {
        self.path = path
        var result: Int32
        repeat { result = unsafe open(path, flags | O_CLOEXEC, 0o666) } while result < 0 && errno == EINTR
        descriptor = try FileSystemError.check(result, path)
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Its size in bytes; nil if it is no plain file.
    func size() throws(FileSystemError) -> Int64? { try status().regularSize }

    /// How many names it has.
    func linkCount() throws(FileSystemError) -> Int { try Int(status().st_nlink) }

    private func status() throws(FileSystemError) -> stat {
        var status = stat()
        try unsafe FileSystemError.check(fstat(descriptor, &status), path)
        return status
    }

    /// Writes all the bytes at an offset.
    func write(_ bytes: [UInt8], at offset: Int64) throws(FileSystemError) {
        var done = 0
        while done < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { bytes in
                unsafe pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
            }
            if result < 0, errno == EINTR { continue }
            done += try FileSystemError.check(result, path)
        }
    }

    /// Reads bytes from an offset, fewer only at the end of the file.
    func read(_ count: Int, at offset: Int64) throws(FileSystemError) -> [UInt8] {
        var problem: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let result = unsafe pread(
                    descriptor, buffer.baseAddress! + done, count - done, off_t(offset) + off_t(done))
                if result > 0 {
                    done += result
                } else if result == 0 {
                    return
                } else if errno != EINTR {
                    problem = errno
                    return
                }
            }
        }
        if problem != 0 { throw FileSystemError(problem, path) }
        return bytes
    }

    /// Waits until the file's bytes, or a folder's entries, are on the disk (fsync(2)).
    func sync() throws(FileSystemError) {
        var result: Int32
        repeat { result = fsync(descriptor) } while result < 0 && errno == EINTR
        try FileSystemError.check(result, path)
    }
}

extension stat {
    /// The size in bytes; nil if it is no plain file.
    var regularSize: Int64? { st_mode & S_IFMT == S_IFREG ? Int64(st_size) : nil }
    var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}

/// What else the store does with files, each a system call with its error.
enum FileSystem {
    /// stat(2), or lstat(2); nil if there is nothing of this name.
    static func status(_ path: String, followingLinks: Bool = true) throws(FileSystemError) -> stat? {
        var status = stat()
        let result = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
        if result < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        try FileSystemError.check(result, path)
        return status
    }

    /// rename(2).
    static func rename(_ path: String, to new: String) throws(FileSystemError) {
        try FileSystemError.check(unsafe Glibc.rename(path, new), new)
    }

    /// link(2).
    static func link(_ path: String, to new: String) throws(FileSystemError) {
        try FileSystemError.check(unsafe Glibc.link(path, new), new)
    }

    /// unlink(2); nothing of this name is no error.
    static func delete(_ path: String) throws(FileSystemError) {
        let result = unsafe unlink(path)
        if result < 0, errno == ENOENT || errno == ENOTDIR { return }
        try FileSystemError.check(result, path)
    }

    /// Waits until a folder's entries are on the disk.
    static func syncFolder(_ path: String) throws(FileSystemError) {
        try File(path, O_RDONLY | O_DIRECTORY).sync()
    }

    /// Makes a folder and those above it that are missing; what holds a new one is synced.
    static func makeFolder(_ path: String) throws(FileSystemError) {
        if unsafe mkdir(path, 0o777) < 0 {
            let number = errno
            if number == ENOENT, let parent = parent(of: path) {
                try makeFolder(parent)
                return try makeFolder(path)
            }
            if number == EEXIST, let status = try status(path), status.isFolder { return }
            throw FileSystemError(number, path)
        }
        if let parent = parent(of: path) { try syncFolder(parent) }
    }

    /// The folder that a path's last name lies in; nil for `/`.
    static func parent(of path: String) -> String? {
        guard path != "/", let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a folder, without `.` and `..`, in no order; none if there is no such folder.
    static func names(in path: String) throws(FileSystemError) -> [String] {
        guard let folder = unsafe opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw FileSystemError(errno, path)
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(folder) else {
                if errno != 0 { throw FileSystemError(errno, path) }
                return names
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }
}
