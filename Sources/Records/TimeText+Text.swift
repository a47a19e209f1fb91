extension TimeText {
    /// Reads a day or a moment as people write them: `2026-11-01`, `2026-11-01T06:00:00Z`.
    ///
    /// - Parameter text: a day is its first moment in UTC.
    /// - Returns: microseconds since 2000-01-01 UTC; nil for anything else.
    public static func moment(parsing text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            if let day = unsafe parseDate(bytes) { return day * microsecondsPerDay }
            return unsafe parseTimestamp(bytes)
        }
    }

    /// A moment as files have it: `2026-11-01T06:00:00.000000Z`.
    ///
    /// - Parameter microseconds: since 2000-01-01 UTC, within the years 1 to 9999.
    public static func text(_ microseconds: Int64) -> String {
        var text = ByteBuffer()
        text.append(addingCapacity: 27) { timestamp(microseconds, to: &$0) }
        return text.span.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
