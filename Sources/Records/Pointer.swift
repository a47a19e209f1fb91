/// JSON Pointers (RFC 6901) as `_extra` has them: quoted, escaped for JSON, and so ready to be copied.
enum Pointer {
    /// Objects below a longer pointer, in bytes, are not taken apart, for each of their members would repeat it.
    static let longest = 1_024

    /// The pointer at a document: its column.
    static func root(_ source: String) -> [UInt8] { step(Array("\"\"".utf8), Array(source.utf8)) }

    /// The pointer one key further.
    static func step(_ parent: [UInt8], _ key: [UInt8]) -> [UInt8] {
        var pointer = ByteBuffer()
        pointer.append(parent)
        pointer.truncate(to: parent.count - 1)
        unsafe key.withUnsafeBufferPointer { unsafe appendStep($0, to: &pointer) }
        return unsafe pointer.bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// Appends a key to a pointer that lacks its closing quote, and then that.
    static func appendStep(_ key: UnsafeBufferPointer<UInt8>, to pointer: inout ByteBuffer) {
        pointer.append(UInt8(ascii: "/"))
        for unsafebyte in unsafe key {
            switch byte {
            case UInt8(ascii: "~"): pointer.append("~0")
            case UInt8(ascii: "/"): pointer.append("~1")
            case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): JSONText.appendEscape(byte, to: &pointer)
            default: pointer.append(byte)
            }
        }
        pointer.append(UInt8(ascii: "\""))
    }

    /// A pointer as text, without its quotes and JSON's escapes.
    static func text(_ quoted: UnsafeBufferPointer<UInt8>) -> String {
        var text = ByteBuffer()
        _ = unsafe JSONText.appendDecoded(UnsafeBufferPointer(rebasing: quoted.dropFirst().dropLast()), to: &text)
        return unsafe text.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
