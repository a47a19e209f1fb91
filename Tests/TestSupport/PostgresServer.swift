import Foundation
import Synchronization

/// A throwaway PostgreSQL server for tests.
///
/// It lies in a folder under /tmp with a short path, so that the socket's path is short and a server that runs as another
/// user than the tests can reach it. It trusts whoever comes through the Unix socket and wants the password over TCP on
/// loopback. Data is not synced to the disk. When the test process ends, however it ends, a watchdog shell stops the
/// server and deletes the folder.
public final class PostgresServer: Sendable {
    /// The superuser, on the socket and over TCP.
    public static let user = "postgres"
    /// The superuser's password.
    public static let password = "s3cret-of-the-tests"

    /// Everything the server has, the socket too.
    public let folder: String
    /// The TCP port on 127.0.0.1, which also names the socket.
    public var port: Int { state.withLock { $0.port } }
    /// The folder of the server's programs: psql, pg_dump and others.
    public let programs: String

    private let settings: [String: String]
    private let runAs: [String]
    private let watchdog: Watchdog
    private let state: Mutex<State>

    private struct State {
        var port = 0
        /// The process that was spawned: the postmaster, or a wrapper that ends with it.
        var process: pid_t?
        /// The postmaster, once it is ready.
        var postmaster: pid_t?
        /// From then on the port stays, since URLs name it.
        var wasReady = false
        var databases = 0
    }

    /// What a test server could not do, with the server's own words.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// A database of the server and the ways to it.
    public struct Database: Sendable {
        public let name: String
        /// Over the Unix socket, without a password: `postgresql:///name?host=/tmp/…&port=…&user=postgres`.
        public let url: String
        /// Over TCP on loopback, with the password: `postgresql://postgres:…@127.0.0.1:port/name`.
        public let tcpURL: String
    }

    /// Makes a cluster and starts it.
    /// - Parameter settings: of postgresql.conf, besides or instead of those for speed: `["max_prepared_transactions": "10"]`.
    public init(settings: [String: String] = [:]) throws {
        programs = try Self.findPrograms()
        runAs = try Self.prefixOfServerUser()
        folder = try Self.makeFolder()
        let defaults = [
            "fsync": "off", "full_page_writes": "off", "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder, "max_connections": "100", "log_line_prefix": "%m [%p] ",
            "TimeZone": "UTC", "lc_messages": "C",
        ]
        self.settings = defaults.merging(settings) { $1 }
        state = Mutex(State())
        watchdog = try Watchdog(folder: folder)
        do {
            try Data(Self.password.utf8).write(to: URL(fileURLWithPath: folder + "/password"))
            if !runAs.isEmpty { try Command(["chown", "-R", Self.user, folder]).checked() }
            try server([
                programs + "/initdb", "-D", folder + "/data", "-U", Self.user, "--no-sync", "-E", "UTF8", "--locale=C",
                "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + folder + "/password",
            ]).checked()
            try start()
        } catch {
            watchdog.finish()
            throw error
        }
    }

    deinit {
        stop()
        watchdog.finish()
    }

    // MARK: Start and stop

    /// Starts the server and waits until it takes connections; after `stop()` or `kill()` at the same port.
    public func start() throws {
        let deadline = Date(timeIntervalSinceNow: 60)
        var problem = ""
        repeat {
            let port = try state.withLock { state in
                if state.port == 0 { state.port = try Self.freePort() }
                return state.port
            }
            let logged = log.utf8.count
            let stale = pidFile.first
            let process = try server(
                [programs + "/postgres", "-D", folder + "/data", "-c", "port=\(port)"]
                    + settings.flatMap { ["-c", "\($0.key)=\($0.value)"] }
            ).spawn(output: folder + "/log", newSession: true)
            state.withLock { $0.process = process }
            if let postmaster = waitUntilReady(process, deadline, stale: stale) {
                return state.withLock { state in
                    state.postmaster = postmaster
                    state.wasReady = true
                }
            }
            problem = String(decoding: log.utf8.dropFirst(logged).suffix(2000), as: UTF8.self)
            // Somebody took the port, or a killed server's last processes have not noticed yet.
            if problem.contains("Address already in use") {
                state.withLock { $0.port = $0.wasReady ? $0.port : 0 }
            } else if !problem.contains("pre-existing shared memory") {
                break
            }
            usleep(200_000)
        } while Date() < deadline
        throw Failure(description: "PostgreSQL did not start in \(folder). Its log ends: \(problem)")
    }

    /// Stops the server at once, its sessions included; nothing if it does not run.
    public func stop() {
        end(with: SIGINT)
    }

    /// Kills the postmaster as a crash would (SIGKILL); `start()` then goes through crash recovery.
    public func kill() {
        end(with: SIGKILL)
    }

    /// Stops and starts.
    public func restart() throws {
        stop()
        try start()
    }

    /// The server's log so far.
    public var log: String {
        (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: folder + "/log")), as: UTF8.self)) ?? ""
    }

    // MARK: Databases

    /// Makes an empty database; one of the same name is dropped first.
    /// - Parameter name: without one, a name that has not been used yet.
    public func createDatabase(_ name: String? = nil) throws -> Database {
        let number = state.withLock { state in
            state.databases += 1
            return state.databases
        }
        let database = database(name ?? "test_\(number)")
        let quoted = "\"" + database.name.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        try sql("DROP DATABASE IF EXISTS \(quoted) WITH (FORCE);\nCREATE DATABASE \(quoted) TEMPLATE template0;")
        return database
    }

    /// The ways to a database, whether it exists or not.
    public func database(_ name: String) -> Database {
        let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["_"])) ?? name
        return Database(
            name: name,
            url: "postgresql:///\(encoded)?host=\(folder)&port=\(port)&user=\(Self.user)",
            tcpURL: "postgresql://\(Self.user):\(Self.password)@127.0.0.1:\(port)/\(encoded)")
    }

    /// Runs statements with psql.
    /// - Returns: what psql prints: rows on lines, columns with | between.
    @discardableResult
    public func sql(_ statements: String, in database: Database? = nil) throws -> String {
        let file = folder + "/\(UUID().uuidString).sql"
        defer { unlink(file) }
        try Data(statements.utf8).write(to: URL(fileURLWithPath: file))
        let url = (database ?? self.database("postgres")).url
        return try Command([programs + "/psql", "-X", "-v", "ON_ERROR_STOP=1", "-qAt", "-d", url, "-f", file]).checked()
    }

    // MARK: The shared server

    /// One server for all tests of the process; started when first asked for, stopped when the process exits.
    public static var shared: PostgresServer {
        get throws { try sharedResult.get() }
    }

    private static let sharedResult = Result {
        let server = try PostgresServer(settings: ["max_prepared_transactions": "20"])
        atexit { try? PostgresServer.shared.stop() }
        return server
    }
}

// MARK: - Inside

extension PostgresServer {
    private func server(_ arguments: [String]) -> Command {
        // From a folder that the server's user can read, whatever the tests' is.
        Command(["sh", "-c", "cd \"$0\" && exec \"$@\"", folder] + runAs + arguments)
    }

    /// Waits for "ready" in postmaster.pid, as pg_ctl does.
    /// - Parameter stale: the file's first line before the start: a killed server leaves its file behind.
    /// - Returns: the postmaster's process id, nil if it did not come to that.
    private func waitUntilReady(_ process: pid_t, _ deadline: Date, stale: String?) -> pid_t? {
        while Date() < deadline {
            let hasEnded = Command.status(of: process) != nil
            if hasEnded {
                state.withLock { $0.process = nil }
                return nil
            }
            let lines = pidFile
            if lines.count >= 8, lines[7].trimmingCharacters(in: .whitespaces) == "ready",
                let postmaster = pid_t(lines[0]), postmaster == process || lines[0] != stale
            {
                return postmaster
            }
            usleep(10_000)
        }
        end(with: SIGQUIT)
        return nil
    }

    private var pidFile: [String] {
        guard let data = FileManager.default.contents(atPath: folder + "/data/postmaster.pid") else { return [] }
        return String(decoding: data, as: UTF8.self).components(separatedBy: "\n")
    }

    private func end(with signal: Int32) {
        state.withLock { state in
            guard let process = state.process else { return }
            let postmaster = state.postmaster ?? process
            for (signal, seconds) in [(signal, 15.0), (SIGQUIT, 5.0), (SIGKILL, 60.0)] {
                Glibc.kill(postmaster, signal)
                let deadline = Date(timeIntervalSinceNow: seconds)
                while Date() < deadline {
                    if Command.status(of: process) != nil {
                        state.process = nil
                        state.postmaster = nil
                        return
                    }
                    usleep(5_000)
                }
            }
        }
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/tm-pg.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(description: "No folder could be made under /tmp: \(String(cString: strerror(errno))).")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The newest PostgreSQL of Debian's folders, else the one of pg_config, else the one in PATH.
    private static func findPrograms() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
            .compactMap { Int($0) }.sorted(by: >)
        var candidates = versions.map { "\(root)/\($0)/bin" }
        if let folder = try? Command(["pg_config", "--bindir"]).checked() {
            candidates.append(folder.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        candidates += (ProcessInfo.processInfo.environment["PATH"] ?? "").components(separatedBy: ":")
        for folder in candidates
        where ["initdb", "postgres", "psql"].allSatisfy({ access("\(folder)/\($0)", X_OK) == 0 }) {
            return folder
        }
        throw Failure(description: "PostgreSQL's server programs were not found: apt install postgresql.")
    }

    /// PostgreSQL refuses to run as root, so there it runs as the user that its package makes.
    private static func prefixOfServerUser() throws -> [String] {
        if geteuid() != 0 { return [] }
        guard getpwnam(user) != nil else {
            throw Failure(description: "The tests run as root and there is no user \(user) for the server to run as.")
        }
        if (try? Command(["setpriv", "--version"]).checked()) != nil {
            return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--init-groups"]
        }
        return ["runuser", "-u", user, "--"]
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        guard done else { throw Failure(description: "No free port was found: \(String(cString: strerror(errno))).") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// A shell that outlives the test process just long enough to clean up after it.
///
/// It reads from a pipe whose other end only the test process has: when that ends, even by SIGKILL, the read returns. (A
/// parent-death signal would come already when the thread that started the server ends.)
private final class Watchdog: Sendable {
    private let pipe: Int32
    private let process: pid_t

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
        pipe = mkfifo(folder + "/alive", 0o600) == 0 ? open(folder + "/alive", O_RDWR | O_CLOEXEC) : -1
        guard pipe >= 0 else {
            throw PostgresServer.Failure(description: "No pipe in \(folder): \(String(cString: strerror(errno))).")
        }
        process = try Command(["sh", "-c", Self.script, folder]).spawn(output: "/dev/null", newSession: true)
    }

    /// Lets the watchdog do its work now: whatever still runs is stopped, and the folder deleted.
    func finish() {
        _ = write(pipe, "stop\n", 5)
        close(pipe)
        Command.wait(for: process)
    }
}

/// A program with arguments, found in PATH; PG* variables of the environment are kept from it.
private struct Command {
    let arguments: [String]

    init(_ arguments: [String]) {
        self.arguments = arguments
    }

    func spawn(output: String, errors: String? = nil, newSession: Bool = false) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        } else {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Its own session, so that Ctrl-C in a terminal reaches the tests only. POSIX_SPAWN_SETSID is 0x80 in glibc and musl.
        if newSession { posix_spawnattr_setflags(&attributes, 0x80) }
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") }
        environment["LC_ALL"] = "C"
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else {
            throw PostgresServer.Failure(description: "\(arguments[0]) did not start: \(String(cString: strerror(code))).")
        }
        return process
    }

    /// Runs the program to its end.
    /// - Returns: what it printed.
    /// - Throws: Failure with its errors unless its exit code is 0.
    @discardableResult
    func checked() throws -> String {
        let output = "/tmp/tm-out.\(UUID().uuidString)"
        defer {
            unlink(output)
            unlink(output + ".err")
        }
        let status = Self.wait(for: try spawn(output: output, errors: output + ".err"))
        guard status == 0 else {
            throw PostgresServer.Failure(
                description: "\(arguments.joined(separator: " ")) failed (\(status)): \(Self.text(of: output + ".err"))")
        }
        return Self.text(of: output)
    }

    private static func text(of file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
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
