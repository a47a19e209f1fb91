/// Why the state in a destination could not be read, or does not allow what was asked.
public struct LakeError: Error, Sendable, CustomStringConvertible {
    /// What was being done.
    public let operation: String
    /// The destination or object it was done to.
    public let object: String
    /// Why it failed.
    public let reason: String
    /// What the operator should do next.
    public let hint: String?

    /// Describes a failure.
    public init(operation: String, object: String, reason: String, hint: String? = nil) {
        self.operation = operation
        self.object = object
        self.reason = reason
        self.hint = hint
    }

    /// A sentence for the operator.
    public var description: String {
        "Cannot \(operation) \(object): \(reason)." + (hint.map { " \($0)" } ?? "")
    }
}
