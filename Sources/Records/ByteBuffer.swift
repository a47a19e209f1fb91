#if canImport(Glibc)
    import Glibc
#endif

/// Bytes that grow: owned, not shared, and kept for the next batch.
@safe public struct ByteBuffer: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// How many bytes there are.
    public private(set) var count = 0
    private var capacity: Int

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: for how many bytes there is room at first, 0 or more.
    public init(capacity: Int = 0) {
        self.capacity = max(capacity, 64)
        unsafe base = .allocate(capacity: self.capacity)
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

    /// Appends one byte.
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(by: 1) }
        unsafe base[count] = byte
        count &+= 1
    }

    /// Appends bytes.
    @inline(__always)
    public mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends bytes.
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append(start: $0.baseAddress, count: $0.count) }
    }

    /// Appends a text that the program holds.
    public mutating func append(_ text: StaticString) {
        unsafe append(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Appends what a body writes.
    ///
    /// - Parameters:
    ///   - addingCapacity: how many bytes the body may write at most.
    ///   - body: writes them.
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

    /// Forgets the bytes and keeps the room unless it is more than a limit: one huge value is no reason to hold on to it.
    mutating func removeAll(keepingAtMost limit: Int) {
        if capacity > limit { self = ByteBuffer() }
        count = 0
    }

    // MARK: - Inside the module: what the hot paths write with

    /// Makes room for more bytes and returns where they go; ``advance(_:)`` says how many were written.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(by: extra) }
    }

    /// Where the next byte goes.
    var end: UnsafeMutablePointer<UInt8> {
        @inline(__always) get { unsafe base + count }
    }

    /// Takes up bytes that were written behind the end, within what was reserved.
    @inline(__always)
    mutating func advance(_ written: Int) { count &+= written }

    /// Appends bytes by their address.
    @inline(__always)
    mutating func append(start: UnsafeRawPointer?, count extra: Int) {
        guard extra > 0, let start = unsafe start else { return }
        reserve(extra)
        unsafe Wide.copy(start.assumingMemoryBound(to: UInt8.self), extra, to: base + count)
        count &+= extra
    }

    /// Appends bytes between quotes, with no escapes.
    @inline(__always)
    mutating func appendInQuotes(_ bytes: UnsafeBufferPointer<UInt8>) {
        reserve(bytes.count + 2)
        let start = unsafe end
        unsafe start[0] = UInt8(ascii: "\"")
        if let source = bytes.baseAddress { unsafe Wide.copy(source, bytes.count, to: start + 1) }
        unsafe start[bytes.count &+ 1] = UInt8(ascii: "\"")
        advance(bytes.count &+ 2)
    }

    /// Keeps the first bytes only.
    mutating func truncate(to length: Int) { count = min(count, length) }

    @inline(never)
    private mutating func grow(by extra: Int) {
        let larger = max(capacity * 2, capacity + extra)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe memcpy(fresh, base, count)
        unsafe base.deallocate()
        unsafe base = fresh
        capacity = larger
    }
}
