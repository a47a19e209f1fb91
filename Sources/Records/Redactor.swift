#if canImport(Glibc)
    import Glibc
#endif

/// Takes out of documents and texts what nobody may see, before anything else reads them.
///
/// Keys are compared decoded, and every one that an object repeats is met. A rule above another one wins; of two rules for the
/// same values the one wins that leaves less: exclude, then hash, then the mask that keeps less. What no rule is for stays as
/// it is, byte by byte.
///
/// Source: RFC 8259.
@safe public struct Redactor: ~Copyable {
    private let tree: RedactionTree
    private let hash: KeyedHash
    private var input = ByteBuffer()
    private var scratch = ByteBuffer()
    private var open: [Open] = []
    /// Up to where the input is written or taken out.
    private var done = 0

    /// An object or array in which rules have something to do.
    private struct Open {
        let node: Int
        let isArray: Bool
        /// The place of the present element.
        var index = 0
        /// Whether a member stays.
        var hasMember = false
        /// From where on the text is taken out with the present member.
        var cut: Int
    }

    /// Prepares for rules.
    ///
    /// - Parameters:
    ///   - rules: the rules.
    ///   - key: the secret key of hashes, of 32 bytes or more.
    public init(rules: [RedactionRule], key: [UInt8]) {
        tree = RedactionTree(rules)
        hash = KeyedHash(key: key)
        open.reserveCapacity(tree.depth)
    }

    /// Redacts a document.
    ///
    /// - Parameters:
    ///   - json: the document's text.
    ///   - text: what the redacted one is appended to.
    /// - Throws: `RecordError` when the text is no JSON; then nothing is appended.
    public mutating func redact(_ json: RawSpan, into text: inout ByteBuffer) throws(RecordError) {
        input.removeAll(keepingAtMost: 1 << 20)
        input.append(json)
        input.append(0)
        open.removeAll(keepingCapacity: true)
        done = 0
        let start = text.count
        var scanner = unsafe JSONScanner(start: UnsafePointer(input.base), count: json.byteCount)
        do {
            unsafe try walk(&scanner, &text)
        } catch {
            text.truncate(to: start)
            throw error
        }
        unsafe text.append(start: input.base + done, count: json.byteCount - done)
    }

    /// Redacts a text that is no JSON, such as a text column's, as a string of the same text in a document is redacted.
    ///
    /// - Parameters:
    ///   - plain: the text, in UTF-8.
    ///   - action: a hash or a mask; what is excluded has no text.
    ///   - text: what the redacted text is appended to.
    public mutating func redact(text plain: RawSpan, _ action: RedactionRule.Action, into text: inout ByteBuffer) {
        unsafe plain.withUnsafeBytes { bytes in
            switch action {
            case .exclude: break
            case .hash: unsafe hash.append(bytes, to: &text)
            case .mask(let keep):
                let kept = unsafe Self.appendStars(bytes, keep: keep, to: &text)
                unsafe text.append(start: kept.baseAddress, count: kept.count)
            }
        }
    }

    // MARK: - A document

    private mutating func walk(_ scanner: inout JSONScanner, _ text: inout ByteBuffer) throws(RecordError) {
        // The node of the present value; -1 for none.
        var child = 0
        unsafe scanner.space()
        while true {
            var isTakenOut = false
            if child < 0 {
                unsafe try scanner.value()
            } else if tree.nodes[child].action != .none {
                isTakenOut = unsafe try act(&scanner, child, &text)
            } else if let inner = self.inner(unsafe scanner.byte, of: child) {
                unsafe scanner.place += 1
                var frame = Open(node: child, isArray: inner, cut: unsafe scanner.place - scanner.start)
                unsafe scanner.space()
                if unsafe scanner.byte != (inner ? UInt8(ascii: "]") : UInt8(ascii: "}")) {
                    child = unsafe try next(in: &frame, &scanner)
                    open.append(frame)
                    continue
                }
                unsafe scanner.place += 1
            } else {
                unsafe try scanner.value()
            }
            // Behind the value: what was opened may end here.
            while true {
                unsafe scanner.space()
                guard !open.isEmpty else {
                    guard unsafe scanner.place == scanner.end else { throw unsafe scanner.fail("the document's end") }
                    return
                }
                let last = open.count - 1
                if !isTakenOut { open[last].hasMember = true }
                if unsafe scanner.byte == UInt8(ascii: ",") { break }
                guard unsafe scanner.byte == (open[last].isArray ? UInt8(ascii: "]") : UInt8(ascii: "}")) else {
                    throw unsafe scanner.fail(
                        open[last].isArray ? "a comma or the array's end" : "a comma or the object's end")
                }
                unsafe scanner.place += 1
                open.removeLast()
                isTakenOut = false
            }
            let last = open.count - 1
            let comma = unsafe scanner.place - scanner.start
            unsafe scanner.place += 1
            unsafe scanner.space()
            if open[last].hasMember {
                open[last].cut = comma
            } else {
                // All members before it were taken out, so the comma goes too.
                done = unsafe scanner.place - scanner.start
            }
            var frame = open[last]
            child = unsafe try next(in: &frame, &scanner)
            open[last].index = frame.index
        }
    }

    /// Whether rules have something to do in an array (true) or object (false) that begins with a byte; nil for neither.
    @inline(__always)
    private func inner(_ byte: UInt8, of node: Int) -> Bool? {
        if byte == UInt8(ascii: "{"), tree.nodes[node].firstKey != 0 { return false }
        if byte == UInt8(ascii: "["), tree.nodes[node].hasElements { return true }
        return nil
    }

    /// The node of the next value, the place at a member's key or at an element; -1 for none.
    @inline(__always)
    private mutating func next(in frame: inout Open, _ scanner: inout JSONScanner) throws(RecordError) -> Int {
        guard frame.isArray else {
            let key = unsafe try scanner.key()
            return unsafe node(of: key, in: frame.node)
        }
        let place = frame.index
        frame.index &+= 1
        var next = tree.nodes[frame.node].firstPlace
        while next != 0 {
            if tree.nodes[next].place == place { return next }
            next = tree.nodes[next].next
        }
        return tree.nodes[frame.node].each == 0 ? -1 : tree.nodes[frame.node].each
    }

    /// The node that a key leads to; -1 for none.
    @inline(__always)
    private mutating func node(of slice: JSONScanner.StringSlice, in object: Int) -> Int {
        var (key, count) = unsafe (slice.start, slice.count)
        if unsafe slice.hasEscape {
            scratch.removeAll()
            unsafe scratch.appendDecoded(slice)
            unsafe (key, count) = (UnsafePointer(scratch.base), scratch.count)
        }
        var next = tree.nodes[object].firstKey
        while next != 0 {
            let range = tree.nodes[next].key
            if range.count == count,
                unsafe tree.keys.withUnsafeBytes({ bytes in
                    unsafe count == 0 || memcmp(bytes.baseAddress.unsafelyUnwrapped + range.lowerBound, key, count) == 0
                })
            {
                return next
            }
            next = tree.nodes[next].next
        }
        return -1
    }

    /// Steps over a value that a rule is for and writes what stands in its place.
    ///
    /// - Returns: whether it was taken out with its key.
    private mutating func act(
        _ scanner: inout JSONScanner, _ node: Int, _ text: inout ByteBuffer
    ) throws(RecordError) -> Bool {
        let start = unsafe scanner.place - scanner.start
        let value = unsafe try Flattener.Value(at: &scanner)
        let action = tree.nodes[node].action
        if action == .exclude, let frame = open.last, !frame.isArray {
            take(upTo: frame.cut, &text)
            done = unsafe scanner.place - scanner.start
            return true
        }
        if unsafe value.kind == .null { return false }
        take(upTo: start, &text)
        done = unsafe scanner.place - scanner.start
        switch action {
        case .exclude: text.append("null")
        case .hash:
            text.append(UInt8(ascii: "\""))
            unsafe hash.append(plain(value), to: &text)
            text.append(UInt8(ascii: "\""))
        case .mask:
            text.append(UInt8(ascii: "\""))
            if unsafe value.kind == .object || value.kind == .array {
                text.append("***")
            } else {
                let kept = unsafe Self.appendStars(plain(value), keep: tree.nodes[node].keep, to: &text)
                if let start = kept.baseAddress {
                    unsafe JSONText.appendEscapedAll(
                        start.assumingMemoryBound(to: UInt8.self), kept.count, to: &text)
                }
            }
            text.append(UInt8(ascii: "\""))
        case .none: break
        }
        return false
    }

    /// Writes what stands before a place and is not written yet.
    @inline(__always)
    private mutating func take(upTo place: Int, _ text: inout ByteBuffer) {
        guard place > done else { return }
        unsafe text.append(start: input.base + done, count: place - done)
        done = place
    }

    /// What is hashed or masked of a value: a string's text, or the text of another one on one line.
    private mutating func plain(_ value: Flattener.Value) -> UnsafeRawBufferPointer {
        switch unsafe value.kind {
        case .string where unsafe !value.hasEscape:
            return unsafe UnsafeRawBufferPointer(start: value.start + 1, count: value.count - 2)
        case .string:
            scratch.removeAll(keepingAtMost: 1 << 20)
            unsafe scratch.appendDecoded(
                JSONScanner.StringSlice(start: value.start + 1, count: value.count - 2, hasEscape: true))
        case .object, .array:
            scratch.removeAll(keepingAtMost: 1 << 20)
            unsafe JSONText.appendSqueezed(UnsafeBufferPointer(start: value.start, count: value.count), to: &scratch)
        default: return unsafe UnsafeRawBufferPointer(start: value.start, count: value.count)
        }
        return unsafe UnsafeRawBufferPointer(start: scratch.base, count: scratch.count)
    }

    // MARK: - A text

    /// Appends a `*` for each scalar of a text that a mask hides.
    ///
    /// - Returns: the rest of the text, which it shows.
    private static func appendStars(
        _ bytes: UnsafeRawBufferPointer, keep: Int, to text: inout ByteBuffer
    ) -> UnsafeRawBufferPointer {
        // A scalar has one byte that is no continuation.
        var scalars = 0
        for index in 0..<bytes.count where unsafe bytes[index] & 0xC0 != 0x80 { scalars += 1 }
        let hidden = scalars > keep ? scalars - keep : scalars
        text.reserve(hidden)
        unsafe memset(text.end, Int32(UInt8(ascii: "*")), hidden)
        unsafe text.advance(to: text.end + hidden)
        var rest = bytes.count
        var left = scalars - hidden
        while left > 0 {
            rest -= 1
            if unsafe bytes[rest] & 0xC0 != 0x80 { left -= 1 }
        }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[rest...])
    }
}
