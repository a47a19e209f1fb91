/// JSON as it is written, byte by byte.
public enum JSONText {
    /// Appends a text as a JSON string, with the escapes that RFC 8259 asks for and no others.
    public static func appendString(_ utf8: RawSpan, to json: inout ByteBuffer) {
        unsafe utf8.withUnsafeBytes { bytes in
            unsafe appendString(bytes.bindMemory(to: UInt8.self), to: &json)
        }
    }

    /// Appends JSON text, without the line ends that may stand between its tokens.
    public static func appendOneLine(_ text: RawSpan, to json: inout ByteBuffer) {
        unsafe text.withUnsafeBytes { bytes in
            unsafe appendOneLine(bytes.bindMemory(to: UInt8.self), to: &json)
        }
    }

    /// Appends bytes as PostgreSQL writes them: `\x` and hexadecimal digits.
    public static func appendHexadecimal(_ bytes: RawSpan, to text: inout ByteBuffer) {
        text.append("\\x")
        unsafe bytes.withUnsafeBytes { bytes in
            for unsafe byte in unsafe unsafe bytes {
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
        }
    }

    /// One step of a JSON Pointer: `~` and `/` escaped (RFC 6901).
    public static func pointerStep(_ key: String) -> String {
        var step = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": step += "~0"
            case "/": step += "~1"
            default: step.unicodeScalars.append(scalar)
            }
        }
        return step
    }

    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 48 : value + 87 }

    /// The quoted form of a text.
    static func appendString(_ text: UnsafeBufferPointer<UInt8>, to json: inout ByteBuffer) {
        json.reserve(text.count + 2)
        json.append(UInt8(ascii: "\""))
        guard var next = text.baseAddress else { return json.append(UInt8(ascii: "\"")) }
        let end = unsafe next + text.count
        while unsafe next < end {
            let plain = unsafe plainPrefix(next, end)
            unsafe json.append(start: next, count: plain)
            unsafe next += plain
            if unsafe next == end { break }
            appendEscape(unsafe next.pointee, to: &json)
            unsafe next += 1
        }
        json.append(UInt8(ascii: "\""))
    }

    /// How many bytes need no escape.
    @inline(__always)
    static func plainPrefix(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int {
        var next = unsafe start
        while unsafe end - next >= 8 {
            let found = unsafe Wide.special(UnsafeRawPointer(next).loadUnaligned(as: UInt64.self))
            if found != 0 { return unsafe next - start + Wide.firstIndex(found) }
            unsafe next += 8
        }
        while unsafe next < end {
            let byte = unsafe next.pointee
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            unsafe next += 1
        }
        return unsafe next - start
    }

    private static func appendEscape(_ byte: UInt8, to json: inout ByteBuffer) {
        json.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): json.append(byte)
        case 0x08: json.append(UInt8(ascii: "b"))
        case 0x09: json.append(UInt8(ascii: "t"))
        case 0x0A: json.append(UInt8(ascii: "n"))
        case 0x0C: json.append(UInt8(ascii: "f"))
        case 0x0D: json.append(UInt8(ascii: "r"))
        default:
            json.append("u00")
            json.append(digit(byte >> 4))
            json.append(digit(byte & 15))
        }
    }

    static func appendOneLine(_ text: UnsafeBufferPointer<UInt8>, to json: inout ByteBuffer) {
        guard unsafe text.contains(where: { $0 == 0x0A || $0 == 0x0D }) else {
            return unsafe json.append(start: text.baseAddress, count: text.count)
        }
        // Line ends stand between tokens only: within strings they are escaped.
        json.reserve(text.count)
        for unsafe byte in unsafe text where byte != 0x0A && byte != 0x0D { json.append(byte) }
    }

    /// Appends a string's content with its escapes decoded.
    ///
    /// - Returns: false when it holds what no PostgreSQL text can: a NUL, or half of a surrogate pair; what was appended is
    ///   then to be dropped.
    static func appendDecoded(_ content: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) -> Bool {
        text.reserve(content.count)
        var index = 0
        while index < content.count {
            let byte = unsafe content[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < content.count else {
                text.append(byte)
                continue
            }
            let kind = unsafe content[index]
            index += 1
            switch kind {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "u"):
                guard let unit = unsafe codeUnit(content, index) else { return false }
                index += 4
                var scalar = unit
                if (0xD800...0xDBFF).contains(unit) {
                    guard index + 6 <= content.count, unsafe content[index] == UInt8(ascii: "\\"),
                        unsafe content[index + 1] == UInt8(ascii: "u"), let low = unsafe codeUnit(content, index + 2),
                        (0xDC00...0xDFFF).contains(low)
                    else { return false }
                    index += 6
                    scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                }
                guard scalar != 0, let decoded = Unicode.Scalar(scalar) else { return false }
                for byte in UTF8.encode(decoded).unsafelyUnwrappedOrEmpty { text.append(byte) }
            default: text.append(kind)
            }
        }
        return true
    }

    private static func codeUnit(_ content: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
        guard index + 4 <= content.count else { return nil }
        var unit: UInt32 = 0
        for offset in 0..<4 {
            let byte = unsafe content[index + offset]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - 48
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - 87
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - 55
            default: return nil
            }
            unit = unit << 4 | UInt32(value)
        }
        return unit
    }
}

extension Optional where Wrapped == UTF8.EncodedScalar {
    /// The bytes; none for a scalar that cannot be encoded, which no Unicode scalar is.
    fileprivate var unsafelyUnwrappedOrEmpty: UTF8.EncodedScalar { self ?? UTF8.EncodedScalar() }
}
