/// Work on eight bytes at a time, in one word.
///
/// A test gives a word with a high bit where a byte passed it. The lowest such bit is right always; a higher one only says
/// that there may be more, since a subtraction borrows from the byte above. Source: "Hacker's Delight", 6-1.
enum Wide {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    /// Eight bytes, the first one lowest.
    @inline(__always)
    static func load(_ place: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self))
    }

    /// Four bytes, the first one lowest.
    @inline(__always)
    static func load4(_ place: UnsafePointer<UInt8>) -> UInt32 {
        unsafe UInt32(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt32.self))
    }

    /// Writes eight bytes.
    @inline(__always)
    static func store(_ word: UInt64, _ place: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    /// Writes four bytes.
    @inline(__always)
    static func store4(_ word: UInt32, _ place: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: UInt32.self)
    }

    /// The byte, eight times.
    @inline(__always)
    static func fill(_ byte: UInt8) -> UInt64 { ones &* UInt64(byte) }

    /// Bytes equal to the one that fills a pattern; without the final mask ``highs``.
    @inline(__always)
    static func equal(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
        let other = word ^ pattern
        return (other &- ones) & ~other
    }

    /// Quotes, backslashes and control characters: where a JSON string ends or needs an escape.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let control = (word &- fill(0x20)) & ~word
        return (control | equal(word, fill(UInt8(ascii: "\""))) | equal(word, fill(UInt8(ascii: "\\")))) & highs
    }

    /// Which of the eight bytes the lowest bit stands for.
    @inline(__always)
    static func firstIndex(_ found: UInt64) -> Int { found.trailingZeroBitCount >> 3 }

    /// Copies bytes in steps of sixteen: up to fifteen more are read and written, which both margins must allow.
    @inline(__always)
    static func copy(_ from: UnsafePointer<UInt8>, to: UnsafeMutablePointer<UInt8>, count: Int) {
        var done = 0
        repeat {
            let first = unsafe load(from + done)
            let second = unsafe load(from + done + 8)
            unsafe store(first, to + done)
            unsafe store(second, to + done + 8)
            done &+= 16
        } while done < count
    }
}
