/// Why an export could not be done.
public struct ExportError: Error, Sendable, CustomStringConvertible {
    /// What the caller can do about it; each maps to an exit code.
    public enum Kind: Sendable {
        /// The run failed; it may be tried again.
        case failed
        /// The pipeline file or the command line is wrong.
        case configuration
        /// This runner cannot go on, but the next one can, where it was.
        case stopped
        /// Another run holds the pipeline.
        case held
        /// A signal ended the run; the next one goes on.
        case interrupted
    }

    /// What the caller can do about it.
    public let kind: Kind
    /// What was being done.
    public let operation: String
    /// What it was done to.
    public let object: String
    /// Why it failed.
    public let reason: String
    /// What the operator should do next.
    public let hint: String?

    /// Describes a failure.
    public init(
        _ kind: Kind = .failed, operation: String, object: String, reason: String, hint: String? = nil
    ) {
        self.kind = kind
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
