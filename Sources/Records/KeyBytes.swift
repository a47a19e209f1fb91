/// A row's key as one string of bytes: for each of its columns eight bytes of length and the value, NULL as a length of -1.
///
/// So no two keys have the same bytes, and equal keys have them whatever format they were written in.
public enum KeyBytes {
    static let null: Int64 = -1

    /// The values in a key's bytes, as people read them.
    ///
    /// - Parameter key: a row's key as ``KeyReader`` gives it.
    /// - Returns: a text a column; nil is NULL, or a value that the column could not hold.
    public static func values(_ key: RawSpan) -> [String?] {
        var values: [String?] = []
        var offset = 0
        while offset + 8 <= key.byteCount {
            let length = Int64(littleEndian: unsafe key.unsafeLoadUnaligned(fromByteOffset: offset, as: Int64.self))
            offset += 8
            guard length >= 0, length <= Int64(key.byteCount - offset) else {
                values.append(nil)
                continue
            }
            let end = offset + Int(length)
            values.append(
                unsafe key.extracting(offset..<end).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
            offset = end
        }
        return values
    }
}

extension ByteBuffer {
    /// Begins a value of a key; its length is filled in by ``endKeyValue(from:)``.
    mutating func beginKeyValue() -> Int {
        let start = count
        append(UInt64(bitPattern: KeyBytes.null))
        return start
    }

    /// Ends a value of a key.
    ///
    /// - Parameter start: what ``beginKeyValue()`` gave.
    mutating func endKeyValue(from start: Int) {
        let length = UInt64(count - start - 8)
        unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: length.littleEndian, as: UInt64.self)
    }

    private mutating func append(_ word: UInt64) {
        reserve(8)
        unsafe UnsafeMutableRawPointer(base + count).storeBytes(of: word.littleEndian, as: UInt64.self)
        unsafe advance(to: end + 8)
    }
}
