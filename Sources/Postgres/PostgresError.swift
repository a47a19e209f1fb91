/// Why something that was asked of PostgreSQL did not work.
///
/// No text of it ever holds a password.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// What was being done, so that it reads well after "could not": `connect to`, `read rows from`.
    public var operation: String
    /// To what it was done: `user@host:port/database`, or empty where no server is involved.
    public var target: String
    /// Why it failed: the server's or libpq's message, on one line.
    public var reason: String
    /// The five characters of the SQLSTATE, when the server gave one (PostgreSQL manual, appendix A).
    public var sqlState: String?
    /// What the operator can do about it.
    public var hint: String?
    /// Whether the connection is gone or never came about because of the network, so that the way on is a new one.
    public var isConnectionLost: Bool

    /// Makes an error.
    public init(
        operation: String, target: String = "", reason: String, sqlState: String? = nil, hint: String? = nil,
        isConnectionLost: Bool = false
    ) {
        self.operation = operation
        self.target = target
        self.reason = reason
        self.sqlState = sqlState
        self.hint = hint
        self.isConnectionLost = isConnectionLost
    }

    /// Whether the same may well succeed when it is tried again, over a new connection if this one is lost:
    /// serialization failures, deadlocks, recovery conflicts, a server that restarts, too many connections, a lost connection.
    public var isRetryable: Bool {
        if isConnectionLost { return true }
        guard let sqlState else { return false }
        return sqlState.hasPrefix("08") || Self.retryableStates.contains(sqlState)
    }

    private static let retryableStates: Set<String> = [
        "40001", "40P01",  // serialization failure (also: conflict with recovery on a standby), deadlock
        "57P01", "57P02", "57P03",  // the server shuts down, crashed, or starts up
        "53300",  // too many connections
        "55P03",  // lock timeout
    ]

    /// A full sentence for an operator, with the hint after it.
    public var description: String {
        var text = "Could not \(operation)"
        if !target.isEmpty { text += " \(target)" }
        text += ": \(reason)"
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let last = text.last, last != ".", last != "?", last != "!" { text += "." }
        if let hint {
            text += " \(hint)"
            if let last = hint.last, last != ".", last != "?", last != "!", last != ";" { text += "." }
        }
        return text
    }
}
