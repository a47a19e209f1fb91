/// One row's `_extra`: what no column took, as a JSON object keyed by JSON Pointer.
///
/// `{"/payload/user/age":"x","/payload/tags":["a", "b"]}`; values stand as they were read. Source: RFC 6901.
public struct ExtraObject: ~Copyable {
    /// The entries, each with the comma before it.
    private var text = ByteBuffer()
    /// Entries taken out again, in any order.
    private var removed: [Range<Int>] = []
    private var count = 0

    /// Makes an empty one.
    public init() {}

    /// Whether it holds nothing.
    public var isEmpty: Bool { count == 0 }

    /// Adds a value.
    ///
    /// - Parameters:
    ///   - pointer: where it was found, such as `/payload/user/age`; to be added once.
    ///   - raw: its JSON text.
    public mutating func add(pointer: String, raw: RawSpan) {
        text.append(UInt8(ascii: ","))
        var pointer = pointer
        pointer.withUTF8 { unsafe JSONText.appendString($0.baseAddress, $0.count, to: &text) }
        text.append(UInt8(ascii: ":"))
        JSONText.appendOneLine(raw, to: &text)
        count += 1
    }

    /// Adds a value under a pointer that is written already: `,"/payload/a":`.
    ///
    /// - Returns: where the entry lies, for ``remove(_:)``.
    @inline(__always)
    mutating func add(
        prefix: UnsafePointer<UInt8>, _ prefixCount: Int, raw: UnsafePointer<UInt8>, _ rawCount: Int, squeezes: Bool
    ) -> Range<Int> {
        let start = text.count
        unsafe text.append(start: prefix, count: prefixCount)
        if squeezes {
            unsafe JSONText.appendSqueezed(UnsafeBufferPointer(start: raw, count: rawCount), to: &text)
        } else {
            unsafe text.append(start: raw, count: rawCount)
        }
        count &+= 1
        return unsafe Range(uncheckedBounds: (start, text.count))
    }

    /// Takes an entry out.
    mutating func remove(_ entry: Range<Int>) {
        removed.append(entry)
        count -= 1
    }

    /// Writes the object to the batch's last row and begins another.
    ///
    /// - Parameters:
    ///   - batch: the batch.
    ///   - column: the index of the column `_extra`.
    public mutating func finish(into batch: inout RowBatch, column: Int) {
        let start = batch.arena.count
        // The first entry's comma becomes the brace.
        if removed.isEmpty {
            unsafe batch.arena.append(start: text.base, count: text.count)
        } else {
            var next = 0
            for entry in removed.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                unsafe batch.arena.append(start: text.base + next, count: entry.lowerBound - next)
                next = entry.upperBound
            }
            unsafe batch.arena.append(start: text.base + next, count: text.count - next)
        }
        if batch.arena.count == start { batch.arena.append(UInt8(ascii: "{")) }
        unsafe batch.arena.base[start] = UInt8(ascii: "{")
        batch.arena.append(UInt8(ascii: "}"))
        batch.set(column, arenaFrom: start)
        removeAll()
    }

    /// Forgets what was added.
    public mutating func removeAll() {
        text.removeAll(keepingAtMost: 1 << 20)
        removed.removeAll(keepingCapacity: true)
        count = 0
    }
}
