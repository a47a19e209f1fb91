/// A place in a JSON text: moves over it token by token, strictly by the grammar, without allocating.
///
/// The text ends in a byte 0 that is not part of it, and 16 bytes behind its end can be read. So no step has to look for
/// the end: the 0 belongs to no token.
///
/// Source: RFC 8259.
@unsafe struct JSONScanner {
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    /// Where the next byte is read.
    var place: UnsafePointer<UInt8>
    /// Whether a line end was met between tokens.
    var metLineEnd = false

    /// A string's content, between its quotes.
    @unsafe struct StringSlice {
        let start: UnsafePointer<UInt8>
        let count: Int
        let hasEscape: Bool
    }

    /// A number, with what its digits say.
    struct Number {
        var isNegative = false
        /// The digits before the point, modulo 2^64.
        var magnitude: UInt64 = 0
        /// How many digits stand before the point.
        var wholeDigits = 0
        /// How many stand behind it.
        var fractionDigits = 0
        var hasExponent = false

        /// The number, when it is a whole one of 64 bits in its one form, so that printing it gives the same text.
        @inline(__always)
        var int64: Int64? {
            guard fractionDigits == 0, !hasExponent, wholeDigits <= 19 else { return nil }
            if isNegative {
                guard magnitude <= 1 << 63, magnitude != 0 else { return nil }
                return Int64(truncatingIfNeeded: 0 &- magnitude)
            }
            return magnitude < 1 << 63 ? Int64(truncatingIfNeeded: magnitude) : nil
        }
    }

    @inline(__always)
    init(start: UnsafePointer<UInt8>, count: Int) {
        unsafe self.start = start
        unsafe end = start + count
        unsafe place = start
    }

    /// The byte at the place; 0 at the end.
    @inline(__always)
    var byte: UInt8 { unsafe place.pointee }

    @inline(never)
    func fail(_ expected: StaticString) -> RecordError {
        let offset = unsafe min(place - start, end - start)
        return RecordError(offset: offset, expected: expected, found: unsafe place < end ? place.pointee : nil)
    }

    /// Steps over white space.
    @inline(__always)
    mutating func space() {
        if unsafe place.pointee > 0x20 { return }
        // jsonb's own text has one space, after commas and colons.
        if unsafe place.pointee == 0x20 {
            unsafe place += 1
            if unsafe place.pointee > 0x20 { return }
        }
        unsafe moreSpace()
    }

    @inline(never)
    private mutating func moreSpace() {
        while true {
            switch unsafe place.pointee {
            case 0x20, 0x09: break
            case 0x0A, 0x0D: unsafe metLineEnd = true
            default: return
            }
            unsafe place += 1
        }
    }

    /// Steps over a string, the place at its opening quote.
    @inline(__always)
    mutating func string() throws(RecordError) -> StringSlice {
        let content = unsafe place + 1
        var next = unsafe content
        while true {
            let found = unsafe Wide.special(Wide.load(next))
            if found != 0 {
                unsafe next += Wide.firstIndex(found)
                break
            }
            unsafe next += 8
        }
        if unsafe next.pointee == UInt8(ascii: "\"") {
            unsafe place = next + 1
            return unsafe StringSlice(start: content, count: next - content, hasEscape: false)
        }
        unsafe place = next
        unsafe try restOfString()
        return unsafe StringSlice(start: content, count: place - 1 - content, hasEscape: true)
    }

    /// Steps over the rest of a string, the place at its first escape.
    @inline(never)
    private mutating func restOfString() throws(RecordError) {
        while true {
            let found = unsafe Wide.special(Wide.load(place))
            guard found != 0 else {
                unsafe place += 8
                continue
            }
            unsafe place += Wide.firstIndex(found)
            switch unsafe place.pointee {
            case UInt8(ascii: "\""):
                unsafe place += 1
                return
            case UInt8(ascii: "\\"):
                unsafe place += 1
                unsafe try escape()
            default:
                throw unsafe place >= end
                    ? fail("a string's closing quote") : fail("an escape in place of a control character")
            }
        }
    }

    /// Steps over what follows a backslash.
    private mutating func escape() throws(RecordError) {
        switch unsafe place.pointee {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            unsafe place += 1
        case UInt8(ascii: "u"):
            unsafe place += 1
            for _ in 0..<4 {
                guard unsafe JSONText.hexadecimal(place.pointee) != nil else {
                    throw unsafe fail("a hexadecimal digit of an escape")
                }
                unsafe place += 1
            }
        default: throw unsafe fail("one of \"\\/bfnrtu after a backslash")
        }
    }

    /// Steps over a number, the place at its first byte, a minus or a digit.
    @inline(__always)
    mutating func number() throws(RecordError) -> Number {
        var number = Number()
        var next = unsafe place
        if unsafe next.pointee == UInt8(ascii: "-") {
            number.isNegative = true
            unsafe next += 1
        }
        let whole = unsafe next
        var digit = unsafe next.pointee &- 48
        if digit == 0 {
            unsafe next += 1
        } else {
            while digit <= 9 {
                number.magnitude = number.magnitude &* 10 &+ UInt64(digit)
                unsafe next += 1
                digit = unsafe next.pointee &- 48
            }
        }
        number.wholeDigits = unsafe next - whole
        unsafe place = next
        guard number.wholeDigits > 0 else { throw unsafe fail("a digit") }
        if unsafe next.pointee == UInt8(ascii: ".") {
            number.fractionDigits = unsafe try digits()
        }
        if unsafe place.pointee | 0x20 == UInt8(ascii: "e") {
            number.hasExponent = true
            let sign = unsafe place[1]
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { unsafe place += 1 }
            _ = unsafe try digits()
        }
        return number
    }

    /// Steps over the byte at the place and the digits behind it, at least one.
    @inline(__always)
    private mutating func digits() throws(RecordError) -> Int {
        let first = unsafe place + 1
        unsafe place = first
        while unsafe place.pointee &- 48 <= 9 { unsafe place += 1 }
        guard unsafe place > first else { throw unsafe fail("a digit") }
        return unsafe place - first
    }

    /// Steps over `true`, `false` or `null`, the place at its first letter.
    @inline(__always)
    mutating func word() throws(RecordError) {
        let word = unsafe Wide.load4(place)
        switch word {
        case 0x6575_7274, 0x6C6C_756E: unsafe place += 4  // true, null
        case 0x736C_6166 where unsafe place[4] == UInt8(ascii: "e"): unsafe place += 5
        default: throw unsafe fail("a value")
        }
    }

    /// Steps over a value of any kind that begins at the place, however deep.
    mutating func value() throws(RecordError) {
        switch unsafe place.pointee {
        case UInt8(ascii: "\""): _ = unsafe try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): unsafe try container()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = unsafe try number()
        default: unsafe try word()
        }
    }

    /// Steps over an object's key and the colon, the place at the key's opening quote.
    @inline(__always)
    mutating func key() throws(RecordError) -> StringSlice {
        guard unsafe byte == UInt8(ascii: "\"") else { throw unsafe fail("a key in quotes") }
        let key = unsafe try string()
        unsafe space()
        guard unsafe byte == UInt8(ascii: ":") else { throw unsafe fail("a colon") }
        unsafe place += 1
        unsafe space()
        return unsafe key
    }

    /// Steps over an object or array, the place at its bracket. It keeps no call stack: what is open takes a bit a level.
    @inline(never)
    mutating func container() throws(RecordError) {
        var open = Nesting()
        var afterValue = false
        unsafe enter(&open, &afterValue)
        while true {
            if afterValue {
                if unsafe byte == UInt8(ascii: ",") {
                    unsafe place += 1
                    unsafe space()
                    afterValue = false
                    continue
                }
                guard unsafe byte == (open.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw unsafe open.isObject
                        ? fail("a comma or the object's end") : fail("a comma or the array's end")
                }
                unsafe place += 1
                open.leave()
                if open.depth == 0 { return }
                unsafe space()
                continue
            }
            if open.isObject { _ = unsafe try key() }
            switch unsafe byte {
            case UInt8(ascii: "\""): _ = unsafe try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                unsafe enter(&open, &afterValue)
                continue
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = unsafe try number()
            default: unsafe try word()
            }
            afterValue = true
            unsafe space()
        }
    }

    /// Steps over an opening bracket; an empty object or array is left at its end.
    @inline(__always)
    private mutating func enter(_ open: inout Nesting, _ afterValue: inout Bool) {
        let isObject = unsafe byte == UInt8(ascii: "{")
        open.enter(isObject: isObject)
        unsafe place += 1
        unsafe space()
        afterValue = unsafe byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }
}

/// The brackets that are open, one bit each; only beyond 64 levels is memory taken.
private struct Nesting {
    private(set) var depth = 0
    private var bits: UInt64 = 0
    private var outer: [UInt64] = []

    @inline(__always)
    var isObject: Bool { bits & 1 != 0 }

    @inline(__always)
    mutating func enter(isObject: Bool) {
        if depth & 63 == 0, depth > 0 { outer.append(bits) }
        bits = bits << 1 | (isObject ? 1 : 0)
        depth &+= 1
    }

    @inline(__always)
    mutating func leave() {
        bits >>= 1
        depth &-= 1
        if depth & 63 == 0, let last = outer.popLast() { bits = last }
    }
}
