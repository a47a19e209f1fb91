#if canImport(Glibc)
    import Glibc
#endif

/// The paths whose values went to `_extra`, counted without allocating for a path that was met before.
///
/// The planned nodes of the key tree come first, under their own indexes; unplanned paths are added as they are met, each
/// in its parent's list, up to ``StrayPath/limit``. What comes after that has a place for the present document only.
struct StrayTable {
    private struct Entry {
        var key: [UInt8] = []
        var pointer: [UInt8]
        var unplanned: Int64 = 0
        var misfits: Int64 = 0
        var kinds: JSONKinds = []
        var firstChild = -1
        var nextSibling = -1
    }
    private var entries: [Entry]
    private let limit: Int
    private var overflow: [[UInt8]] = []
    private var others = StrayPath(pointer: StrayPath.others)

    /// Begins with the planned nodes.
    init(planned: Int, pointers: [[UInt8]]) {
        entries = pointers.map { Entry(pointer: $0) }
        limit = planned + StrayPath.limit
    }

    /// Forgets the places beyond the limit, which are the last document's.
    mutating func beginDocument() {
        if !overflow.isEmpty { overflow.removeAll() }
    }

    /// The place of a key below a planned node or another place.
    mutating func place(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        guard parent < limit else { return unsafe overflowPlace(parent, key) }
        var child = entries[parent].firstChild
        while child >= 0 {
            if unsafe isKey(child, key) { return child }
            child = entries[child].nextSibling
        }
        guard entries.count < limit else { return unsafe overflowPlace(parent, key) }
        let bytes = unsafe Array(key)
        var entry = Entry(key: bytes, pointer: Pointer.step(entries[parent].pointer, bytes))
        entry.nextSibling = entries[parent].firstChild
        entries.append(entry)
        entries[parent].firstChild = entries.count - 1
        return entries.count - 1
    }

    private func isKey(_ index: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard entries[index].key.count == key.count else { return false }
        guard let start = key.baseAddress else { return true }
        return unsafe entries[index].key.withUnsafeBufferPointer { own in
            unsafe own.baseAddress.map { unsafe memcmp($0, start, key.count) == 0 } ?? true
        }
    }

    private mutating func overflowPlace(_ parent: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        overflow.append(Pointer.step(pointer(parent), unsafe Array(key)))
        return limit + overflow.count - 1
    }

    private func pointer(_ place: Int) -> [UInt8] {
        place < limit ? entries[place].pointer : overflow[place - limit]
    }

    /// The place's JSON Pointer, quoted and escaped for JSON.
    @inline(__always)
    func withPointer(_ place: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        if place < limit {
            unsafe entries[place].pointer.withUnsafeBufferPointer(body)
        } else {
            unsafe overflow[place - limit].withUnsafeBufferPointer(body)
        }
    }

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
        var paths = entries.filter { $0.unplanned + $0.misfits > 0 }.map { entry in
            StrayPath(
                pointer: Pointer.text(entry.pointer), unplanned: entry.unplanned, misfits: entry.misfits,
                kinds: entry.kinds)
        }
        paths.sort { $0.pointer < $1.pointer }
        if others.unplanned + others.misfits > 0 { paths.append(others) }
        return paths
    }
}

extension Pointer {
    /// A pointer as text, without its quotes and JSON's escapes.
    static func text(_ quoted: [UInt8]) -> String {
        var text = ByteBuffer()
        unsafe quoted.withUnsafeBufferPointer {
            _ = unsafe JSONText.appendDecoded(UnsafeBufferPointer(rebasing: $0.dropFirst().dropLast()), to: &text)
        }
        return unsafe text.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
