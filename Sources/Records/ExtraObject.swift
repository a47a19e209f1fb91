/// One row's `_extra`: what no column took, as a JSON object keyed by JSON Pointer.
public struct ExtraObject: ~Copyable {
    private struct Entry {
        var pointer: Range<Int>
        var end: Int
    }
    private var text = ByteBuffer()
    private var entries: [Entry] = []

    /// Makes an empty one.
    public init() {}

    /// Whether nothing has been added.
    public var isEmpty: Bool { entries.isEmpty }

    /// Adds a value.
    ///
    /// - Parameters:
    ///   - pointer: where it was found, such as `/payload/user/age`.
    ///   - raw: its JSON text.
    public mutating func add(pointer: String, raw: RawSpan) {
        var key = ByteBuffer()
        JSONText.appendString(Array(pointer.utf8), to: &key)
        unsafe key.bytes.withUnsafeBytes { key in
            unsafe raw.withUnsafeBytes { raw in
                unsafe add(quoted: key.bindMemory(to: UInt8.self), raw: raw.bindMemory(to: UInt8.self))
            }
        }
    }

    /// Adds a value under a pointer that is quoted and escaped already.
    mutating func add(quoted pointer: UnsafeBufferPointer<UInt8>, raw: UnsafeBufferPointer<UInt8>) {
        let start = text.count
        unsafe text.append(start: pointer.baseAddress, count: pointer.count)
        let key = start..<text.count
        text.append(UInt8(ascii: ":"))
        unsafe JSONText.appendOneLine(raw, to: &text)
        entries.append(Entry(pointer: key, end: text.count))
    }

    /// Removes the value under a pointer, for documents that repeat a key: the last one counts.
    mutating func remove(quoted pointer: UnsafeBufferPointer<UInt8>) {
        entries.removeAll { entry in
            guard entry.pointer.count == pointer.count else { return false }
            return (0..<pointer.count).allSatisfy { unsafe text.base[entry.pointer.lowerBound + $0] == pointer[$0] }
        }
    }

    /// Writes the object to the batch's last row and begins another.
    ///
    /// - Parameters:
    ///   - batch: the batch.
    ///   - column: the index of the column `_extra`.
    public mutating func finish(into batch: inout RowBatch, column: Int) {
        let start = batch.arena.count
        batch.arena.append(UInt8(ascii: "{"))
        for (index, entry) in entries.enumerated() {
            if index > 0 { batch.arena.append(UInt8(ascii: ",")) }
            unsafe batch.arena.append(
                start: text.base + entry.pointer.lowerBound, count: entry.end - entry.pointer.lowerBound)
        }
        batch.arena.append(UInt8(ascii: "}"))
        batch.set(column, arenaFrom: start)
        removeAll()
    }

    /// Forgets what was added.
    public mutating func removeAll() {
        text.removeAll()
        entries.removeAll(keepingCapacity: true)
    }
}

extension JSONText {
    /// Appends a text as a JSON string.
    static func appendString(_ utf8: [UInt8], to json: inout ByteBuffer) {
        unsafe utf8.withUnsafeBufferPointer { unsafe appendString($0, to: &json) }
    }
}
