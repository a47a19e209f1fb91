import Foundation

extension PostgresServer {
    /// Makes a hot standby that streams from a server, in a folder of its own.
    ///
    /// - Parameters:
    ///   - primary: the server, which must run.
    ///   - settings: besides or instead of the primary's: `["max_standby_streaming_delay": "0"]`.
    public static func standby(of primary: PostgresServer, settings: [String: String] = [:]) throws -> PostgresServer {
        // Its own folder takes the socket's place.
        let same = primary.settings.filter { $0.key != "unix_socket_directories" }
        return try PostgresServer(settings: same.merging(["hot_standby": "on"]) { $1 }.merging(settings) { $1 }) {
            try $0.server([
                $0.programs + "/pg_basebackup", "-D", $0.folder + "/data", "-h", primary.folder, "-p",
                "\(primary.port)", "-U", user, "-R", "-X", "stream", "-c", "fast", "--no-sync",
            ]).checked()
        }
    }

    /// Waits until this standby shows all that is committed on its primary now.
    public func waitForReplay(of primary: PostgresServer) throws {
        let position = try primary.sql("SELECT pg_current_wal_lsn()").trimmingCharacters(in: .whitespacesAndNewlines)
        let deadline = Date(timeIntervalSinceNow: 30)
        while try sql("SELECT pg_last_wal_replay_lsn() >= '\(position)'::pg_lsn") != "t\n" {
            guard Date() < deadline else {
                throw TestSupportError(
                    "The standby did not come to \(position) within 30 s. Its log: \(log.suffix(2000))")
            }
            usleep(10_000)
        }
    }

    /// Makes a server of its own out of this standby, on the next timeline.
    public func promote() throws {
        guard try sql("SELECT pg_promote()") == "t\n" else {
            throw TestSupportError("The standby did not become a primary. Its log: \(log.suffix(2000))")
        }
    }
}
