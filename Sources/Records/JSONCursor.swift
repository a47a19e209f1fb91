/// A place in a JSON text: moves over it without allocating, and never past its end.
///
/// It trusts the grammar no further than it needs to find where a value ends: PostgreSQL has checked the text.
/// Source: RFC 8259.
@unsafe struct JSONCursor {
    private let start: UnsafePointer<UInt8>
    private(set) var place: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    /// A string's content, between its quotes.
    @unsafe struct StringSlice {
        let start: UnsafePointer<UInt8>
        let count: Int
        let hasEscape: Bool
    }

    init(_ text: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; the cursor then stands at its own end.
        let base = unsafe text.bindMemory(to: UInt8.self)
        unsafe start = unsafe base.baseAddress ?? Self.nowhere
        unsafe place = unsafe start
        unsafe end = unsafe start + base.count
    }

    private nonisolated(unsafe) static let nowhere = unsafe UnsafePointer(UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

    var isAtEnd: Bool { unsafe place == end }

    @inline(__always)
    func fail(_ expected: String) -> RecordError { unsafe RecordError(offset: place - start, expected: expected) }

    /// The next byte that is not white space, which stays; 0 at the end.
    @inline(__always)
    mutating func peek() -> UInt8 {
        while unsafe place < end {
            let byte = unsafe place.pointee
            if byte > 0x20 { return byte }
            if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 { return byte }
            unsafe place += 1
        }
        return 0
    }

    /// Steps over the byte that was peeked at.
    @inline(__always)
    mutating func step() { unsafe place += 1 }

    /// Steps over a byte that must come next.
    @inline(__always)
    mutating func expect(_ byte: UInt8, _ name: StaticString) throws(RecordError) {
        guard unsafe peek() == byte, unsafe place < end else { throw unsafe fail("\(name)") }
        unsafe place += 1
    }

    /// Steps over a string, the cursor at its opening quote.
    @inline(__always)
    mutating func string() throws(RecordError) -> StringSlice {
        unsafe place += 1
        let content = unsafe place
        var hasEscape = false
        while true {
            // Eight bytes at a time: none of them a quote, a backslash or a control character.
            while unsafe end - place >= 8 {
                let word = unsafe UnsafeRawPointer(place).loadUnaligned(as: UInt64.self)
                let found = Wide.special(word)
                if found != 0 {
                    unsafe place += Wide.firstIndex(found)
                    break
                }
                unsafe place += 8
            }
            guard unsafe place < end else { throw unsafe fail("a string's closing quote") }
            let byte = unsafe place.pointee
            if byte == UInt8(ascii: "\"") {
                let slice = unsafe StringSlice(start: content, count: place - content, hasEscape: hasEscape)
                unsafe place += 1
                return unsafe slice
            }
            if byte == UInt8(ascii: "\\") {
                hasEscape = true
                guard unsafe end - place >= 2 else { throw unsafe fail("an escaped character") }
                unsafe place += 2
            } else if byte < 0x20 {
                throw unsafe fail("a string without raw control characters")
            } else {
                unsafe place += 1
            }
        }
    }

    /// Steps over a number or a word such as `true`, the cursor at its first byte.
    @inline(__always)
    mutating func scalar() throws(RecordError) -> UnsafeBufferPointer<UInt8> {
        let first = unsafe place
        while unsafe place < end {
            switch unsafe place.pointee {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
                unsafe place += 1
                continue
            default: break
            }
            break
        }
        guard unsafe place > first else { throw unsafe fail("a value") }
        return unsafe UnsafeBufferPointer(start: first, count: place - first)
    }

    /// Steps over a value of any kind, however deep, and returns its text.
    mutating func value() throws(RecordError) -> UnsafeBufferPointer<UInt8> {
        let byte = unsafe peek()
        let first = unsafe place
        switch byte {
        case UInt8(ascii: "\""): _ = unsafe try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): unsafe try container()
        default: _ = unsafe try scalar()
        }
        return unsafe UnsafeBufferPointer(start: first, count: place - first)
    }

    /// Steps over an object or array: counts what opens and closes, strings apart.
    private mutating func container() throws(RecordError) {
        var depth = 0
        while unsafe place < end {
            switch unsafe place.pointee {
            case UInt8(ascii: "\""):
                _ = unsafe try string()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    unsafe place += 1
                    return
                }
            default: break
            }
            unsafe place += 1
        }
        throw unsafe fail("the end of an object or array")
    }
}

/// Tests on eight bytes in one word. The lowest bit found is right always; higher ones only say that there may be more.
enum Wide {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

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

    /// Which of the eight bytes the lowest bit stands for.
    @inline(__always)
    static func firstIndex(_ found: UInt64) -> Int { found.trailingZeroBitCount >> 3 }
}
