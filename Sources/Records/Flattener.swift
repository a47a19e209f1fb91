/// Takes JSON documents apart: values whose path is planned go to their columns, all others to `_extra`.
///
/// A value goes to its column only when it fits the column's type exactly; otherwise it goes to `_extra` as it is, is
/// counted as a misfit, and its cell stays missing. So the columns and `_extra` together rebuild the document. What fits:
///
/// - `string`: a string, decoded; not one with a NUL or half of a surrogate pair, which no text can hold.
/// - `int64`: a whole number in range, without fraction or exponent. `number`: any number, its digits as they are.
///   `decimal(p,s)`: a number that fits without rounding, without exponent. `double`: a number of at most 511 bytes that
///   is not too large.
/// - `bool`: `true` and `false`. `date`: `"2026-01-31"`. `timestamp`: ISO 8601 with a zone, at most six digits of a second.
///   `uuid`: 36 characters in lower case. `json`: anything. `bytes`: nothing.
///
/// `null` makes the cell NULL. An object is descended into where keys below it are planned; where none are, a `json` column
/// takes it whole, and else its members go to `_extra` one by one, down to `depth` and below pointers of at most 1,024
/// bytes. Arrays and empty objects are values. Of a key that a `json` document repeats the last counts.
public struct Flattener: ~Copyable {
    let tree: KeyTree
    private let depth: Int
    let keepsUnplanned: Bool
    let mayRepeatKeys: Bool
    var strayTable: StrayTable
    private var decoded = ByteBuffer()
    /// Objects are descended into by recursion, for which a thread's stack must suffice.
    static let deepest = 128

    /// Prepares for documents of one column.
    ///
    /// - Parameters:
    ///   - source: the table's column, the first step of every pointer.
    ///   - targets: the planned paths, each once; of at most 128 keys.
    ///   - depth: objects nested deeper than this are values, from 1 to 128; a document's own keys are at depth 1.
    ///   - keepsUnplanned: whether values that no column is planned for go to `_extra`; else they are passed over.
    ///   - mayRepeatKeys: whether an object may hold a key twice, as the type `json` allows and `jsonb` does not.
    public init(
        source: String, targets: [FlattenTarget], depth: Int, keepsUnplanned: Bool = true, mayRepeatKeys: Bool = false
    ) {
        precondition(targets.allSatisfy { $0.path.count <= Self.deepest && $0.column >= 0 })
        tree = KeyTree(source: source, targets: targets)
        self.depth = min(max(depth, 1), Self.deepest)
        self.keepsUnplanned = keepsUnplanned
        self.mayRepeatKeys = mayRepeatKeys
        strayTable = StrayTable(planned: tree.pointers)
    }

    /// The paths whose values went to `_extra` so far, by pointer.
    public var strays: [StrayPath] { strayTable.paths }

    /// Flattens a document into the batch's last row.
    ///
    /// - Parameters:
    ///   - json: the document's text.
    ///   - batch: the batch.
    ///   - extra: takes what no column takes.
    /// - Throws: `RecordError` when the text is no JSON, or when what goes to `_extra` passes 1 GiB; the row and `extra` are
    ///   then of no use.
    public mutating func flatten(
        _ json: RawSpan, into batch: inout RowBatch, extra: inout ExtraObject
    ) throws(RecordError) {
        strayTable.beginDocument()
        unsafe try json.withUnsafeBytes { (bytes) throws(RecordError) in
            guard var cursor = unsafe JSONCursor(bytes) else { throw RecordError(offset: 0, expected: "a value") }
            unsafe try member(&cursor, at: 0, level: 0, &batch, &extra)
            unsafe try cursor.finish()
        }
    }

    /// A value at a planned node; the cursor is before it.
    @inline(__always)
    private mutating func member(
        _ cursor: inout JSONCursor, at node: Int, level: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) throws(RecordError) {
        if mayRepeatKeys, strayTable.isRepeated(node) { forget(node, &batch, &extra) }
        let byte = unsafe cursor.peek()
        let kind = unsafe tree.nodes[node].kind
        if byte == UInt8(ascii: "\""), kind == .string {
            let string = unsafe try cursor.string()
            if unsafe !string.hasEscape {
                let column = unsafe Int(tree.nodes[node].column)
                return unsafe batch.set(column, .plainText, start: string.start, count: string.count)
            }
            return unsafe settle(string.quoted, at: node, &batch, &extra)
        }
        if byte == UInt8(ascii: "{"),
            unsafe tree.nodes[node].childCount > 0 || keepsUnplanned && kind != .json && level < depth
        {
            return unsafe try object(&cursor, at: node, level: level, &batch, &extra)
        }
        let value = unsafe try cursor.value()
        unsafe settle(value, at: node, &batch, &extra)
    }

    /// The members of an object at a planned node; the cursor is at its brace.
    private mutating func object(
        _ cursor: inout JSONCursor, at node: Int, level: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) throws(RecordError) {
        if unsafe cursor.skipEmptyObject() {
            return unsafe Self.emptyObject.withUnsafeBufferPointer { unsafe settle($0, at: node, &batch, &extra) }
        }
        var next = unsafe Int(tree.nodes[node].firstChild)
        let end = unsafe next + Int(tree.nodes[node].childCount)
        repeat {
            _ = unsafe cursor.peek()
            if unsafe next < end && tree.skip(next, &cursor) {
                unsafe try cursor.expect(UInt8(ascii: ":"), "a colon")
                unsafe try member(&cursor, at: next, level: level + 1, &batch, &extra)
                next += 1
                continue
            }
            let (key, isText) = unsafe try nextKey(&cursor)
            let child = unsafe isText ? tree.child(of: node, key, next: &next) : -1
            if child >= 0 {
                unsafe try member(&cursor, at: child, level: level + 1, &batch, &extra)
            } else {
                unsafe try unplanned(&cursor, parent: node, key, level: level + 1, &extra)
            }
        } while unsafe try cursor.nextMember()
    }

    /// A value that no column is planned for; the cursor is before it.
    ///
    /// - Parameter key: its key; not needed any more when the function returns.
    private mutating func unplanned(
        _ cursor: inout JSONCursor, parent: Int, _ key: UnsafeBufferPointer<UInt8>, level: Int,
        _ extra: inout ExtraObject
    ) throws(RecordError) {
        guard keepsUnplanned else {
            _ = unsafe try cursor.value()
            return
        }
        let place = unsafe strayTable.enter(parent, key)
        defer { strayTable.leave(place) }
        if mayRepeatKeys, strayTable.isRepeated(place) { unsafe extra.remove(at: strayTable.pointer(place)) }
        if unsafe cursor.peek() == UInt8(ascii: "{"), level < depth,
            unsafe strayTable.pointer(place).count <= Pointer.longest
        {
            if unsafe cursor.skipEmptyObject() {
                return unsafe Self.emptyObject.withUnsafeBufferPointer { unsafe stray($0, at: place, &extra) }
            }
            repeat {
                let (key, _) = unsafe try nextKey(&cursor)
                unsafe try unplanned(&cursor, parent: place, key, level: level + 1, &extra)
            } while unsafe try cursor.nextMember()
            return
        }
        let value = unsafe try cursor.value()
        unsafe stray(value, at: place, &extra)
        if extra.byteCount > ExtraObject.byteLimit { throw unsafe cursor.fail("a row with less than 1 GiB of _extra") }
    }

    private static let emptyObject = Array("{}".utf8)

    /// Steps over a key and its colon.
    ///
    /// - Returns: the key, decoded, which is good until the next one is read; and whether it is text: one with a NUL or half of
    ///   a surrogate pair is no planned one and stays as it is written.
    private mutating func nextKey(
        _ cursor: inout JSONCursor
    ) throws(RecordError) -> (UnsafeBufferPointer<UInt8>, isText: Bool) {
        let key = unsafe try cursor.key()
        guard unsafe key.hasEscape else { return unsafe (key.content, true) }
        decoded.removeAll()
        guard unsafe JSONText.appendDecoded(key.content, to: &decoded) else { return unsafe (key.content, false) }
        return unsafe (UnsafeBufferPointer(start: decoded.base, count: decoded.count), true)
    }
}
