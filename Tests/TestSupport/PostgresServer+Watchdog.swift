import Foundation
import Synchronization

extension PostgresServer {
    /// A shell that outlives the test process just long enough to clean up after it.
    ///
    /// It reads from a pipe whose other end only the test process has: when that ends, even by SIGKILL, the read returns. (A
    /// parent-death signal would come already when the thread that started the server ends.)
    final class Watchdog: Sendable {
        /// The pipe's end and the shell; nil once the watchdog has done its work.
        private let running: Mutex<(pipe: Int32, process: pid_t)?>

        private static let script = """
            trap '' INT TERM HUP QUIT
            read -r line <"$0/alive"
            for attempt in 1 2; do
                pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
                if [ -n "$pid" ] && grep -qF "$0/data" "/proc/$pid/cmdline" 2>/dev/null; then
                    kill -QUIT "$pid"
                    for wait in 1 2 3 4 5 6 7 8 9 10; do
                        kill -0 "$pid" 2>/dev/null || break
                        sleep 0.2
                    done
                    kill -KILL "$pid" 2>/dev/null
                fi
                rm -rf "$0"
                [ -n "$line" ] && break
                sleep 0.5
            done
            """

        init(folder: String) throws {
            // A named pipe, since it can be opened in one step so that no other child of the test process inherits it.
            let pipe = mkfifo(folder + "/alive", 0o600) == 0 ? open(folder + "/alive", O_RDWR | O_CLOEXEC) : -1
            guard pipe >= 0 else {
                throw TestSupportError("No pipe in \(folder): \(String(cString: strerror(errno))).")
            }
            let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
            defer { close(nowhere) }
            let process = try Command(["sh", "-c", Self.script, folder]).spawn(output: nowhere, newSession: true)
            running = Mutex((pipe, process))
        }

        /// Lets the watchdog do its work now: whatever still runs is stopped, and the folder deleted.
        func finish() {
            running.withLock { running in
                guard let (pipe, process) = running else { return }
                _ = write(pipe, "stop\n", 5)
                close(pipe)
                Command.wait(for: process)
                running = nil
            }
        }
    }

    /// A program with arguments, found in PATH; PG* variables of the environment are kept from it.
    struct Command {
        let arguments: [String]

        init(_ arguments: [String]) {
            self.arguments = arguments
        }

        /// Starts the program.
        /// - Parameters:
        ///   - output: a descriptor for what it prints, and also for its errors unless `errors` is given.
        ///   - newSession: whether Ctrl-C in a terminal reaches the tests only, not the program.
        func spawn(output: Int32, errors: Int32? = nil, newSession: Bool = false) throws -> pid_t {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors ?? output, 2)
            closeOthers(&actions)
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            // POSIX_SPAWN_SETSID in glibc and musl; Swift does not see the macro.
            if newSession { posix_spawnattr_setflags(&attributes, 0x80) }
            var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") }
            environment["LC_ALL"] = "C"
            var argv = arguments.map { strdup($0) } + [nil]
            var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
            defer { for text in argv + envp { free(text) } }
            var process = pid_t()
            let code = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
            guard code == 0 else {
                throw TestSupportError("\(arguments[0]) did not start: \(String(cString: strerror(code))).")
            }
            return process
        }

        /// Runs the program to its end.
        /// - Returns: what it printed.
        /// - Throws: Failure with its errors unless its exit code is 0.
        @discardableResult
        func checked() throws -> String {
            let (output, errors) = (try Self.namelessFile(), try Self.namelessFile())
            defer { for file in [output, errors] { close(file) } }
            let status = Self.wait(for: try spawn(output: output, errors: errors))
            guard status == 0 else {
                throw TestSupportError("\(arguments.joined(separator: " ")) failed: \(Self.text(of: errors))")
            }
            return Self.text(of: output)
        }

        /// A file that is gone when it is closed.
        private static func namelessFile() throws -> Int32 {
            let path = "/tmp/tm-out.\(UUID().uuidString)"
            let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw TestSupportError("No file in /tmp: \(String(cString: strerror(errno))).") }
            unlink(path)
            return file
        }

        private static func text(of file: Int32) -> String {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = pread(file, &chunk, chunk.count, off_t(bytes.count))
                if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes += chunk.prefix(count)
            }
        }

        @discardableResult
        static func wait(for process: pid_t) -> Int32 {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 { if errno != EINTR { return -1 } }
            return status
        }

        /// The status of a process that has ended, nil while it runs.
        static func status(of process: pid_t) -> Int32? {
            var status: Int32 = 0
            let result = waitpid(process, &status, WNOHANG)
            return result == 0 ? nil : status
        }
    }
}
