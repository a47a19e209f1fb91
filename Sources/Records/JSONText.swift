/// JSON as it is written, byte by byte.
public enum JSONText {
    /// Appends a text as a JSON string, with the escapes that RFC 8259 asks for and no others.
    public static func appendString(_ utf8: RawSpan, to json: inout ByteBuffer) {
        unsafe utf8.withUnsafeBytes { bytes in
            let bytes = unsafe bytes.assumingMemoryBound(to: UInt8.self)
            unsafe appendString(bytes.baseAddress, bytes.count, to: &json)
        }
    }

    /// Appends valid JSON text; when line ends stand between its tokens, without the white space between tokens.
    public static func appendOneLine(_ text: RawSpan, to json: inout ByteBuffer) {
        unsafe text.withUnsafeBytes { bytes in
            let bytes = unsafe bytes.assumingMemoryBound(to: UInt8.self)
            if unsafe bytes.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
                unsafe appendSqueezed(bytes, to: &json)
            } else {
                unsafe json.append(start: UnsafeRawPointer(bytes.baseAddress), count: bytes.count)
            }
        }
    }

    /// Appends bytes as PostgreSQL writes them: `\x` and hexadecimal digits.
    public static func appendHexadecimal(_ bytes: RawSpan, to text: inout ByteBuffer) {
        text.append("\\x")
        text.reserve(bytes.byteCount * 2)
        var end = unsafe text.end
        for index in 0..<bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            unsafe end[0] = digit(byte >> 4)
            unsafe end[1] = digit(byte & 15)
            unsafe end += 2
        }
        unsafe text.advance(to: end)
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

    // MARK: - Inside the module

    @inline(__always)
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value &+ 48 : value &+ 87 }

    @inline(__always)
    static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- 48)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- 87)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- 55)
        default: nil
        }
    }

    /// The quoted form of a text.
    static func appendString(_ start: UnsafePointer<UInt8>?, _ count: Int, to json: inout ByteBuffer) {
        json.append(UInt8(ascii: "\""))
        if let start = unsafe start { unsafe appendEscaped(start, count, to: &json) }
        json.append(UInt8(ascii: "\""))
    }

    /// A text's content as it stands between quotes. Halves of surrogate pairs, which what is decoded may keep in three
    /// bytes each, become escapes again.
    static func appendEscapedAll(_ start: UnsafePointer<UInt8>, _ count: Int, to json: inout ByteBuffer) {
        var plain = 0
        var index = 0
        while index + 2 < count {
            guard unsafe start[index] == 0xED, unsafe start[index + 1] >= 0xA0 else {
                index += 1
                continue
            }
            unsafe appendEscaped(start + plain, index - plain, to: &json)
            let unit = unsafe 0xD000 | UInt16(start[index + 1] & 0x3F) << 6 | UInt16(start[index + 2] & 0x3F)
            json.append("\\u")
            for shift in [UInt16(12), 8, 4, 0] { json.append(digit(UInt8(unit >> shift & 15))) }
            index += 3
            plain = index
        }
        unsafe appendEscaped(start + plain, count - plain, to: &json)
    }

    /// A text's content as it stands between quotes, in blocks, so that room for the worst case stays small.
    static func appendEscaped(_ start: UnsafePointer<UInt8>, _ count: Int, to json: inout ByteBuffer) {
        var next = unsafe start
        let end = unsafe start + count
        while unsafe next < end {
            let blockEnd = unsafe next + min(end - next, 1_024)
            unsafe json.reserve((blockEnd - next) * 6)
            var out = unsafe json.end
            while unsafe next < blockEnd {
                if unsafe blockEnd - next >= 8 {
                    let word = unsafe Wide.load(next)
                    let found = Wide.special(word)
                    unsafe Wide.store(word, out)
                    let plain = found == 0 ? 8 : Wide.firstIndex(found)
                    unsafe next += plain
                    unsafe out += plain
                    if found == 0 { continue }
                }
                let byte = unsafe next.pointee
                unsafe next += 1
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    unsafe out += writeEscape(byte, out)
                } else {
                    unsafe out.pointee = byte
                    unsafe out += 1
                }
            }
            unsafe json.advance(to: out)
        }
    }

    /// Writes a byte's escape: 2 or 6 bytes.
    private static func writeEscape(_ byte: UInt8, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe out[0] = UInt8(ascii: "\\")
        let short: UInt8 =
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0A: UInt8(ascii: "n")
            case 0x0C: UInt8(ascii: "f")
            case 0x0D: UInt8(ascii: "r")
            default: 0
            }
        if short != 0 {
            unsafe out[1] = short
            return 2
        }
        unsafe out[1] = UInt8(ascii: "u")
        unsafe out[2] = 48
        unsafe out[3] = 48
        unsafe out[4] = digit(byte >> 4)
        unsafe out[5] = digit(byte & 15)
        return 6
    }

    /// Appends valid JSON text without the white space between its tokens; never longer than the text.
    static func appendSqueezed(_ text: UnsafeBufferPointer<UInt8>, to json: inout ByteBuffer) {
        json.reserve(text.count)
        var out = unsafe json.end
        var inString = false
        var index = 0
        while index < text.count {
            let byte = unsafe text[index]
            index += 1
            if inString {
                if byte == UInt8(ascii: "\\"), index < text.count {
                    unsafe out.pointee = byte
                    unsafe out[1] = text[index]
                    unsafe out += 2
                    index += 1
                    continue
                }
                inString = byte != UInt8(ascii: "\"")
            } else if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
                continue
            } else {
                inString = byte == UInt8(ascii: "\"")
            }
            unsafe out.pointee = byte
            unsafe out += 1
        }
        unsafe json.advance(to: out)
    }

    /// Writes a string's content with its escapes decoded; the scanner has checked them.
    ///
    /// - Parameters:
    ///   - start: the content, between the quotes.
    ///   - count: its length in bytes.
    ///   - out: takes at most as many bytes as the content has.
    ///   - keepsAll: whether halves of surrogate pairs and NUL, which no PostgreSQL text can hold, are written too (a half
    ///     in the three bytes that UTF-8 would give it), for keys that must be told apart.
    /// - Returns: the end of what was written; nil when the string holds what a text cannot.
    static func decode(
        _ start: UnsafePointer<UInt8>, _ count: Int, to out: UnsafeMutablePointer<UInt8>, keepsAll: Bool
    ) -> UnsafeMutablePointer<UInt8>? {
        var next = unsafe start
        var out = unsafe out
        let end = unsafe start + count
        while unsafe next < end {
            let byte = unsafe next.pointee
            unsafe next += 1
            guard byte == UInt8(ascii: "\\") else {
                unsafe out.pointee = byte
                unsafe out += 1
                continue
            }
            let kind = unsafe next.pointee
            unsafe next += 1
            var scalar: UInt32
            switch kind {
            case UInt8(ascii: "b"): scalar = 0x08
            case UInt8(ascii: "t"): scalar = 0x09
            case UInt8(ascii: "n"): scalar = 0x0A
            case UInt8(ascii: "f"): scalar = 0x0C
            case UInt8(ascii: "r"): scalar = 0x0D
            case UInt8(ascii: "u"):
                scalar = unsafe codeUnit(next)
                unsafe next += 4
                if scalar & 0xFC00 == 0xD800, unsafe end - next >= 6, unsafe next[0] == UInt8(ascii: "\\"),
                    unsafe next[1] == UInt8(ascii: "u")
                {
                    let low = unsafe codeUnit(next + 2)
                    if low & 0xFC00 == 0xDC00 {
                        scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                        unsafe next += 6
                    }
                }
                if !keepsAll, scalar == 0 || scalar & 0xFFFF_F800 == 0xD800 { return nil }
            default: scalar = UInt32(kind)
            }
            unsafe out += write(scalar, out)
        }
        return unsafe out
    }

    private static func codeUnit(_ digits: UnsafePointer<UInt8>) -> UInt32 {
        var unit: UInt32 = 0
        for index in 0..<4 { unit = unsafe unit << 4 | (hexadecimal(digits[index]) ?? 0) }
        return unit
    }

    /// Writes a scalar, or half of a surrogate pair, as UTF-8 lays it out.
    private static func write(_ scalar: UInt32, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | scalar >> shift & 0x3F) }
        switch scalar {
        case ..<0x80:
            unsafe out[0] = UInt8(scalar)
            return 1
        case ..<0x800:
            unsafe out[0] = UInt8(0xC0 | scalar >> 6)
            unsafe out[1] = tail(0)
            return 2
        case ..<0x1_0000:
            unsafe out[0] = UInt8(0xE0 | scalar >> 12)
            unsafe out[1] = tail(6)
            unsafe out[2] = tail(0)
            return 3
        default:
            unsafe out[0] = UInt8(0xF0 | scalar >> 18)
            unsafe out[1] = tail(12)
            unsafe out[2] = tail(6)
            unsafe out[3] = tail(0)
            return 4
        }
    }
}

extension ByteBuffer {
    /// Appends a key that the scanner has checked, decoded, with whatever no text can hold.
    mutating func appendDecoded(_ key: JSONScanner.StringSlice) {
        unsafe reserve(key.count)
        if let end = unsafe JSONText.decode(key.start, key.count, to: end, keepsAll: true) {
            unsafe advance(to: end)
        }
    }
}
