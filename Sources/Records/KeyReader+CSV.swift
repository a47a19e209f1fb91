#if canImport(Glibc)
    import Glibc
#endif

extension KeyReader {
    /// Finds the key's fields in a row, and looks no further than the last of them.
    mutating func findFields(
        _ row: UnsafePointer<UInt8>, _ count: Int, delimiter: UInt8, null: String
    ) throws {
        let end = unsafe row + count
        var next = unsafe row
        var column = 0
        while column <= lastColumn {
            guard unsafe column == 0 || next <= end else { throw flaw("it has only \(column) fields") }
            let (place, isQuoted) = unsafe try field(row, &next, end, delimiter)
            for index in keys.indices where keys[index].column == column {
                places[index] = place
                if !isQuoted, unsafe Self.equals(row + place.offset, place.length, null) { places[index].length = -1 }
            }
            column += 1
            // Behind the last field there is no delimiter, and nothing to go on with.
            unsafe next += 1
        }
    }

    /// One field; `next` then stands on the delimiter behind it, or on the row's end.
    private func field(
        _ row: UnsafePointer<UInt8>, _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
        _ delimiter: UInt8
    ) throws -> (Place, isQuoted: Bool) {
        guard unsafe next < end, unsafe next.pointee == UInt8(ascii: "\"") else {
            let start = unsafe next
            let found = unsafe memchr(next, Int32(delimiter), end - next)
            unsafe next = found.map { unsafe UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) } ?? end
            return unsafe (Place(offset: start - row, length: next - start), false)
        }
        unsafe next += 1
        var place = unsafe Place(offset: next - row)
        while true {
            guard let quote = unsafe memchr(next, 0x22, end - next) else { throw flaw("a quote is not closed") }
            let closing = unsafe UnsafePointer(quote.assumingMemoryBound(to: UInt8.self))
            unsafe next = closing + 1
            guard unsafe next < end, unsafe next.pointee == UInt8(ascii: "\"") else {
                place.length = unsafe closing - row - place.offset
                break
            }
            place.isEscaped = true
            unsafe next += 1
        }
        guard unsafe next == end || next.pointee == delimiter else { throw flaw("something follows a closing quote") }
        return (place, true)
    }

    private static func equals(_ start: UnsafePointer<UInt8>, _ count: Int, _ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        var text = text
        return text.withUTF8 { other in
            guard let other = other.baseAddress else { return true }
            return unsafe memcmp(start, other, count) == 0
        }
    }

    /// Appends a field's value, doubled quotes made one.
    static func appendField(_ place: Place, _ row: UnsafePointer<UInt8>, to key: inout ByteBuffer) {
        let start = key.beginKeyValue()
        guard place.length >= 0 else { return }
        let value = unsafe row + place.offset
        if place.isEscaped {
            unsafe appendUnquoted(value, place.length, to: &key)
        } else {
            unsafe key.append(start: UnsafeRawPointer(value), count: place.length)
        }
        key.endKeyValue(from: start)
    }

    private static func appendUnquoted(_ value: UnsafePointer<UInt8>, _ count: Int, to text: inout ByteBuffer) {
        text.reserve(count)
        var end = unsafe text.end
        var index = 0
        while index < count {
            let byte = unsafe value[index]
            unsafe end.pointee = byte
            unsafe end += 1
            index += byte == UInt8(ascii: "\"") ? 2 : 1
        }
        unsafe text.advance(to: end)
    }

    /// Compares the header with the columns.
    mutating func checkHeader(_ row: UnsafePointer<UInt8>, _ count: Int) throws {
        var options = CSVOptions()
        if case .csv(let own) = format { options = own }
        options.header = true
        var expected = ByteBuffer()
        RowEncoder(format: .csv(options), columns: columns).encodeHeader(into: &expected)
        // The LF is no part of the row.
        guard expected.count == count + 1, unsafe memcmp(expected.base, row, count) == 0 else {
            throw RowFileError(row: 0, reason: "its header does not name the columns that the log says it has")
        }
    }
}
