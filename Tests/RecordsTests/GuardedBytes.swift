import Glibc

/// Bytes that end right before a page which nobody may read: a read past the end kills the process.
final class GuardedBytes {
    private let region: UnsafeMutableRawPointer
    private let size: Int
    private let room: Int

    /// Makes room.
    ///
    /// - Parameter room: for how many bytes, at most.
    init(room: Int) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        self.room = (room + page - 1) / page * page
        size = self.room + page
        guard let region = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            region != MAP_FAILED, mprotect(region + self.room, page, PROT_NONE) == 0
        else { fatalError("mmap: \(String(cString: strerror(errno)))") }
        self.region = region
    }

    deinit { munmap(region, size) }

    /// Gives a body the bytes, at the end of what can be read.
    func with<Result, Failure: Error>(
        _ bytes: [UInt8], _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(bytes.count <= room)
        let start = region + (room - bytes.count)
        bytes.withUnsafeBytes { if let base = $0.baseAddress { memcpy(start, base, bytes.count) } }
        return try body(RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: bytes.count))
    }
}
