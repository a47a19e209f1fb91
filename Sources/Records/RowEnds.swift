#if canImport(Glibc)
    import Glibc
#endif

/// Finds where rows end in text that a ``RowEncoder`` wrote.
struct RowEnds {
    private let isCSV: Bool
    /// Whether the text so far ends within quotes.
    private(set) var isInQuotes = false

    init(_ format: RowFormat) { if case .csv = format { isCSV = true } else { isCSV = false } }

    /// The LF that ends the row; nil when it is not in these bytes, which the next ones then follow.
    ///
    /// In CSV it is the first one outside of quotes. A quote within a value is written twice, so each quote means that the
    /// other side of one begins.
    mutating func next(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
        guard isCSV else {
            guard unsafe end > start, let found = unsafe memchr(start, 0x0A, end - start) else { return nil }
            return unsafe UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
        }
        var next = unsafe start
        while unsafe next < end {
            if isInQuotes {
                guard let quote = unsafe memchr(next, 0x22, end - next) else { return nil }
                unsafe next = UnsafePointer(quote.assumingMemoryBound(to: UInt8.self)) + 1
                isInQuotes = false
                continue
            }
            while unsafe end - next >= 8 {
                let word = unsafe Wide.load(next)
                let found =
                    (Wide.equal(word, Wide.fill(UInt8(ascii: "\""))) | Wide.equal(word, Wide.fill(0x0A))) & Wide.highs
                if found != 0 {
                    unsafe next += Wide.firstIndex(found)
                    break
                }
                unsafe next += 8
            }
            guard unsafe next < end else { return nil }
            if unsafe next.pointee == 0x0A { return unsafe next }
            isInQuotes = unsafe next.pointee == UInt8(ascii: "\"")
            unsafe next += 1
        }
        return nil
    }
}

extension RowFormat {
    /// The rows that stand at the beginning of a text and fit into so many bytes; one row at least, fitting or not.
    ///
    /// - Parameters:
    ///   - text: whole rows as a ``RowEncoder`` of this format wrote them.
    ///   - limit: in bytes.
    /// - Returns: how many rows they are, and their length in bytes; no rows when there is no line end.
    public func rows(in text: Span<UInt8>, within limit: Int) -> (rows: Int64, bytes: Int) {
        unsafe text.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return (0, 0) }
            let end = unsafe start + buffer.count
            var ends = RowEnds(self)
            var (rows, bytes): (Int64, Int) = (0, 0)
            while let rowEnd = unsafe ends.next(start + bytes, end) {
                let length = unsafe rowEnd + 1 - start
                if rows > 0, length > limit { break }
                (rows, bytes) = (rows + 1, length)
                if length >= limit { break }
            }
            return (rows, bytes)
        }
    }
}
