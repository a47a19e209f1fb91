/// What is known of a failure before it becomes an error, enough to say what the operator can do.
struct Failure {
    var sqlState: String?
    var reason: String
    var serverHint: String?
    var user = ""
    var database = ""
    var whileConnecting = false

    /// The hint for the usual failures; the server's own for the others.
    var hint: String? {
        guard let sqlState else { return whileConnecting ? connectionHint : serverHint }
        switch sqlState {
        case "28P01":
            return "Check PGPASSWORD, ~/.pgpass or the url's password."
        case "28000":
            return "Check the user's name, and whether the server's pg_hba.conf lets this user in from this machine"
                + " (it may ask for sslmode=require)."
        case "3D000":
            return "There is no such database: check the name after the last / of the url, or PGDATABASE."
        case "42P01":
            return "There is no such table or view: check its name and schema, and the role's search_path."
        case "42703":
            return "There is no such column: check its name; names with capitals need double quotes in SQL."
        case "42501":
            return permissionHint
        case "55P03":
            return
                "Another session holds a lock that this one waited for (lock_timeout): look in pg_locks, then try again."
        case "57014":
            return "The statement ran into statement_timeout, or somebody cancelled it."
        case "53300":
            return "The server has no free connection: use fewer workers or raise max_connections."
        case "57P03":
            return "The server is starting up, shutting down or recovering: try again shortly."
        default:
            return serverHint
        }
    }

    /// Whether the network or the server's absence is to blame, so that a later attempt may succeed.
    var isNetworkFailure: Bool {
        sqlState == nil
            && [
                "Connection refused", "No such file or directory", "timeout expired", "timed out", "unexpectedly",
                "reset by peer", "Broken pipe", "No route to host", "is unreachable", "Temporary failure",
            ].contains { reason.contains($0) }
    }

    private var connectionHint: String? {
        if reason.contains("Connection refused") || reason.contains("No such file or directory") {
            return "Is the server running, and are host and port (or PGHOST and PGPORT) right?"
        }
        if reason.contains("timeout expired") || reason.contains("timed out") {
            return "The server did not answer in time: check host, port and firewall, or raise connect_timeout."
        }
        if reason.contains("could not translate host name") {
            return "Check the host's name; a @, / or % in the url's user or password must be percent-encoded."
        }
        if reason.contains("no password supplied") {
            return "Give the password by PGPASSWORD, ~/.pgpass or the url."
        }
        return serverHint
    }

    /// The GRANT that is missing, as far as the server's message tells.
    private var permissionHint: String {
        let role = user.isEmpty ? "the role" : SQL.identifier(user)
        let words = reason.split(separator: " ", omittingEmptySubsequences: true)
        // "permission denied for [materialized] view NAME", "… for schema NAME"
        if words.count >= 5, words[0] == "permission", words[1] == "denied", words[2] == "for" {
            let kind = words[words.count - 2]
            let name = words[words.count - 1]
            switch kind {
            case "schema":
                return "GRANT USAGE ON SCHEMA \(name) TO \(role);"
            case "table", "view", "relation":
                return "GRANT SELECT ON \(name) TO \(role); and for partitions to come"
                    + " ALTER DEFAULT PRIVILEGES … GRANT SELECT ON TABLES TO \(role);"
            case "sequence":
                return "GRANT SELECT ON SEQUENCE \(name) TO \(role);"
            case "function":
                return "GRANT EXECUTE ON FUNCTION \(name) TO \(role);"
            case "database":
                return "GRANT CONNECT ON DATABASE \(name) TO \(role);"
            default:
                break
            }
        }
        return serverHint ?? "\(role) lacks a privilege: GRANT SELECT on the table and USAGE on its schema."
    }
}
