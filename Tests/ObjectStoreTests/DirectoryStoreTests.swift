import Foundation
import TestSupport
import Testing

@testable import ObjectStore

@Suite struct DirectoryStoreTests {
    let folder: TemporaryFolder
    let store: DirectoryStore

    init() throws {
        folder = try TemporaryFolder()
        store = DirectoryStore(root: folder.path("lake"), partSize: 1000)
    }

    func drafts() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path("lake/_tidemark/tmp"))) ?? []
    }

    @Test("An object is a plain file under its key, and nothing else is left")
    func plainFile() throws {
        try store.put("events/day=1/a.csv", [1, 2, 3], .none)
        try store.put("events/day=1/b.csv", [4], .ifAbsent)
        try store.put("events/day=1/b.csv", [5], .ifAbsent)
        let writer = ObjectWriter(store: store, key: "events/day=1/c.csv")
        try writer.write([UInt8](repeating: 9, count: 2500))
        try writer.finish()
        let refused = ObjectWriter(store: store, key: "events/day=1/c.csv", condition: .ifAbsent)
        try refused.write([UInt8](repeating: 8, count: 2500))
        #expect(try refused.finish().outcome == .alreadyExists)
        #expect(try folder.read("lake/events/day=1/a.csv") == [1, 2, 3])
        #expect(try folder.read("lake/events/day=1/b.csv") == [4])
        #expect(try folder.read("lake/events/day=1/c.csv") == [UInt8](repeating: 9, count: 2500))
        #expect(drafts().isEmpty)
    }

    @Test("Others may read the files as the umask says")
    func permissions() throws {
        try store.put("a", [1], .none)
        let mode = try #require(
            FileManager.default.attributesOfItem(atPath: folder.path("lake/a"))[.posixPermissions] as? Int)
        let mask = umask(0)
        umask(mask)
        #expect(mode == 0o666 & ~Int(mask))
    }

    @Test("What is being written is not listed, and no key leads to it")
    func hiddenDrafts() throws {
        let upload = try store.startUpload("a")
        _ = try store.uploadPart(upload, number: 1, [1])
        try store.put("_tidemark/log/1.json", [1], .none)
        #expect(drafts().count == 1)
        #expect(try store.list("", after: nil).objects.map(\.key) == ["_tidemark/log/1.json"])
        #expect(throws: StoreError.self) { try store.get("_tidemark/tmp/\(drafts()[0])", range: nil) }
        #expect(throws: StoreError.self) { try store.put("_tidemark/tmp/x", [1], .none) }
        #expect(throws: StoreError.self) { try store.put("_tidemark/tmp", [1], .none) }
        try store.abortUpload(upload)
        #expect(drafts().isEmpty)
    }

    @Test(
        "An upload's name cannot lead out of the folder for uploads",
        arguments: ["", ".", "..", "../../x", "a/b", "x.y"])
    func forgedUpload(id: String) throws {
        try folder.write([1], to: "x")
        let upload = UploadID(key: "k", id: id)
        #expect(throws: StoreError.self) { try store.abortUpload(upload) }
        #expect(throws: StoreError.self) { try store.uploadPart(upload, number: 1, [1]) }
        #expect(throws: StoreError.self) {
            try store.completeUpload(upload, [UploadedPart(number: 1, size: 1, etag: "")], .none)
        }
        #expect(try folder.read("x") == [1])
    }

    @Test("A file that a writer left half-written tells its key, whatever that is; other files are left alone")
    func leftDrafts() throws {
        let long = "events/" + String(repeating: "é", count: 300)
        for key in ["events/day=1/1.csv", long] { _ = try store.startUpload(key) }
        // A put that was cut off, as kill -9 leaves it.
        let name = DraftName(for: "_tidemark/log/0000000007.json").text
        try folder.write([1], to: "lake/_tidemark/tmp/\(name)")
        try folder.write([1], to: "lake/_tidemark/tmp/notes.txt")
        let found = try store.listUploads("")
        #expect(found.count == 3)
        #expect(found.map(\.key).prefix(2) == ["_tidemark/log/0000000007.json", "events/day=1/1.csv"])
        let cut = try #require(found.last?.key)
        #expect(long.hasPrefix(cut) && cut.count > 30)
        for draft in found { try store.abortUpload(draft.upload) }
        #expect(drafts() == ["notes.txt"])
    }

    @Test("Parts that are missing, doubled or of unequal size do not become an object")
    func badParts() throws {
        let upload = try store.startUpload("k")
        let first = try store.uploadPart(upload, number: 1, [UInt8](repeating: 1, count: 1000))
        let second = try store.uploadPart(upload, number: 2, [UInt8](repeating: 2, count: 500))
        #expect(throws: StoreError.self) { try store.uploadPart(upload, number: 3, [UInt8](repeating: 3, count: 1001)) }
        #expect(throws: StoreError.self) { try store.uploadPart(upload, number: 0, [1]) }
        for parts in [[], [first], [second], [second, first], [first, first, second], [first, second, second]] {
            #expect(throws: StoreError.self) { try store.completeUpload(upload, parts, .none) }
        }
        #expect(try store.head("k") == nil)
        #expect(try store.completeUpload(upload, [first, second], .none) == .written)
        #expect(try store.get("k", range: nil)?.count == 1500)
    }

    @Test("A linked folder is not walked through, so a circle of links does not matter; a linked file is a file")
    func links() throws {
        try store.put("a/b/c", [1], .none)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("lake/a/b/up"), withDestinationPath: folder.path("lake"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("lake/a/b/file"), withDestinationPath: folder.path("lake/a/b/c"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("lake/a/b/nowhere"), withDestinationPath: folder.path("gone"))
        #expect(try store.list("", after: nil).objects.map(\.key) == ["a/b/c", "a/b/file"])
    }

    @Test("A folder of many objects is listed page by page, each once")
    func pages() throws {
        for number in 0..<2500 { try folder.write([], to: "lake/many/\(number % 7)/\(number)") }
        var keys: [String] = []
        var after: String?
        var pages = 0
        repeat {
            let page = try store.list("many/", after: after)
            keys += page.objects.map(\.key)
            after = page.next
            pages += 1
        } while after != nil
        #expect(pages == 3)
        #expect(keys.count == 2500)
        #expect(keys == Conformance.sorted(Array(Set(keys))))
    }

    @Test("A relative path means the folder below the working directory, whatever becomes of that later")
    func relative() {
        let here = FileManager.default.currentDirectoryPath
        #expect(DirectoryStore(root: "some/lake/").root == "\(here)/some/lake")
        #expect(DirectoryStore(root: "./x//y/.").root == "\(here)/x/y")
        #expect(DirectoryStore(root: "/").root == "/")
        #expect(DirectoryStore(root: "/a/").location == "file:/a")
    }

    // MARK: What goes wrong

    /// Does something as a user who owns nothing, for tests that run as root: the file system's user is a thread's own.
    func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
        // setfsuid(2), which Glibc's module leaves out.
        typealias SetUser = @convention(c) (UInt32) -> Int32
        guard geteuid() == 0, let symbol = dlsym(nil, "setfsuid") else { return try body() }
        let setUser = unsafeBitCast(symbol, to: SetUser.self)
        _ = setUser(65_534)
        defer { _ = setUser(0) }
        return try body()
    }

    @Test("A folder that may not be written to is named, with a hint, and nothing is tried again")
    func readOnly() throws {
        let path = folder.path("closed")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        chmod(folder.path, 0o755)
        chmod(path, 0o555)
        let store = RetryingStore(DirectoryStore(root: path))
        let error = try #require(throws: StoreError.self) {
            try asNobody { try store.put("_tidemark/log/1.json", [1], .ifAbsent) }
        }
        #expect(!error.isTransient)
        #expect(error.attempts == 1)
        #expect(error.code == "EACCES")
        #expect(error.description.hasPrefix("Could not write file:\(path)/_tidemark/log/1.json: "))
        #expect(error.description.contains("may not write or read \(path)/_tidemark"))
        #expect(error.hint?.contains("another folder") == true)
        #expect(throws: StoreError.self) { try asNobody { try store.startUpload("a") } }
    }

    @Test("A read-only file system says so")
    func readOnlyFileSystem() {
        let error = FileSystemError(EROFS, "/mnt/lake").storeError("write", "file:/mnt/lake/a")
        #expect(
            error.description
                == "Could not write file:/mnt/lake/a: the file system that holds /mnt/lake is read-only (EROFS). "
                + "Mount it for writing, or choose another folder.")
    }

    @Test("A full disk is named, nothing is tried again, and nothing half-written stays")
    func fullDisk() throws {
        let disk = try SmallDisk(bytes: 256 << 10)
        defer { disk.unmount() }
        let small = DirectoryStore(root: disk.path + "/lake", partSize: 100_000)
        try small.put("fits", [UInt8](repeating: 1, count: 10_000), .none)
        let error = try #require(throws: StoreError.self) {
            try RetryingStore(small).put("large", [UInt8](repeating: 2, count: 1 << 20), .ifAbsent)
        }
        #expect(error.code == "ENOSPC")
        #expect(!error.isTransient)
        #expect(error.description.contains("is full (ENOSPC). Free some space there"))
        #expect(try small.head("large") == nil)

        let writer = ObjectWriter(store: small, key: "larger")
        let failure = try #require(throws: StoreError.self) {
            for _ in 0..<20 { try writer.write([UInt8](repeating: 3, count: 50_000)) }
            try writer.finish()
        }
        #expect(failure.code == "ENOSPC")
        writer.abort()
        #expect(try small.list("", after: nil).objects.map(\.key) == ["fits"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/lake/_tidemark/tmp").isEmpty)
        // The space is free again.
        try small.put("fits-too", [UInt8](repeating: 4, count: 100_000), .none)
    }

    @Test("A file where a folder should be, and a folder where an object should be, are named")
    func inTheWay() throws {
        try folder.write([1], to: "lake/events")
        let error = try #require(throws: StoreError.self) { try store.put("events/a", [1], .none) }
        #expect(error.description.contains("is a file and not a folder"))
        #expect(!error.isTransient)
        #expect(try store.get("events/a", range: nil) == nil)
        #expect(try store.head("events/a") == nil)
        try store.delete("events/a")

        try store.put("folder/a", [1], .none)
        for condition in [PutCondition.none, .ifAbsent] {
            let error = try #require(throws: StoreError.self) { try store.put("folder", [1], condition) }
            #expect(error.description.contains("\(folder.path)/lake/folder is a folder"))
        }
        #expect(throws: StoreError.self) { try store.delete("folder") }
        #expect(drafts().isEmpty)
    }

    @Test("A store that nobody wrote to yet is empty")
    func untouched() throws {
        #expect(try store.list("", after: nil) == ListPage(objects: []))
        #expect(try store.get("a", range: nil) == nil)
        try store.delete("a/b")
        #expect(!FileManager.default.fileExists(atPath: folder.path("lake")))
    }
}

/// A file system in memory of a size of its own, in the mount namespace of a child process.
final class SmallDisk {
    let path: String
    private let process: ChildProcess
    private let folder: TemporaryFolder

    init(bytes: Int) throws {
        folder = try TemporaryFolder()
        let script = "mount -t tmpfs -o size=\(bytes) tmpfs '\(folder.path)' && echo up && exec sleep 600"
        let namespace = geteuid() == 0 ? ["unshare", "--mount"] : ["unshare", "--user", "--map-root-user", "--mount"]
        process = try ChildProcess(namespace + ["sh", "-c", script], outlivesNobody: true)
        while !process.output.contains("up") {
            guard process.isRunning else {
                throw TestSupportError("No small file system could be mounted (unshare --mount): \(process.errors)")
            }
            usleep(5_000)
        }
        // unshare and sh were replaced by what they ran, so the process is the one in the namespace.
        path = "/proc/\(process.id)/root\(folder.path)"
    }

    func unmount() { process.kill() }
}
