/// A place in a JSON text: moves over it without allocating, and never past its end.
///
/// What it hands out is checked: strings, numbers and words. Within an array or object that is stepped over whole it
/// trusts the grammar no further than it needs to find the end: PostgreSQL has checked the text. Source: RFC 8259.
@unsafe struct JSONCursor {
    private let start: UnsafePointer<UInt8>
    private(set) var place: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    /// A string's content, between its quotes.
    @unsafe struct StringSlice {
        let start: UnsafePointer<UInt8>
        let count: Int
        let hasEscape: Bool

        var content: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: start, count: count) }
        /// With its quotes.
        var quoted: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: start - 1, count: count + 2) }
    }

    /// - Parameter text: the text; nil when it has no address, which only an empty one has.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let base = unsafe text.bindMemory(to: UInt8.self).baseAddress else { return nil }
        unsafe start = base
        unsafe place = base
        unsafe end = base + text.count
    }

    @inline(never)
    func fail(_ expected: StaticString) -> RecordError {
        unsafe RecordError(offset: place - start, expected: "\(expected)")
    }

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

    /// Steps over the byte that was peeked at, which was not 0.
    @inline(__always)
    mutating func step() { unsafe place += 1 }

    /// Steps over a byte that must come next.
    @inline(__always)
    mutating func expect(_ byte: UInt8, _ name: StaticString) throws(RecordError) {
        guard unsafe peek() == byte else { throw unsafe fail(name) }
        unsafe place += 1
    }

    /// Steps over what stands behind a value in an object.
    ///
    /// - Returns: whether another key follows.
    @inline(__always)
    mutating func nextMember() throws(RecordError) -> Bool {
        let byte = unsafe peek()
        guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else {
            throw unsafe fail("a comma or the object's end")
        }
        unsafe place += 1
        return byte == UInt8(ascii: ",")
    }

    /// Steps over an opening brace, and over the closing one if that follows.
    ///
    /// - Returns: whether it does.
    @inline(__always)
    mutating func skipEmptyObject() -> Bool {
        unsafe place += 1
        guard unsafe peek() == UInt8(ascii: "}") else { return false }
        unsafe place += 1
        return true
    }

    /// Makes sure that nothing follows but white space.
    mutating func finish() throws(RecordError) {
        _ = unsafe peek()
        guard unsafe place == end else { throw unsafe fail("the end of the document") }
    }

    /// Steps over a key if it is the expected one, which needs no escape; the cursor is before its quote.
    @inline(__always)
    mutating func skip(key: UnsafePointer<UInt8>, count: Int) -> Bool {
        guard unsafe end - place >= count &+ 2, unsafe place[0] == UInt8(ascii: "\""),
            unsafe place[count &+ 1] == UInt8(ascii: "\""), unsafe Wide.isEqual(place + 1, key, count)
        else { return false }
        unsafe place += count &+ 2
        return true
    }

    /// Steps over a key and its colon.
    mutating func key() throws(RecordError) -> StringSlice {
        guard unsafe peek() == UInt8(ascii: "\"") else { throw unsafe fail("a key") }
        let key = unsafe try string()
        unsafe try expect(UInt8(ascii: ":"), "a colon")
        return unsafe key
    }

    /// Steps over a string, the cursor at its opening quote.
    @inline(__always)
    mutating func string() throws(RecordError) -> StringSlice {
        unsafe place += 1
        let content = unsafe place
        if unsafe end - place >= 16 {
            // Most strings end within sixteen bytes, or within some more of them.
            let index = unsafe Wide.firstSpecial(Wide.block(place))
            unsafe place += index
            if index < 16, unsafe place.pointee == UInt8(ascii: "\"") {
                unsafe place += 1
                return unsafe StringSlice(start: content, count: index, hasEscape: false)
            }
        }
        return unsafe try restOfString(content)
    }

    /// Steps over the rest of a string, in front of which nothing is special.
    private mutating func restOfString(_ content: UnsafePointer<UInt8>) throws(RecordError) -> StringSlice {
        var hasEscape = false
        while true {
            unsafe place += JSONText.plainPrefix(place, end)
            guard unsafe place < end else { throw unsafe fail("a string's closing quote") }
            switch unsafe place.pointee {
            case UInt8(ascii: "\""):
                let count = unsafe place - content
                unsafe place += 1
                return unsafe StringSlice(start: content, count: count, hasEscape: hasEscape)
            case UInt8(ascii: "\\"):
                hasEscape = true
                unsafe try escape()
            default: throw unsafe fail("a string without raw control characters")
            }
        }
    }

    /// Steps over an escape.
    private mutating func escape() throws(RecordError) {
        unsafe place += 1
        var digits = 0
        switch unsafe place < end ? place.pointee : 0 {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        case UInt8(ascii: "u"): digits = 4
        default: throw unsafe fail("an escaped character")
        }
        unsafe place += 1
        for _ in 0..<digits {
            guard unsafe place < end, unsafe JSONText.hexadecimal(place.pointee) != nil else {
                throw unsafe fail("a hexadecimal digit")
            }
            unsafe place += 1
        }
    }

    /// Steps over a value of any kind, however deep, and returns its text.
    mutating func value() throws(RecordError) -> UnsafeBufferPointer<UInt8> {
        let byte = unsafe peek()
        let first = unsafe place
        switch byte {
        case UInt8(ascii: "\""): _ = unsafe try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): unsafe try container()
        case UInt8(ascii: "t"): unsafe try word("true")
        case UInt8(ascii: "f"): unsafe try word("false")
        case UInt8(ascii: "n"): unsafe try word("null")
        default: unsafe try number()
        }
        return unsafe UnsafeBufferPointer(start: first, count: place - first)
    }

    private mutating func word(_ word: StaticString) throws(RecordError) {
        let count = word.utf8CodeUnitCount
        guard unsafe end - place >= count, unsafe Wide.isEqual(place, word.utf8Start, count) else {
            throw unsafe fail("a value")
        }
        unsafe place += count
    }

    private mutating func number() throws(RecordError) {
        if unsafe place < end, unsafe place.pointee == UInt8(ascii: "-") { unsafe place += 1 }
        let isZero = unsafe place < end && place.pointee == UInt8(ascii: "0")
        let whole = unsafe digits()
        guard whole > 0 else { throw unsafe fail("a value") }
        guard !isZero || whole == 1 else { throw unsafe fail("a number without leading zeros") }
        if unsafe place < end, unsafe place.pointee == UInt8(ascii: ".") {
            unsafe place += 1
            guard unsafe digits() > 0 else { throw unsafe fail("a digit") }
        }
        if unsafe place < end, unsafe place.pointee | 0x20 == UInt8(ascii: "e") {
            unsafe place += 1
            if unsafe place < end, unsafe place.pointee == UInt8(ascii: "+") || place.pointee == UInt8(ascii: "-") {
                unsafe place += 1
            }
            guard unsafe digits() > 0 else { throw unsafe fail("a digit") }
        }
    }

    @inline(__always)
    private mutating func digits() -> Int {
        let first = unsafe place
        while unsafe place < end, unsafe place.pointee &- UInt8(ascii: "0") <= 9 { unsafe place += 1 }
        return unsafe place - first
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
