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

    /// The size so far, in bytes.
    var byteCount: Int { text.count }
    /// The most that a row's object may take, in bytes.
    static let byteLimit = 1 << 30

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

    /// Removes what lies at a pointer and below it, for documents that repeat a key: the last one counts.
    mutating func remove(at pointer: UnsafeBufferPointer<UInt8>) {
        guard !entries.isEmpty, let start = pointer.baseAddress else { return }
        // The closing quote of one and the slash before another's next step are where the pointers may differ.
        let count = pointer.count - 1
        let own = unsafe text.base
        entries.removeAll { entry in
            guard entry.pointer.count > count else { return false }
            let key = unsafe own + entry.pointer.lowerBound
            return unsafe (key[count] == UInt8(ascii: "\"") || key[count] == UInt8(ascii: "/"))
                && Wide.isEqual(key, start, count)
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
        text.removeAll(keepingAtMost: 1 << 20)
        entries.removeAll(keepingCapacity: true)
    }
}

extension JSONText {
    /// Appends a text as a JSON string.
    static func appendString(_ utf8: [UInt8], to json: inout ByteBuffer) {
        unsafe utf8.withUnsafeBufferPointer { unsafe appendString($0, to: &json) }
    }
}
