extension Field {
    /// The number of bytes that `uuidText` appends.
    public static var uuidTextCapacity: Int { 36 }

    /// A `uuid` as 36 characters in lower case: `00112233-4455-6677-8899-aabbccddeeff`.
    public static func uuidText(_ field: RawSpan, to text: inout OutputSpan<UInt8>) throws(PostgresError) {
        guard field.byteCount == 16 else { throw malformed("uuid", field) }
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            let byte = unsafe field.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            text.append(hexDigit(byte >> 4))
            text.append(hexDigit(byte & 15))
        }
    }

    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }
}
