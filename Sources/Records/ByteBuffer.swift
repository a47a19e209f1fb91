#if canImport(Glibc)
    import Glibc
#endif

/// Bytes that grow: owned, not shared, and kept for the next batch.
///
/// Behind the bytes lies a margin of the buffer's own, which wide loads and stores may run into.
@safe public struct ByteBuffer: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// How many bytes there are.
    public private(set) var count = 0
    private var capacity: Int

    /// So many bytes may be read and written behind what was reserved.
    static let margin = 64

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: for how many bytes there is room at first, 0 or more.
    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        unsafe base = .allocate(capacity: self.capacity + Self.margin)
        // What a wide load finds behind the end is never trusted, but it should not be chance either.
        unsafe memset(base + self.capacity, 0, Self.margin)
    }

    deinit { unsafe base.deallocate() }

    /// The bytes.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe RawSpan(_unsafeStart: base, byteCount: count)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
    }

    /// The bytes, as elements.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The bytes as UTF-8 text, for messages.
    public var text: String { unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self) }

    /// Appends one byte.
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        unsafe base[count] = byte
        count &+= 1
    }

    /// Appends bytes.
    public mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends bytes.
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends a text that the program holds, in UTF-8.
    public mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(start: UnsafeRawPointer($0.baseAddress), count: $0.count) }
    }

    /// Appends what a body writes.
    ///
    /// - Parameters:
    ///   - addingCapacity: how many bytes the body may write at most, 0 or more.
    ///   - body: writes them. When it throws, nothing is appended.
    public mutating func append<Failure: Error>(
        addingCapacity: Int, _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(addingCapacity >= 0)
        reserve(addingCapacity)
        let free = unsafe UnsafeMutableBufferPointer(start: base + count, count: addingCapacity)
        var output = unsafe OutputSpan(buffer: free, initializedCount: 0)
        try body(&output)
        count += unsafe output.finalize(for: free)
    }

    /// Forgets the bytes and keeps the room.
    public mutating func removeAll() { count = 0 }

    /// Forgets the bytes, and gives back room beyond a limit: one huge value is no reason to hold on to it.
    mutating func removeAll(keepingAtMost limit: Int) {
        if capacity > limit { self = ByteBuffer() }
        count = 0
    }

    // MARK: - Inside the module: what the hot paths write with

    /// Makes room for more bytes; ``advance(to:)`` says how many were written.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if capacity &- count < extra { grow(by: extra) }
    }

    /// Where the next byte goes.
    var end: UnsafeMutablePointer<UInt8> {
        @inline(__always) get { unsafe base + count }
    }

    /// Takes up bytes that were written behind the end, within what was reserved.
    @inline(__always)
    mutating func advance(to end: UnsafeMutablePointer<UInt8>) {
        count = unsafe UnsafePointer(end) - UnsafePointer(base)
        assert(count <= capacity)
    }

    /// Makes room behind an end that is not taken up yet, and moves it along when the bytes move.
    @inline(__always)
    mutating func ensure(_ extra: Int, behind end: inout UnsafeMutablePointer<UInt8>) {
        if unsafe base + capacity - end < extra {
            unsafe advance(to: end)
            grow(by: extra)
            unsafe end = self.end
        }
    }

    /// Appends bytes by their address.
    @inline(__always)
    mutating func append(start: UnsafeRawPointer?, count extra: Int) {
        guard extra > 0, let start = unsafe start else { return }
        reserve(extra)
        unsafe memcpy(base + count, start, extra)
        count &+= extra
    }

    /// Keeps the first bytes only.
    mutating func truncate(to length: Int) { count = min(count, length) }

    @inline(never)
    private mutating func grow(by extra: Int) {
        let larger = max(capacity * 2, capacity + extra)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger + Self.margin)
        unsafe memcpy(fresh, base, count)
        unsafe memset(fresh + larger, 0, Self.margin)
        unsafe base.deallocate()
        unsafe base = fresh
        capacity = larger
    }
}
