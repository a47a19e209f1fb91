#if canImport(Glibc)
    import Glibc
#endif

extension KeyReader {
    /// Finds the key's members in an object on one line, and looks no further than the last of them.
    mutating func findMembers(_ row: UnsafePointer<UInt8>, _ count: Int) throws {
        guard count >= 2, unsafe row[0] == UInt8(ascii: "{"), unsafe row[count - 1] == UInt8(ascii: "}") else {
            throw flaw("it is no JSON object")
        }
        let end = unsafe row + count - 1
        var next = unsafe row + 1
        var left = keys.count
        while left > 0, unsafe next < end {
            let key = unsafe memberIndex(next, end)
            if let key {
                unsafe next += keys[key].name.count
            } else {
                guard unsafe next.pointee == UInt8(ascii: "\"") else { throw flaw("a name is missing") }
                unsafe next = try stringEnd(next + 1, end).end
                guard unsafe next < end, unsafe next.pointee == UInt8(ascii: ":") else {
                    throw flaw("a name has no value")
                }
                unsafe next += 1
            }
            unsafe Self.skipSpace(&next, end)
            let value = unsafe next
            let isEscaped = unsafe try skipValue(&next, end)
            if let key {
                unsafe places[key] = Place(offset: value - row, length: next - value, isEscaped: isEscaped)
                left -= 1
            }
            unsafe Self.skipSpace(&next, end)
            guard unsafe next < end else { return }
            guard unsafe next.pointee == UInt8(ascii: ",") else { throw flaw("a value has no end") }
            unsafe next += 1
        }
    }

    /// Which key column's name stands here.
    private func memberIndex(_ next: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
        for index in keys.indices where places[index].length < 0 {
            let length = keys[index].name.count
            if unsafe end - next > length, unsafe memcmp(next, keys[index].name, length) == 0 { return index }
        }
        return nil
    }

    /// A document of the type `json` keeps the white space around it.
    @inline(__always)
    private static func skipSpace(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
        while unsafe next < end, unsafe next.pointee == 0x20 || next.pointee == 0x09 { unsafe next += 1 }
    }

    /// Goes behind a value.
    ///
    /// - Returns: whether it is a string with escapes.
    private func skipValue(_ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) throws -> Bool {
        guard unsafe next < end else { throw flaw("a value is missing") }
        switch unsafe next.pointee {
        case UInt8(ascii: "\""):
            let found = unsafe try stringEnd(next + 1, end)
            unsafe next = found.end
            return unsafe found.isEscaped
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var depth = 0
            repeat {
                guard unsafe next < end else { throw flaw("a value has no end") }
                let byte = unsafe next.pointee
                unsafe next += 1
                switch byte {
                case UInt8(ascii: "\""): unsafe next = try stringEnd(next, end).end
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
            } while depth > 0
        default:
            let start = unsafe next
            while unsafe next < end, unsafe next.pointee != UInt8(ascii: ",") && next.pointee > 0x20 {
                unsafe next += 1
            }
            guard unsafe next > start else { throw flaw("a value is missing") }
        }
        return false
    }

    /// Goes behind a string's closing quote; its escapes are checked, so that they can be decoded later.
    private func stringEnd(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) throws -> (end: UnsafePointer<UInt8>, isEscaped: Bool) {
        var next = unsafe start
        var isEscaped = false
        while true {
            while unsafe end - next >= 8 {
                let word = unsafe Wide.load(next)
                let found =
                    (Wide.equal(word, Wide.fill(UInt8(ascii: "\""))) | Wide.equal(word, Wide.fill(UInt8(ascii: "\\"))))
                    & Wide.highs
                if found != 0 {
                    unsafe next += Wide.firstIndex(found)
                    break
                }
                unsafe next += 8
            }
            guard unsafe next < end else { throw flaw("a string has no end") }
            switch unsafe next.pointee {
            case UInt8(ascii: "\""): return unsafe (next + 1, isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                unsafe next = try escapeEnd(next + 1, end)
            default: unsafe next += 1
            }
        }
    }

    private func escapeEnd(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) throws -> UnsafePointer<UInt8> {
        guard unsafe start < end else { throw flaw("a string has no end") }
        guard unsafe start.pointee == UInt8(ascii: "u") else { return unsafe start + 1 }
        guard unsafe end - start >= 5 else { throw flaw("an escape is cut short") }
        for index in 1...4 {
            guard unsafe JSONText.hexadecimal(start[index]) != nil else { throw flaw("an escape is malformed") }
        }
        return unsafe start + 5
    }

    /// Appends a member's value as the text that it stands for; JSON columns keep theirs.
    static func appendMember(
        _ place: Place, _ kind: ColumnKind, _ row: UnsafePointer<UInt8>, to key: inout ByteBuffer
    ) {
        let start = key.beginKeyValue()
        guard place.length >= 0 else { return }
        let value = unsafe row + place.offset
        if place.length == 4, unsafe memcmp(value, "null", 4) == 0 { return }
        if kind != .json, unsafe value.pointee == UInt8(ascii: "\"") {
            if place.isEscaped {
                key.reserve(place.length)
                let end = unsafe JSONText.decode(value + 1, place.length - 2, to: key.end, keepsAll: true)
                unsafe key.advance(to: end ?? key.end)
            } else {
                unsafe key.append(start: UnsafeRawPointer(value + 1), count: place.length - 2)
            }
        } else {
            unsafe key.append(start: UnsafeRawPointer(value), count: place.length)
        }
        key.endKeyValue(from: start)
    }
}
