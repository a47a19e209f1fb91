/// Why no load script could be written.
public struct LoadError: Error, Sendable, CustomStringConvertible {
    /// What the script was for: `table events for BigQuery`.
    public let object: String
    /// Why it cannot be written.
    public let reason: String
    /// What the operator should do next.
    public let hint: String

    /// Describes a failure.
    public init(object: String, reason: String, hint: String) {
        self.object = object
        self.reason = reason
        self.hint = hint
    }

    /// A sentence for the operator.
    public var description: String { "Cannot write a load script of \(object): \(reason). \(hint)" }
}
