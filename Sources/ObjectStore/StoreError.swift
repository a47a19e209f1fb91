/// Why something that was asked of an object store did not work.
///
/// No text of it ever holds a secret.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What was being done, so that it reads well after "could not": `write`, `list`, `upload part 3 of`.
    public var operation: String
    /// To what it was done: the store's location and the key, `s3://lake/eventflow/events/1.ndjson.zst`.
    public var object: String
    /// The HTTP status, when the store answered.
    public var status: Int?
    /// The store's own code for the error: `NoSuchBucket`, `ENOSPC`.
    public var code: String?
    /// Why it failed, in the store's or the system's words where there are any.
    public var reason: String
    /// What the operator can do about it, in full sentences.
    public var hint: String?
    /// Whether the same request may well succeed when it is sent again.
    public var isTransient: Bool
    /// The seconds that the store asks to wait before the next attempt.
    public var retryAfter: Double?
    /// How often it was tried, when more than once.
    public var attempts: Int

    /// Makes an error.
    public init(
        operation: String, object: String, status: Int? = nil, code: String? = nil, reason: String,
        hint: String? = nil, isTransient: Bool = false, retryAfter: Double? = nil, attempts: Int = 1
    ) {
        self.operation = operation
        self.object = object
        self.status = status
        self.code = code
        self.reason = reason
        self.hint = hint
        self.isTransient = isTransient
        self.retryAfter = retryAfter
        self.attempts = attempts
    }

    /// A full sentence for an operator, with the hint after it.
    public var description: String {
        var text = "Could not \(operation) \(object): \(Self.withoutPeriod(reason))"
        let details = [status.map { "HTTP \($0)" }, code, attempts > 1 ? "tried \(attempts) times" : nil].compactMap(
            \.self)
        if !details.isEmpty { text += " (\(details.joined(separator: ", ")))" }
        text += "."
        if let hint { text += " \(hint)" }
        return text
    }

    private static func withoutPeriod(_ text: String) -> Substring {
        text.hasSuffix(".") ? text.dropLast() : text[...]
    }
}
