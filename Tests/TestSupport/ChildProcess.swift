import Foundation
import Synchronization

/// A program that a test started, with its output in files.
///
/// It runs in a session of its own, so that Ctrl-C in a terminal reaches the tests only. It is killed when this object
/// goes, or, with `outlivesNobody`, when the test process ends in whatever way.
public final class ChildProcess: Sendable {
    /// How a program ended.
    public struct Ending: Sendable, Equatable {
        /// The exit code, or the number of the signal that ended it.
        public let status: Int32
        /// Whether a signal ended it.
        public let bySignal: Bool
        /// Whether it exited with 0.
        public var isSuccess: Bool { status == 0 && !bySignal }
    }

    /// Its process id.
    public let id: pid_t
    private let folder: TemporaryFolder
    private let ending = Mutex<Ending?>(nil)
    private let watchdog: Watchdog?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: the program, found in PATH unless it holds a slash, and its arguments.
    ///   - environment: variables besides this process's own, or instead of them; an empty value removes one.
    ///   - outlivesNobody: for servers: a small shell watches, and kills the program should the test process be killed.
    ///   - cleanup: folders that this shell then deletes, too.
    public init(
        _ arguments: [String], environment: [String: String] = [:], outlivesNobody: Bool = false, cleanup: [String] = []
    ) throws {
        folder = try TemporaryFolder()
        let input = try OpenFile("/dev/null", O_RDONLY)
        let output = try OpenFile(folder.path("out"), O_WRONLY | O_CREAT | O_APPEND)
        let errors = try OpenFile(folder.path("err"), O_WRONLY | O_CREAT | O_APPEND)
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }.filter { !$0.value.isEmpty }
        id = try spawn(arguments, all, [input.descriptor, output.descriptor, errors.descriptor])
        watchdog = outlivesNobody ? try Watchdog(over: id, in: folder.path, deleting: cleanup) : nil
    }

    deinit {
        kill()
        watchdog?.dismiss()
    }

    /// What it has written to standard output so far.
    public var output: String { String(decoding: (try? folder.read("out")) ?? [], as: UTF8.self) }
    /// What it has written to standard error so far.
    public var errors: String { String(decoding: (try? folder.read("err")) ?? [], as: UTF8.self) }
    /// Whether it still runs.
    public var isRunning: Bool { poll() == nil }

    /// Sends it a signal, unless it has ended.
    public func signal(_ number: Int32) {
        ending.withLock { ending in
            // Under the lock nobody reaps it, so the id cannot have become another's.
            if ending == nil { _ = Glibc.kill(id, number) }
        }
    }

    /// Asks it to end (SIGTERM), kills it if it does not within the time, and waits for its end.
    @discardableResult
    public func terminate(within seconds: Double = 5) -> Ending {
        signal(SIGTERM)
        if let ending = wait(atMost: seconds) { return ending }
        return kill()
    }

    /// Kills it (SIGKILL) and waits for its end.
    @discardableResult
    public func kill() -> Ending {
        signal(SIGKILL)
        return wait()
    }

    /// Waits for its end.
    @discardableResult
    public func wait() -> Ending { wait(atMost: .infinity) ?? Ending(status: -1, bySignal: false) }

    /// Waits for its end, but not longer than the time; nil if it still runs then.
    public func wait(atMost seconds: Double) -> Ending? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while true {
            if let ending = poll() { return ending }
            if Date() >= deadline { return nil }
            usleep(2_000)
        }
    }

    private func poll() -> Ending? {
        ending.withLock { ending in
            if ending != nil { return ending }
            var status: Int32 = 0
            let result = waitpid(id, &status, WNOHANG)
            if result == id {
                let signal = status & 0x7F
                ending = Ending(status: signal == 0 ? (status >> 8) & 0xFF : signal, bySignal: signal != 0)
            } else if result < 0, errno != EINTR {
                ending = Ending(status: -1, bySignal: false)
            }
            return ending
        }
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it printed.
    /// - Throws: `TestSupportError` with its errors unless it exits with 0.
    @discardableResult
    public static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> String {
        let process = try ChildProcess(arguments, environment: environment)
        let ending = process.wait()
        guard ending.isSuccess else {
            throw TestSupportError("\(arguments.joined(separator: " ")) ended with \(ending.status): \(process.errors)")
        }
        return process.output
    }
}

/// A shell that waits for the end of a pipe that only the test process holds open: also SIGKILL closes it.
private final class Watchdog: Sendable {
    private let pipe: Int32
    private let id: pid_t

    private static let script = """
        trap '' INT TERM HUP QUIT
        read -r line <"$0/alive"
        [ -n "$line" ] && exit
        kill -TERM "$1"; sleep 0.5; kill -KILL "$1"
        shift
        rm -rf "$0" "$@"
        """

    init(over process: pid_t, in folder: String, deleting folders: [String]) throws {
        // A named pipe, since it can be opened in one step so that no other child inherits it.
        pipe = mkfifo(folder + "/alive", 0o600) == 0 ? open(folder + "/alive", O_RDWR | O_CLOEXEC) : -1
        guard pipe >= 0 else {
            throw TestSupportError("No pipe could be made in \(folder): \(String(cString: strerror(errno))).")
        }
        let null = try OpenFile("/dev/null", O_RDWR)
        id = try spawn(
            ["sh", "-c", Self.script, folder, String(process)] + folders, ProcessInfo.processInfo.environment,
            [null.descriptor, null.descriptor, null.descriptor])
    }

    /// Lets the shell go without doing anything.
    func dismiss() {
        _ = write(pipe, "stop\n", 5)
        close(pipe)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
    }
}

/// A file descriptor that no other child inherits.
private final class OpenFile {
    let descriptor: Int32

    init(_ path: String, _ flags: Int32) throws {
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestSupportError("\(path): \(String(cString: strerror(errno))).") }
    }

    deinit { close(descriptor) }
}

/// Keeps this process's open files from a child: Foundation's Process learns of the end of its children by sockets, and
/// would wait for ever if a server held one, too.
///
/// It is posix_spawn_file_actions_addclosefrom_np(3), which Glibc's module leaves out.
func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
    typealias CloseFrom = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
    _ = unsafeBitCast(symbol, to: CloseFrom.self)(&actions, 3)
}

private func spawn(_ arguments: [String], _ environment: [String: String], _ standard: [Int32]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in standard.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
    }
    closeOthers(&actions)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID, in glibc and musl.
    posix_spawnattr_setflags(&attributes, 0x80)
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var id = pid_t()
    let code = posix_spawnp(&id, arguments[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else {
        throw TestSupportError("\(arguments[0]) did not start: \(String(cString: strerror(code))).")
    }
    return id
}
