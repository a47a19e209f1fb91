import Glibc

/// A system call on a file that failed.
struct FileSystemError: Error {
    /// The call's errno.
    let number: Int32
    /// The file or folder.
    let path: String

    init(_ number: Int32, _ path: String) {
        self.number = number
        self.path = path
    }

    /// Makes the last call's error, unless the result says that there was none.
    @discardableResult
    static func check<Result: SignedInteger>(_ result: Result, _ path: String) throws(FileSystemError) -> Result {
        if result < 0 { throw FileSystemError(errno, path) }
        return result
    }

    /// The same for the store's caller.
    func storeError(_ operation: String, _ object: String) -> StoreError {
        let (code, reason, hint) = explanation
        return StoreError(
            operation: operation, object: object, code: code, reason: reason, hint: hint,
            isTransient: [EAGAIN, EBUSY, EMFILE, ENFILE, ENOMEM, ESTALE, ETIMEDOUT].contains(number))
    }

    private var explanation: (code: String?, reason: String, hint: String?) {
        switch number {
        case ENOSPC:
            ("ENOSPC", "the disk that holds \(path) is full", "Free some space there, then run it again.")
        case EDQUOT:
            (
                "EDQUOT", "the disk quota at \(path) is used up",
                "Free some space there or raise the quota, then run it again."
            )
        case EACCES, EPERM:
            (
                number == EACCES ? "EACCES" : "EPERM", "\(Self.currentUser) may not write or read \(path)",
                "Let this user write there, or choose another folder."
            )
        case EROFS:
            (
                "EROFS", "the file system that holds \(path) is read-only",
                "Mount it for writing, or choose another folder."
            )
        case ENOTDIR, EEXIST:
            (
                number == ENOTDIR ? "ENOTDIR" : "EEXIST", "a part of the path \(path) is a file and not a folder",
                "Move that file away, or choose another folder."
            )
        case EISDIR: ("EISDIR", "\(path) is a folder", "Move it away, or choose another folder.")
        case EXDEV:
            (
                "EXDEV", "\(path) lies on another file system than the rest of the destination",
                "Keep the whole destination on one file system."
            )
        case ENAMETOOLONG: ("ENAMETOOLONG", "\(path) is a longer name than the file system takes", nil)
        case EMFILE:
            ("EMFILE", "this process has as many files open as it may", "Raise the limit (ulimit -n).")
        case EIO: ("EIO", "the disk that holds \(path) failed to read or write", "Look into the system's log.")
        default: (nil, "\(path): \(Self.text(number))", nil)
        }
    }

    private static var currentUser: String { geteuid() == 0 ? "this process" : "the user with id \(geteuid())" }

    private static func text(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}
