#if canImport(Glibc)
    import Glibc
#endif

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
        text.reserve(bytes.byteCount * 2)
        unsafe bytes.withUnsafeBytes { bytes in
            for unsafebyte in unsafe bytes {
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
        while unsafe end - next >= 16 {
            let index = unsafe Wide.firstSpecial(Wide.block(next))
            unsafe next += index
            if index < 16 { return unsafe next - start }
        }
        if unsafe end - next >= 8 {
            let index = unsafe Wide.firstIndex(Wide.special(Wide.load(next)))
            unsafe next += index
            if index < 8 { return unsafe next - start }
        }
        while unsafe next < end {
            let byte = unsafe next.pointee
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            unsafe next += 1
        }
        return unsafe next - start
    }

    /// Appends the escape of a quote, a backslash or a control character.
    static func appendEscape(_ byte: UInt8, to json: inout ByteBuffer) {
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
        guard let start = text.baseAddress else { return }
        guard unsafe memchr(start, 0x0A, text.count) != nil || memchr(start, 0x0D, text.count) != nil else {
            return unsafe json.append(start: start, count: text.count)
        }
        // Line ends stand between tokens only: within strings they are escaped.
        json.reserve(text.count)
        for unsafebyte in unsafe text where byte != 0x0A && byte != 0x0D { json.append(byte) }
    }

    /// Appends a string's content with its escapes decoded.
    ///
    /// - Returns: false when it holds what no PostgreSQL text can: a NUL, or half of a surrogate pair; what was appended is
    ///   then to be dropped.
    static func appendDecoded(_ content: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) -> Bool {
        text.reserve(content.count)
        var index = 0
        while index < content.count {
            let plain = unsafe UnsafeBufferPointer(rebasing: content[index...])
            let count = unsafe plain.firstIndex(of: UInt8(ascii: "\\")) ?? plain.count
            unsafe text.append(start: plain.baseAddress, count: count)
            index += count + 2
            guard index <= content.count else { break }
            let kind = unsafe content[index - 1]
            switch kind {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "u"):
                guard let scalar = unsafe scalar(content, &index), scalar.value != 0 else { return false }
                append(scalar, to: &text)
            default: text.append(kind)
            }
        }
        return true
    }

    /// The scalar of a `\u` escape or a pair of them; the index is behind the first `u`, and then behind the last digit.
    private static func scalar(_ content: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
        guard let unit = unsafe codeUnit(content, index) else { return nil }
        index += 4
        guard (0xD800...0xDBFF).contains(unit) else { return Unicode.Scalar(unit) }
        guard index + 6 <= content.count, unsafe content[index] == UInt8(ascii: "\\"),
            unsafe content[index + 1] == UInt8(ascii: "u"), let low = unsafe codeUnit(content, index + 2),
            (0xDC00...0xDFFF).contains(low)
        else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout ByteBuffer) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { text.append(byte) }
    }

    private static func codeUnit(_ content: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt32? {
        guard index + 4 <= content.count else { return nil }
        var unit: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = unsafe hexadecimal(content[index + offset]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// The value of a hexadecimal digit.
    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - 55
        default: nil
        }
    }
}
