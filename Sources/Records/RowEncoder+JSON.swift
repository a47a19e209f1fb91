#if canImport(Glibc)
    import Glibc
#endif

extension RowEncoder {
    /// Appends rows as one JSON object a line.
    func encodeJSON(_ batch: borrowing RowBatch, _ rows: Span<Int32>, _ text: inout ByteBuffer) {
        let (kinds, keys) = unsafe (layout.kinds, layout.keys)
        let columnCount = layout.columns.count
        let (states, slots, stride) = unsafe (batch.states, batch.slots, batch.stride)
        let arena = unsafe UnsafePointer(batch.arena.base)
        let omitted = layout.omitted
        var moments = MomentWriter()
        for index in rows.indices {
            let row = Int(rows[index])
            let start = text.count
            var end = unsafe text.end
            for column in 0..<columnCount {
                let cell = column &* stride &+ row
                let state = unsafe states[cell]
                if state <= omitted { continue }
                let key = unsafe keys[column]
                // The key, and any value of a fixed length behind it.
                unsafe text.ensure(key.count &+ 48, behind: &end)
                unsafe Self.copy(key.start, key.count, &end)
                let slot = unsafe slots[cell]
                if RowBatch.CellState.isUnusual(state) {
                    if state == RowBatch.CellState.special.rawValue {
                        unsafe text.advance(to: end)
                        unsafe JSONText.appendString(arena + Int(slot >> 32), Int(slot & 0xFFFF_FFFF), to: &text)
                        unsafe end = text.end
                    } else {
                        unsafe Wide.store4(0x6C6C_756E, end)
                        unsafe end += 4
                    }
                    continue
                }
                switch unsafe kinds[column] {
                case .string where state == RowBatch.CellState.plainText.rawValue, .uuid:
                    let count = Int(slot & 0xFFFF_FFFF)
                    unsafe text.ensure(count &+ 2, behind: &end)
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end += 1
                    unsafe Self.copy(arena + Int(slot >> 32), count, &end)
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end += 1
                case .string:
                    unsafe text.advance(to: end)
                    unsafe JSONText.appendString(arena + Int(slot >> 32), Int(slot & 0xFFFF_FFFF), to: &text)
                    unsafe end = text.end
                case .int64: unsafe end = NumberText.write(Int64(bitPattern: slot), end)
                case .quotedInt64:
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end = NumberText.write(Int64(bitPattern: slot), end + 1)
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end += 1
                case .number, .decimal, .json:
                    let count = Int(slot & 0xFFFF_FFFF)
                    unsafe text.ensure(count, behind: &end)
                    unsafe Self.copy(arena + Int(slot >> 32), count, &end)
                case .bool: unsafe Self.writeBool(slot, &end)
                case .timestamp, .date:
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end += 1
                    unsafe moments.write(slot, kinds[column], &end)
                    unsafe end.pointee = UInt8(ascii: "\"")
                    unsafe end += 1
                case .double:
                    unsafe text.advance(to: end)
                    NumberText.append(Double(bitPattern: slot), quotes: true, to: &text)
                    unsafe end = text.end
                case .bytes:
                    unsafe text.advance(to: end)
                    text.append("\"\\")
                    unsafe JSONText.appendHexadecimal(
                        RawSpan(
                            _unsafeStart: UnsafeRawPointer(arena + Int(slot >> 32)),
                            byteCount: Int(slot & 0xFFFF_FFFF)), to: &text)
                    text.append(UInt8(ascii: "\""))
                    unsafe end = text.end
                case .none: break
                }
            }
            unsafe text.ensure(3, behind: &end)
            // The first key's comma becomes the brace.
            if unsafe end == text.base + start { unsafe end += 1 }
            unsafe text.base[start] = UInt8(ascii: "{")
            unsafe end[0] = UInt8(ascii: "}")
            unsafe end[1] = UInt8(ascii: "\n")
            unsafe text.advance(to: end + 2)
        }
    }

    /// Copies bytes that have margins on both sides; there must be room.
    @inline(__always)
    static func copy(_ start: UnsafePointer<UInt8>, _ count: Int, _ end: inout UnsafeMutablePointer<UInt8>) {
        if count <= 64 { unsafe Wide.copy(start, to: end, count: count) } else { unsafe memcpy(end, start, count) }
        unsafe end += count
    }

    @inline(__always)
    static func writeBool(_ slot: UInt64, _ end: inout UnsafeMutablePointer<UInt8>) {
        // `true` and `fals`, then the e that only one of them needs.
        unsafe Wide.store4(slot != 0 ? 0x6575_7274 : 0x736C_6166, end)
        unsafe end[4] = UInt8(ascii: "e")
        unsafe end += slot != 0 ? 4 : 5
    }
}
