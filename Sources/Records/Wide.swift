#if canImport(Glibc)
    import Glibc
#endif

/// Tests and copies of eight and sixteen bytes at once.
enum Wide {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    // MARK: - Eight bytes in one word
    // The lowest bit found is right always; higher ones only say that there may be more.

    @inline(__always)
    static func load(_ start: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UInt64(littleEndian: UnsafeRawPointer(start).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let other = word ^ (ones &* UInt64(byte))
        return (other &- ones) & ~other & highs
    }

    /// Quotes, backslashes, control characters: where JSON's strings end or need an escape.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let control = (word &- ones &* 0x20) & ~word & highs
        return control | equal(word, UInt8(ascii: "\"")) | equal(word, UInt8(ascii: "\\"))
    }

    /// Which of the eight bytes the lowest bit stands for; 8 for no bit.
    @inline(__always)
    static func firstIndex(_ found: UInt64) -> Int { found.trailingZeroBitCount >> 3 }

    // MARK: - Sixteen bytes

    typealias Block = SIMD16<UInt8>

    @inline(__always)
    static func block(_ start: UnsafePointer<UInt8>) -> Block {
        unsafe UnsafeRawPointer(start).loadUnaligned(as: Block.self)
    }

    /// As ``special(_:)-(UInt64)``: the index of the first such byte; 16 for none.
    @inline(__always)
    static func firstSpecial(_ block: Block) -> Int {
        let quotes = block .== Block(repeating: UInt8(ascii: "\""))
        let backslashes = block .== Block(repeating: UInt8(ascii: "\\"))
        let controls = block .< Block(repeating: 0x20)
        return firstIndex(quotes .| backslashes .| controls)
    }

    /// The index of the first lane that is set; 16 for none.
    @inline(__always)
    static func firstIndex(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
        let halves = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
        let low = UInt64(littleEndian: halves[0])
        return low != 0 ? firstIndex(low) : 8 + firstIndex(UInt64(littleEndian: halves[1]))
    }

    // MARK: - Short runs, for which a call of the C library costs more than the work

    /// Copies bytes that do not overlap.
    @inline(__always)
    static func copy(_ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>) {
        let from = unsafe UnsafeRawPointer(source)
        let into = UnsafeMutableRawPointer(target)
        if count > 32 {
            unsafe memcpy(into, from, count)
        } else if count >= 16 {
            let head = unsafe from.loadUnaligned(as: Block.self)
            let tail = unsafe from.loadUnaligned(fromByteOffset: count &- 16, as: Block.self)
            unsafe into.storeBytes(of: head, as: Block.self)
            unsafe into.storeBytes(of: tail, toByteOffset: count &- 16, as: Block.self)
        } else if count >= 8 {
            let head = unsafe from.loadUnaligned(as: UInt64.self)
            let tail = unsafe from.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            unsafe into.storeBytes(of: head, as: UInt64.self)
            unsafe into.storeBytes(of: tail, toByteOffset: count &- 8, as: UInt64.self)
        } else if count >= 4 {
            let head = unsafe from.loadUnaligned(as: UInt32.self)
            let tail = unsafe from.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
            unsafe into.storeBytes(of: head, as: UInt32.self)
            unsafe into.storeBytes(of: tail, toByteOffset: count &- 4, as: UInt32.self)
        } else if count > 0 {
            let middle = unsafe source[count >> 1]
            let last = unsafe source[count &- 1]
            unsafe target[0] = source[0]
            unsafe target[count >> 1] = middle
            unsafe target[count &- 1] = last
        }
    }

    /// Whether two runs of bytes are the same.
    @inline(__always)
    static func isEqual(_ one: UnsafePointer<UInt8>, _ other: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        if count >= 8 {
            if count > 32 { return unsafe memcmp(one, other, count) == 0 }
            var index = 0
            while index &+ 8 < count {
                if unsafe load(one + index) != load(other + index) { return false }
                index &+= 8
            }
            return unsafe load(one + (count &- 8)) == load(other + (count &- 8))
        }
        if count >= 4 {
            let left = unsafe UnsafeRawPointer(one)
            let right = unsafe UnsafeRawPointer(other)
            return unsafe left.loadUnaligned(as: UInt32.self) == right.loadUnaligned(as: UInt32.self)
                && left.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
                    == right.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
        }
        for index in 0..<count where unsafe one[index] != other[index] { return false }
        return true
    }
}
