/// The paths whose values went to `_extra`, counted without allocating for a path that was met before.
///
/// The planned nodes of the key tree come first, under their own indexes; unplanned paths are added as they are met, up
/// to ``StrayPath/limit``. What comes after that, and what has a very long pointer, has a place only while the flattener
/// is below it.
struct StrayTable: ~Copyable {
    private struct Entry {
        var parent: Int
        /// Where the key and the pointer lie in ``text``.
        var key: Range<Int>
        var pointer: Range<Int>
        var unplanned: Int64 = 0
        var misfits: Int64 = 0
        var kinds: JSONKinds = []
        /// The document in which the path was met last.
        var document = 0
    }
    private var entries: [Entry] = []
    private var text = ByteBuffer()
    /// A hash table of the unplanned entries: open addressing, 0 for a free slot.
    private var slots = [Int32](repeating: 0, count: 1 << 12)
    private let limit: Int
    private var document = 0
    /// The pointers of the places beyond the limit that the flattener is below, in ``text``.
    private var overflow: [Range<Int>] = []
    /// The pointers beyond the limit that the present document has shown, if anybody asks.
    private var overflowSeen: Set<[UInt8]> = []
    private var others = StrayPath(pointer: StrayPath.others)

    /// Begins with the planned nodes.
    init(planned pointers: [[UInt8]]) {
        limit = pointers.count + StrayPath.limit
        for pointer in pointers {
            let start = text.count
            text.append(pointer)
            entries.append(Entry(parent: -1, key: 0..<0, pointer: start..<text.count))
        }
    }

    mutating func beginDocument() {
        document += 1
        if !overflow.isEmpty, let first = overflow.first {
            // The last document ended in an error.
            text.truncate(to: first.lowerBound)
            overflow.removeAll()
        }
        if !overflowSeen.isEmpty { overflowSeen.removeAll() }
    }

    // MARK: - Places

    /// The place of a key below a planned node or another place; ``leave(_:)`` gives it back.
    mutating func enter(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        guard parent < limit else { return unsafe overflowPlace(parent, key) }
        var slot = unsafe Self.hash(parent, key) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot])
            if entries[index].parent == parent, unsafe isKey(entries[index].key, key) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        guard entries.count < limit, entries[parent].pointer.count + key.count <= Pointer.longest else {
            return unsafe overflowPlace(parent, key)
        }
        let start = text.count
        unsafe text.append(start: key.baseAddress, count: key.count)
        let own = start..<text.count
        let pointer = unsafe appendPointer(parent, key)
        slots[slot] = Int32(entries.count)
        entries.append(Entry(parent: parent, key: own, pointer: pointer))
        return entries.count - 1
    }

    /// Ends the use of a place, the last one entered first.
    mutating func leave(_ place: Int) {
        if place >= limit, let last = overflow.popLast() { text.truncate(to: last.lowerBound) }
    }

    /// Whether the present document has shown the path before.
    mutating func isRepeated(_ place: Int) -> Bool {
        if place >= limit {
            let pointer = unsafe Array(pointer(place))
            return !overflowSeen.insert(pointer).inserted
        }
        defer { entries[place].document = document }
        return entries[place].document == document
    }

    /// The place's JSON Pointer, quoted and escaped for JSON; good until the next place is entered.
    @inline(__always)
    func pointer(_ place: Int) -> UnsafeBufferPointer<UInt8> {
        let range = place < limit ? entries[place].pointer : overflow[place - limit]
        return unsafe UnsafeBufferPointer(start: text.base + range.lowerBound, count: range.count)
    }

    private mutating func overflowPlace(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        overflow.append(unsafe appendPointer(parent, key))
        return limit + overflow.count - 1
    }

    /// Writes the pointer one key further and returns where it lies.
    private mutating func appendPointer(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        let start = text.count
        // The parent's lies in the same buffer, which may move when it grows.
        text.reserve(unsafe pointer(parent).count + key.count * 6 + 2)
        let parent = unsafe pointer(parent)
        unsafe text.append(start: parent.baseAddress, count: parent.count - 1)
        unsafe Pointer.appendStep(key, to: &text)
        return start..<text.count
    }

    private func isKey(_ own: Range<Int>, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard own.count == key.count, let start = key.baseAddress else { return own.count == key.count }
        return unsafe Wide.isEqual(text.base + own.lowerBound, start, key.count)
    }

    private static func hash(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        var hash = UInt64(truncatingIfNeeded: parent)
        for unsafebyte in unsafe key { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 29)
    }

    // MARK: - Counts

    /// Counts a value that went to `_extra`.
    mutating func count(_ place: Int, unplanned: Bool, _ kinds: JSONKinds) {
        if place < limit {
            entries[place].unplanned += unplanned ? 1 : 0
            entries[place].misfits += unplanned ? 0 : 1
            entries[place].kinds.formUnion(kinds)
        } else {
            others.unplanned += unplanned ? 1 : 0
            others.misfits += unplanned ? 0 : 1
            others.kinds.formUnion(kinds)
        }
    }

    /// What was counted, by pointer.
    var paths: [StrayPath] {
        var paths: [StrayPath] = []
        for (place, entry) in entries.enumerated() where entry.unplanned + entry.misfits > 0 {
            let pointer = unsafe Pointer.text(pointer(place))
            paths.append(
                StrayPath(
                    pointer: pointer, unplanned: entry.unplanned, misfits: entry.misfits, kinds: entry.kinds))
        }
        paths.sort { $0.pointer < $1.pointer }
        if others.unplanned + others.misfits > 0 { paths.append(others) }
        return paths
    }
}
