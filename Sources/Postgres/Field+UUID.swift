extension Field {
    /// The number of bytes that `uuidText` appends.
    public static var uuidTextCapacity: Int { 36 }

    /// A `uuid` as 36 characters in lower case: `00112233-4455-6677-8899-aabbccddeeff`.
    public static func uuidText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount == 16 else { throw malformed("uuid", field) }
        precondition(text.freeCapacity >= 36, "There is no room for a uuid's text.")
        func hex(_ word: Int) -> UInt64 {
            unsafe hexDigits(UInt32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 4 * word, as: UInt32.self)))
        }
        let words = (hex(0), hex(1), hex(2), hex(3))
        // Most tables have such a key: words are stored, not bytes.
        unsafe text.withUnsafeMutableBufferPointer { buffer, count in
            let start = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
            unsafe start.storeBytes(of: words.0.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe start.storeBytes(
                of: UInt32(truncatingIfNeeded: words.1 >> 32).bigEndian, toByteOffset: 9, as: UInt32.self)
            unsafe start.storeBytes(
                of: UInt32(truncatingIfNeeded: words.1).bigEndian, toByteOffset: 14, as: UInt32.self)
            unsafe start.storeBytes(
                of: UInt32(truncatingIfNeeded: words.2 >> 32).bigEndian, toByteOffset: 19, as: UInt32.self)
            unsafe start.storeBytes(
                of: UInt32(truncatingIfNeeded: words.2).bigEndian, toByteOffset: 24, as: UInt32.self)
            unsafe start.storeBytes(of: words.3.bigEndian, toByteOffset: 28, as: UInt64.self)
            for dash in [8, 13, 18, 23] { unsafe start[dash] = UInt8(ascii: "-") }
            count += 36
        }
    }

    /// The eight hexadecimal digits of a number as eight characters in one, the first in the highest byte.
    private static func hexDigits(_ number: UInt32) -> UInt64 {
        // Each half byte gets a byte of its own.
        var digits = UInt64(number)
        digits = (digits << 16 | digits) & 0x0000_FFFF_0000_FFFF
        digits = (digits << 8 | digits) & 0x00FF_00FF_00FF_00FF
        digits = (digits << 4 | digits) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        let letterOffset = UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* letterOffset
    }

    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}
