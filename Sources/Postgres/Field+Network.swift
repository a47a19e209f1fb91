/// Network addresses: family, prefix length, whether it is a cidr, the address's length, the address.
/// Source: `network_send` in network.c, `pg_inet_net_ntop` in inet_net_ntop.c.
extension Field {
    /// The number of bytes that `inetText` appends at most.
    public static var inetTextCapacity: Int { 52 }

    /// An `inet` or `cidr`: "10.0.0.1", "10.0.0.0/8", "2001:db8::1/64"; a cidr always with its prefix length.
    public static func inetText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount >= 4 else { throw malformed("inet", field) }
        let family = unsafe field.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        let prefix = unsafe field.unsafeLoad(fromByteOffset: 1, as: UInt8.self)
        let isCIDR = unsafe field.unsafeLoad(fromByteOffset: 2, as: UInt8.self) != 0
        let length = unsafe Int(field.unsafeLoad(fromByteOffset: 3, as: UInt8.self))
        // PGSQL_AF_INET is AF_INET, PGSQL_AF_INET6 is one more, on every system.
        guard field.byteCount == 4 + length, family == 2 && length == 4 || family == 3 && length == 16,
            prefix <= 8 * length
        else { throw malformed("inet", field) }
        if family == 2 {
            appendIPv4(field, at: 4, to: &text)
        } else {
            appendIPv6(field, at: 4, to: &text)
        }
        if isCIDR || Int(prefix) != 8 * length {
            text.append(UInt8(ascii: "/"))
            appendNumber(prefix, to: &text)
        }
    }

    private static func appendIPv4(_ field: RawSpan, at offset: Int, to text: inout OutputSpan<UInt8>) {
        for index in 0..<4 {
            if index > 0 { text.append(UInt8(ascii: ".")) }
            appendNumber(unsafe field.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self), to: &text)
        }
    }

    private static func appendNumber(_ value: UInt8, to text: inout OutputSpan<UInt8>) {
        appendDigits(Int(value), count: 1, to: &text)
    }

    private static func appendIPv6(_ field: RawSpan, at offset: Int, to text: inout OutputSpan<UInt8>) {
        func word(_ index: Int) -> UInt16 {
            unsafe UInt16(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: offset + 2 * index, as: UInt16.self))
        }
        // The longest run of two or more zero words, the first of equals, becomes "::".
        var best = (start: -1, length: 1)
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, word(end) == 0 { end += 1 }
            if end - start > best.length { best = (start, end - start) }
            start = end + 1
        }
        // An IPv4 address inside: "::1.2.3.4", "::ffff:1.2.3.4".
        let embedsIPv4 =
            best.start == 0
            && (best.length == 6 || best.length == 7 && word(7) != 1 || best.length == 5 && word(5) == 0xFFFF)
        var index = 0
        while index < 8 {
            if index == best.start {
                text.append(UInt8(ascii: ":"))
                index += best.length
                if index == 8 { text.append(UInt8(ascii: ":")) }
                continue
            }
            if index > 0 { text.append(UInt8(ascii: ":")) }
            if index == 6, embedsIPv4 { return appendIPv4(field, at: offset + 12, to: &text) }
            appendHex(word(index), to: &text)
            index += 1
        }
    }

    private static func appendHex(_ word: UInt16, to text: inout OutputSpan<UInt8>) {
        var shift = 12
        while shift > 0, word >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            text.append(hexDigit(UInt8(word >> shift & 15)))
            shift -= 4
        }
    }
}
