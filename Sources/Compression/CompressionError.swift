/// Why bytes could not be compressed or decompressed.
public struct CompressionError: Error, Sendable, CustomStringConvertible {
    /// What was being done, to what.
    public let operation: String
    /// The library's own words.
    public let reason: String

    /// A sentence for the operator.
    public var description: String { "Cannot \(operation): \(reason)." }
}
