/// Why a document could not be taken apart: it is no JSON, or larger than a batch can hold.
///
/// PostgreSQL checks what it stores, so this means a defect on the way or a text that was no document at all.
public struct RecordError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where, in bytes from the document's beginning.
    public let offset: Int
    /// What was expected there.
    public let expected: String
    /// The byte that was found there; nil at the document's end.
    public let found: UInt8?

    init(offset: Int, expected: StaticString, found: UInt8?) {
        self.offset = offset
        self.expected = "\(expected)"
        self.found = found
    }

    /// A sentence for the operator. It shows one byte of the document, no more: documents may hold what nobody should see.
    public var description: String {
        let thing =
            switch found {
            case nil: "its end"
            case .some(let byte) where byte > 0x20 && byte < 0x7F: "`\(Unicode.Scalar(byte))`"
            case .some(let byte): "the byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
            }
        return "Cannot read a JSON document: at byte \(offset), \(expected) was expected, and \(thing) was found."
    }
}
