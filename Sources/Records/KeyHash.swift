/// A hash of 128 bits that tells keys apart: SipHash-2-4 with the key 0, so that it is the same on every machine.
///
/// Two different keys among a trillion share a hash with a probability below 10^-14. It is no proof against somebody who
/// chooses keys to that end. Source: https://github.com/veorq/SipHash, `siphash.c`, output of 16 bytes.
public enum KeyHash {
    /// Hashes bytes.
    ///
    /// - Parameter bytes: the bytes; a row's key as ``KeyReader`` gives it.
    public static func hash(_ bytes: RawSpan) -> UInt128 { hash(bytes, key: (0, 0)) }

    static func hash(_ bytes: RawSpan, key: (UInt64, UInt64)) -> UInt128 {
        var state = State(key)
        let count = bytes.byteCount
        let whole = count & ~7
        var offset = 0
        while offset < whole {
            state.take(UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset &+= 8
        }
        var last = UInt64(truncatingIfNeeded: count) << 56
        while offset < count {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            last |= UInt64(byte) << UInt64((offset & 7) * 8)
            offset &+= 1
        }
        state.take(last)
        return state.finish()
    }

    /// The four words of the state.
    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(_ key: (UInt64, UInt64)) {
            v0 = key.0 ^ 0x736f_6d65_7073_6575
            v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
            v2 = key.0 ^ 0x6c79_6765_6e65_7261
            v3 = key.1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func take(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt128 {
            v2 ^= 0xee
            for _ in 0..<4 { round() }
            let low = v0 ^ v1 ^ v2 ^ v3
            v1 ^= 0xdd
            for _ in 0..<4 { round() }
            let high = v0 ^ v1 ^ v2 ^ v3
            return UInt128(high) << 64 | UInt128(low)
        }

        @inline(__always)
        private mutating func round() {
            v0 &+= v1
            v1 = Self.rotate(v1, 13) ^ v0
            v0 = Self.rotate(v0, 32)
            v2 &+= v3
            v3 = Self.rotate(v3, 16) ^ v2
            v0 &+= v3
            v3 = Self.rotate(v3, 21) ^ v0
            v2 &+= v1
            v1 = Self.rotate(v1, 17) ^ v2
            v2 = Self.rotate(v2, 32)
        }

        @inline(__always)
        private static func rotate(_ word: UInt64, _ by: UInt64) -> UInt64 { word &<< by | word &>> (64 &- by) }
    }
}

/// What a set of rows is known by, in whatever order they are read: their number, and the sum of their keys' hashes.
public struct KeyFingerprint: Hashable, Sendable {
    /// The rows.
    public var rows: Int64 = 0
    /// The sum of the hashes modulo 2^128.
    public var sum: UInt128 = 0

    /// The fingerprint of no rows.
    public init() {}

    /// Adds a row.
    ///
    /// - Parameter hash: its key's ``KeyHash``.
    public mutating func add(_ hash: UInt128) {
        rows &+= 1
        sum &+= hash
    }

    /// Adds the rows of another.
    public mutating func add(_ other: KeyFingerprint) {
        rows &+= other.rows
        sum &+= other.sum
    }

    /// The sum as 32 hexadecimal digits.
    public var hexadecimal: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
