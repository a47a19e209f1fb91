/// Why a document could not be taken apart: it is no JSON. PostgreSQL never sends such.
public struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where, in bytes from the document's beginning.
    public let offset: Int
    /// What was expected there.
    public let expected: String

    /// A sentence for the operator.
    public var description: String { "Cannot read a JSON document: at byte \(offset), \(expected) was expected." }
}
