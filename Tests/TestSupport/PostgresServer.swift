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

    let settings: [String: String]
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
    public convenience init(settings: [String: String] = [:]) throws {
        try self.init(settings: settings) { server in
            try server.server([
                server.programs + "/initdb", "-D", server.folder + "/data", "-U", Self.user, "--no-sync", "-E", "UTF8",
                "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256",
                "--pwfile=" + server.folder + "/password",
            ]).checked()
        }
    }

    /// Makes the cluster's folder, lets `prepare` fill its `data`, and starts it.
    init(settings: [String: String], prepare: (PostgresServer) throws -> Void) throws {
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
            try prepare(self)
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
                if state.port == 0 { state.port = try FreePort.find() }
                return state.port
            }
            let logged = log.utf8.count
            let stale = pidFile.first
            let output = open(folder + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            defer { close(output) }
            let process = try server(
                [programs + "/postgres", "-D", folder + "/data", "-c", "port=\(port)"]
                    + settings.flatMap { ["-c", "\($0.key)=\($0.value)"] }
            ).spawn(output: output, newSession: true)
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
        throw TestSupportError("PostgreSQL did not start in \(folder). Its log ends: \(problem)")
    }

    /// Stops the server at once, its sessions included; nothing if it does not run.
    public func stop() {
        end(with: SIGINT)
    }

    /// Kills the postmaster and all its processes as a crash would (SIGKILL); `start()` then goes through crash recovery.
    public func kill() {
        let children = state.withLock { $0.postmaster }.map { Self.children(of: $0) } ?? []
        end(with: SIGKILL)
        // They would end by themselves when they notice, but a test wants to know that they have.
        for child in children { Glibc.kill(child, SIGKILL) }
        let deadline = Date(timeIntervalSinceNow: 5)
        while Date() < deadline, children.contains(where: { Self.parent(of: $0) != nil }) { usleep(2_000) }
    }

    /// Stops and starts.
    public func restart() throws {
        stop()
        try start()
    }

    /// Sets the epoch of transaction ids, the upper 32 bits, of a stopped server: as if so many times 2^32 had been given.
    public func resetEpoch(to epoch: Int) throws {
        try server([programs + "/pg_resetwal", "-e", "\(epoch)", "-D", folder + "/data"]).checked()
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
    func server(_ arguments: [String]) -> Command {
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

    private static func children(of process: pid_t) -> [pid_t] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [])
            .compactMap { pid_t($0) }.filter { parent(of: $0) == process }
    }

    /// The parent of a running process; nil if it has ended, waited for or not.
    private static func parent(of process: pid_t) -> pid_t? {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
        // "pid (name) state parent …", and the name may hold anything.
        let fields = String(decoding: stat, as: UTF8.self).components(separatedBy: ") ").last?.components(
            separatedBy: " ")
        guard let fields, fields.count > 1, fields[0] != "Z", fields[0] != "X" else { return nil }
        return pid_t(fields[1])
    }

    private static func makeFolder() throws -> String {
        var template = Array("/tmp/tm-pg.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestSupportError("No folder could be made under /tmp: \(String(cString: strerror(errno))).")
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
        throw TestSupportError("PostgreSQL's server programs were not found: apt install postgresql.")
    }

    /// PostgreSQL refuses to run as root, so there it runs as the user that its package makes.
    private static func prefixOfServerUser() throws -> [String] {
        if geteuid() != 0 { return [] }
        guard getpwnam(user) != nil else {
            throw TestSupportError("The tests run as root and there is no user \(user) for the server to run as.")
        }
        if (try? Command(["setpriv", "--version"]).checked()) != nil {
            return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--init-groups"]
        }
        return ["runuser", "-u", user, "--"]
    }
}
