#if canImport(Glibc)
    import Glibc
#endif

/// The paths of the present document that are not told apart any more: kept only so that a key which the document repeats
/// is found again.
struct OverflowPaths: ~Copyable {
    private struct Path {
        let hash: UInt64
        let start: Int
        let count: Int
        var slot: Int
        var entry: Range<Int>?
    }

    /// The pointer at the present value as an `_extra` entry begins, without its end: `,"/payload/a`.
    var pointer = ByteBuffer()
    private var paths: [Path] = []
    private var text = ByteBuffer()
    private var table = [Int32](repeating: -1, count: 64)
    private var present = 0

    /// Begins a document.
    mutating func removeAll() {
        pointer.removeAll()
        guard !paths.isEmpty else { return }
        for path in paths { table[path.slot] = -1 }
        paths.removeAll(keepingCapacity: true)
        text.removeAll()
    }

    /// Takes up the pointer. If the document had it before, what lies at it and below is taken out of `_extra`.
    mutating func meet(_ extra: inout ExtraObject) {
        var hash: UInt64 = UInt64(pointer.count)
        for index in 0..<pointer.count { hash = unsafe (hash ^ UInt64(pointer.base[index])) &* 0x100_0000_01B3 }
        hash ^= hash >> 32
        var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[slot] >= 0 {
            let index = Int(table[slot])
            let path = paths[index]
            if path.hash == hash, path.count == pointer.count,
                unsafe memcmp(text.base + path.start, pointer.base, path.count) == 0
            {
                present = index
                forget(index, &extra)
                return unsafe forget(below: pointer.base, pointer.count, &extra)
            }
            slot = (slot + 1) & (table.count - 1)
        }
        present = paths.count
        paths.append(Path(hash: hash, start: text.count, count: pointer.count, slot: slot, entry: nil))
        table[slot] = Int32(truncatingIfNeeded: present)
        unsafe text.append(start: pointer.base, count: pointer.count)
        if paths.count * 2 > table.count { enlarge() }
    }

    /// Notes the entry of the path met last.
    mutating func note(_ entry: Range<Int>) { paths[present].entry = entry }

    /// Takes what lies below a pointer out of `_extra`.
    mutating func forget(below pointer: UnsafePointer<UInt8>, _ count: Int, _ extra: inout ExtraObject) {
        for index in paths.indices where paths[index].entry != nil && paths[index].count > count {
            let path = unsafe text.base + paths[index].start
            if unsafe path[count] == UInt8(ascii: "/"), unsafe memcmp(path, pointer, count) == 0 {
                forget(index, &extra)
            }
        }
    }

    private mutating func forget(_ index: Int, _ extra: inout ExtraObject) {
        guard let entry = paths[index].entry else { return }
        extra.remove(entry)
        paths[index].entry = nil
    }

    private mutating func enlarge() {
        table = [Int32](repeating: -1, count: table.count * 2)
        for index in paths.indices {
            var slot = Int(truncatingIfNeeded: paths[index].hash) & (table.count - 1)
            while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = Int32(truncatingIfNeeded: index)
            paths[index].slot = slot
        }
    }
}
