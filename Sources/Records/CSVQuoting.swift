/// How CSV's fields are told apart from what ends them, from NULL, and from the end of PostgreSQL's data.
struct CSVQuoting {
    let delimiter: UInt8
    private let null: [UInt8]
    /// Whether numbers, times and the like may need quotes too: they could hold the delimiter or be the NULL marker.
    let checksAll: Bool

    init(_ options: CSVOptions) {
        delimiter = options.delimiter
        null = Array(options.null.utf8)
        let plain = Array("0123456789abcdefghijklmnopqrstuvwxyzTZ+-.:\\".utf8)
        checksAll = !null.isEmpty && null.allSatisfy { plain.contains($0) } || plain.contains(delimiter)
    }

    @inline(__always)
    func appendNull(to text: inout ByteBuffer) {
        if !null.isEmpty { text.append(null) }
    }

    /// Appends a field, in quotes when it needs them.
    @inline(__always)
    func append(_ value: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) {
        text.reserve(value.count)
        if let start = value.baseAddress, unsafe copyPlain(start, value.count, to: text.end),
            unsafe !isMarker(value)
        {
            text.advance(value.count)
        } else {
            unsafe appendQuoted(value, to: &text)
        }
    }

    /// Puts the last field in quotes when it needs them.
    func quoteIfNeeded(from start: Int, in text: inout ByteBuffer) {
        let field = unsafe Array(UnsafeBufferPointer(start: text.base + start, count: text.count - start))
        text.truncate(to: start)
        unsafe field.withUnsafeBufferPointer { unsafe append($0, to: &text) }
    }

    /// Whether a field, empty or without anything that must be quoted, would be taken for something else.
    @inline(__always)
    private func isMarker(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        guard value.count > 2 else { return unsafe isShortMarker(value) }
        return unsafe value.count == null.count && null.elementsEqual(value)
    }

    private func isShortMarker(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe value.isEmpty || null.elementsEqual(value)
            || value.count == 2 && value[0] == UInt8(ascii: "\\") && value[1] == UInt8(ascii: ".")
    }

    /// Copies a field while nothing in it needs quotes.
    ///
    /// - Returns: whether all of it was copied.
    @inline(__always)
    private func copyPlain(
        _ source: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        if count >= 16 {
            let into = UnsafeMutableRawPointer(target)
            var index = 0
            // The last block overlaps the one before it.
            while true {
                let block = unsafe Wide.block(source + index)
                unsafe into.storeBytes(of: block, toByteOffset: index, as: Wide.Block.self)
                let quotes = block .== Wide.Block(repeating: UInt8(ascii: "\""))
                let delimiters = block .== Wide.Block(repeating: delimiter)
                let lineFeeds = block .== Wide.Block(repeating: 0x0A)
                let returns = block .== Wide.Block(repeating: 0x0D)
                if Wide.firstIndex(quotes .| delimiters .| (lineFeeds .| returns)) < 16 { return false }
                if index &+ 16 == count { return true }
                index = min(index &+ 16, count &- 16)
            }
        }
        if count >= 8 {
            let head = unsafe Wide.load(source)
            let tail = unsafe Wide.load(source + (count &- 8))
            unsafe Wide.copy(source, count, to: target)
            return special(head) | special(tail) == 0
        }
        var found = false
        for index in 0..<count {
            let byte = unsafe source[index]
            unsafe target[index] = byte
            found = found || byte == UInt8(ascii: "\"") || byte == delimiter || byte == 0x0A || byte == 0x0D
        }
        return !found
    }

    @inline(__always)
    private func special(_ word: UInt64) -> UInt64 {
        Wide.equal(word, UInt8(ascii: "\"")) | Wide.equal(word, delimiter) | Wide.equal(word, 0x0A)
            | Wide.equal(word, 0x0D)
    }

    private func appendQuoted(_ value: UnsafeBufferPointer<UInt8>, to text: inout ByteBuffer) {
        text.append(UInt8(ascii: "\""))
        var rest = unsafe value
        while !rest.isEmpty {
            // By pieces, so that a huge value does not ask for room as if it were quotes only.
            let piece = unsafe UnsafeBufferPointer(rebasing: rest.prefix(1 << 12))
            unsafe rest = UnsafeBufferPointer(rebasing: rest[piece.count...])
            text.reserve(piece.count * 2)
            var target = unsafe text.end
            for unsafebyte in unsafe piece {
                // Without a branch: JSON text is full of quotes.
                unsafe target[0] = byte
                unsafe target[1] = byte
                unsafe target += byte == UInt8(ascii: "\"") ? 2 : 1
            }
            text.advance(unsafe target - text.end)
        }
        text.append(UInt8(ascii: "\""))
    }
}
