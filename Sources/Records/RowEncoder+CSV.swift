#if canImport(Glibc)
    import Glibc
#endif

extension RowEncoder {
    /// Appends rows as fields and delimiters.
    func encodeCSV(_ batch: borrowing RowBatch, _ rows: Span<Int32>, _ text: inout ByteBuffer) {
        let kinds = unsafe layout.kinds
        let columnCount = layout.columns.count
        let (states, slots, stride) = unsafe (batch.states, batch.slots, batch.stride)
        let arena = unsafe UnsafePointer(batch.arena.base)
        let fields = unsafe FieldWriter(layout)
        let (delimiter, null) = unsafe (layout.delimiter, layout.null)
        let (checksAll, endsInCRLF) = (layout.checksAll, layout.endsInCRLF)
        // No state at all when everything is quoted.
        let plainText = layout.quotesAll ? UInt8.max : RowBatch.CellState.plainText.rawValue
        var moments = MomentWriter()
        for index in rows.indices {
            let row = Int(rows[index])
            var end = unsafe text.end
            for column in 0..<columnCount {
                // The delimiter, and any field of a fixed length behind it.
                unsafe text.ensure(null.count &+ 48, behind: &end)
                if column > 0 {
                    unsafe end.pointee = delimiter
                    unsafe end += 1
                }
                let cell = column &* stride &+ row
                let state = unsafe states[cell]
                let slot = unsafe slots[cell]
                if RowBatch.CellState.isUnusual(state) {
                    if state == RowBatch.CellState.special.rawValue {
                        unsafe fields.text(arena + Int(slot >> 32), Int(slot & 0xFFFF_FFFF), &end, &text)
                    } else if unsafe null.count > 0 {
                        unsafe Self.copy(null.start, null.count, &end)
                    }
                    continue
                }
                let kind = unsafe kinds[column]
                let field = unsafe end - text.base
                switch kind {
                case .string where state == plainText:
                    unsafe fields.plainText(arena + Int(slot >> 32), Int(slot & 0xFFFF_FFFF), &end, &text)
                    continue
                case .string, .json:
                    unsafe fields.text(arena + Int(slot >> 32), Int(slot & 0xFFFF_FFFF), &end, &text)
                    continue
                case .number, .decimal, .uuid:
                    let count = Int(slot & 0xFFFF_FFFF)
                    unsafe text.ensure(count, behind: &end)
                    unsafe Self.copy(arena + Int(slot >> 32), count, &end)
                case .int64: unsafe end = NumberText.write(Int64(bitPattern: slot), end)
                case .bool: unsafe Self.writeBool(slot, &end)
                case .timestamp, .date: unsafe moments.write(slot, kind, &end)
                case .double:
                    unsafe text.advance(to: end)
                    NumberText.append(Double(bitPattern: slot), quotes: false, to: &text)
                    unsafe end = text.end
                case .bytes:
                    unsafe text.advance(to: end)
                    unsafe JSONText.appendHexadecimal(
                        RawSpan(
                            _unsafeStart: UnsafeRawPointer(arena + Int(slot >> 32)),
                            byteCount: Int(slot & 0xFFFF_FFFF)), to: &text)
                    unsafe end = text.end
                case .none, .quotedInt64: break
                }
                if checksAll { unsafe fields.check(from: field, &end, &text) }
            }
            unsafe text.ensure(2, behind: &end)
            if endsInCRLF {
                unsafe end.pointee = UInt8(ascii: "\r")
                unsafe end += 1
            }
            unsafe end.pointee = UInt8(ascii: "\n")
            unsafe text.advance(to: end + 1)
        }
    }
}

/// Writes text as CSV fields, quoted where they must be.
@unsafe struct FieldWriter {
    private let delimiter: UInt64
    private let null: RowEncoder.Layout.Key
    private let quotesAll: Bool

    init(_ layout: RowEncoder.Layout) {
        unsafe quotesAll = layout.quotesAll
        unsafe delimiter = Wide.fill(layout.delimiter)
        unsafe null = layout.null
    }

    /// Writes a text without quotes, backslashes and control characters: only the delimiter can make it need quotes.
    @inline(__always)
    func plainText(
        _ start: UnsafePointer<UInt8>, _ count: Int, _ end: inout UnsafeMutablePointer<UInt8>,
        _ text: inout ByteBuffer
    ) {
        unsafe text.ensure(count &+ 2, behind: &end)
        var done = 0
        repeat {
            let word = unsafe Wide.load(start + done)
            unsafe Wide.store(word, end + done)
            let found = unsafe Wide.equal(word, delimiter) & Wide.highs
            if found != 0 {
                if done &+ Wide.firstIndex(found) < count { return unsafe quoted(start, count, &end, &text) }
                break
            }
            done &+= 8
        } while done < count
        if unsafe count == 0 || count == null.count && isNull(start) { return unsafe quoted(start, count, &end, &text) }
        unsafe end += count
    }

    /// Writes any text.
    func text(
        _ start: UnsafePointer<UInt8>, _ count: Int, _ end: inout UnsafeMutablePointer<UInt8>,
        _ text: inout ByteBuffer
    ) {
        if unsafe needsQuotes(start, count) { return unsafe quoted(start, count, &end, &text) }
        unsafe text.ensure(count, behind: &end)
        unsafe RowEncoder.copy(start, count, &end)
    }

    /// Quotes a field of another kind that was written already, if it must be.
    @inline(never)
    func check(from field: Int, _ end: inout UnsafeMutablePointer<UInt8>, _ text: inout ByteBuffer) {
        let count = unsafe end - text.base - field
        guard unsafe needsQuotes(UnsafePointer(text.base + field), count) else { return }
        // Such fields hold no quotes.
        unsafe text.ensure(2, behind: &end)
        unsafe memmove(text.base + field + 1, text.base + field, count)
        unsafe text.base[field] = UInt8(ascii: "\"")
        unsafe end[1] = UInt8(ascii: "\"")
        unsafe end += 2
    }

    private func isNull(_ start: UnsafePointer<UInt8>) -> Bool { unsafe memcmp(start, null.start, null.count) == 0 }

    @inline(__always)
    private func needsQuotes(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        if unsafe quotesAll || count == 0 || count == null.count && isNull(start) { return true }
        if count == 2, unsafe start[0] == UInt8(ascii: "\\"), unsafe start[1] == UInt8(ascii: ".") { return true }
        var done = 0
        repeat {
            let word = unsafe Wide.load(start + done)
            let breaks = Wide.equal(word, Wide.fill(0x0A)) | Wide.equal(word, Wide.fill(0x0D))
            let found =
                unsafe (breaks | Wide.equal(word, Wide.fill(UInt8(ascii: "\""))) | Wide.equal(word, delimiter))
                & Wide.highs
            if found != 0 { return done &+ Wide.firstIndex(found) < count }
            done &+= 8
        } while done < count
        return false
    }

    /// Writes a field in quotes, its own quotes doubled.
    @inline(never)
    private func quoted(
        _ start: UnsafePointer<UInt8>, _ count: Int, _ end: inout UnsafeMutablePointer<UInt8>,
        _ text: inout ByteBuffer
    ) {
        unsafe end.pointee = UInt8(ascii: "\"")
        unsafe end += 1
        var next = unsafe start
        let last = unsafe start + count
        while unsafe next < last {
            // In blocks, so that room for the worst case stays small.
            let blockEnd = unsafe next + min(last - next, 1_024)
            unsafe text.ensure(2_048 + 32, behind: &end)
            while unsafe blockEnd - next >= 8 {
                let word = unsafe Wide.load(next)
                unsafe next += 8
                if Wide.equal(word, Wide.fill(UInt8(ascii: "\""))) & Wide.highs == 0 {
                    unsafe Wide.store(word, end)
                    unsafe end += 8
                } else {
                    for index in 0..<8 {
                        unsafe Self.double(UInt8(truncatingIfNeeded: word >> UInt64(index * 8)), &end)
                    }
                }
            }
            while unsafe next < blockEnd {
                unsafe Self.double(next.pointee, &end)
                unsafe next += 1
            }
        }
        unsafe text.ensure(2, behind: &end)
        unsafe end.pointee = UInt8(ascii: "\"")
        unsafe end += 1
    }
    /// Writes a byte, a quote twice; no branch, since quotes come where nobody expects them.
    @inline(__always)
    private static func double(_ byte: UInt8, _ end: inout UnsafeMutablePointer<UInt8>) {
        unsafe end[0] = byte
        unsafe end[1] = byte
        unsafe end += byte == UInt8(ascii: "\"") ? 2 : 1
    }
}
