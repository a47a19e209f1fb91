/// Takes JSON documents apart: values whose path is planned go to their columns, all others to `_extra`.
///
/// A value goes to its column only when it fits the column's type exactly; otherwise it goes to `_extra` as it is, is
/// counted as a misfit, and its cell stays missing. So the columns and `_extra` together rebuild the document. What fits:
///
/// - `string`: a string, decoded; not one with a NUL or half of a surrogate pair, which no text can hold. Where the target
///   takes scalars, numbers and truth values too, as their text; `_extra` then keeps them as well.
/// - `int64`: a whole number in range, without fraction or exponent; `-0` is none. `number`: any number, its digits as they
///   are. `decimal(p,s)`: a number without exponent that fits without rounding, its digits as they are. `double`: a number
///   that is not too large, nor longer than 1,023 bytes; here alone digits may be lost.
/// - `bool`: `true` and `false`. `date`: `"2026-01-31"`. `timestamp`: ISO 8601 with a zone, at most six digits of a second,
///   of the years 1 to 9999. `uuid`: 36 characters in lower case. `json`: anything. `bytes`: nothing.
///
/// A path may lead into arrays, `items[0].id`. Its column then takes a copy, and the array goes where it would go without
/// it; a value that does not fit goes to `_extra` under a pointer of its own, `/payload/items/0/id`.
///
/// An array may also be planned as items: the elements are no part of the row then, but given by ``forEachElement(_:)``,
/// and a column has their number. `null` there makes the number NULL; what is neither goes to the path's own columns, or,
/// where it has none, is a misfit.
///
/// `null` at a planned column makes the cell NULL. An object is descended into where keys below it are planned; where none
/// are, a `json` column takes it whole; and where the path has no such column either, its members go to `_extra` one by
/// one, down to `depth`, so that they can get columns of their own. Arrays and empty objects are values. So is a document
/// that is no object. Where nothing unplanned is kept, an object that its column does not take is a misfit as a whole.
///
/// A key that an object repeats, as the type `json` allows: the last one counts, wherever the value of the earlier one had
/// gone; in objects that are taken whole both stay. The text's encoding is trusted: bytes from 128 on are passed on.
///
/// Source: RFC 8259, RFC 6901.
@safe public struct Flattener: ~Copyable {
    var trie: KeyTrie
    let keepsUnplanned: Bool
    private let mayRepeatKeys: Bool
    private let depth: Int
    private let lastColumn: Int
    private let frames: UnsafeMutablePointer<Frame>
    var overflow = OverflowPaths()
    var decodedKey = ByteBuffer()
    var itemArrays = ItemArrays()
    /// The number of the present document.
    var document: Int64 = 0

    /// An object that is open.
    private struct Frame {
        /// Its node.
        let node: Int32
        /// The node of the last key of the object around it; 0 for none.
        let previous: Int32
        /// The length of the pointer at it, when it is not told apart.
        let pointerLength: Int
    }

    /// Where the cells of a row lie.
    @unsafe struct Row {
        let states: UnsafeMutablePointer<UInt8>
        let slots: UnsafeMutablePointer<UInt64>
        let stride: Int
        let arena: UnsafePointer<UInt8>

        @inline(__always)
        func set(_ column: Int32, _ state: RowBatch.CellState, _ slot: UInt64) {
            let cell = unsafe Int(column) &* stride
            unsafe states[cell] = state.rawValue
            unsafe slots[cell] = slot
        }

        @inline(__always)
        func set(_ column: Int32, _ state: RowBatch.CellState, _ start: UnsafePointer<UInt8>, _ count: Int) {
            let offset = unsafe UInt64(truncatingIfNeeded: start - arena)
            unsafe set(column, state, offset << 32 | UInt64(truncatingIfNeeded: count))
        }
    }

    /// Prepares for documents of one column.
    ///
    /// - Parameters:
    ///   - source: the table's column, the first step of every pointer.
    ///   - below: further keys between it and the document, which pointers have next; for an array's elements those that
    ///     lead to the array.
    ///   - targets: the planned paths; where several have the same, each takes the value.
    ///   - items: the arrays whose elements become rows elsewhere, each of a path of its own; see ``forEachElement(_:)``.
    ///   - depth: objects nested deeper than this are values, from 1; a document's own keys are at depth 1.
    ///   - keepsUnplanned: whether values that no column is planned for go to `_extra`; else they are passed over.
    ///   - mayRepeatKeys: whether an object may hold a key twice, as the type `json` allows and `jsonb` does not; a little
    ///     work is saved where none can.
    public init(
        source: String, below: [String] = [], targets: [FlattenTarget], items: [ItemsTarget] = [], depth: Int,
        keepsUnplanned: Bool = true, mayRepeatKeys: Bool = true
    ) {
        trie = KeyTrie(source: [source] + below, targets: targets, items: items)
        self.depth = max(1, depth)
        self.keepsUnplanned = keepsUnplanned
        self.mayRepeatKeys = mayRepeatKeys
        let columns = targets.map(\.column) + items.map(\.count)
        lastColumn = columns.max() ?? -1
        precondition(columns.allSatisfy { $0 >= 0 })
        // Below what is planned each level makes the pointer longer, which has its limit.
        unsafe frames = .allocate(capacity: trie.plannedDepth + KeyTrie.longestPointer + 8)
    }

    deinit { unsafe frames.deallocate() }

    /// The paths whose values went to `_extra` so far, ordered by pointer.
    public var strays: [StrayPath] { trie.strays }

    /// Flattens a document into the batch's last row.
    ///
    /// - Parameters:
    ///   - json: the document's text.
    ///   - batch: the batch.
    ///   - extra: takes what no column takes.
    /// - Throws: `RecordError` when the text is no JSON; the row and `extra` then hold a part of it.
    public mutating func flatten(
        _ json: RawSpan, into batch: inout RowBatch, extra: inout ExtraObject
    ) throws(RecordError) {
        precondition(lastColumn < batch.columns.count && batch.rowCount > 0)
        itemArrays.removeAll()
        let count = json.byteCount
        // The document itself, and once more what is decoded from it, for each column that a path has; what places in
        // arrays take may lie within one another.
        let room = count * (2 + trie.twinCount + trie.placeDepth) + 1
        guard batch.arena.count + room <= RowBatch.arenaMaximum else {
            throw RecordError(offset: 0, expected: "a document that fits a batch of 4 GiB", found: nil)
        }
        let offset = batch.arena.count
        batch.arena.reserve(room)
        batch.arena.append(json)
        batch.arena.append(0)
        document &+= 1
        overflow.removeAll()
        let row = unsafe Row(
            states: batch.states + (batch.rowCount - 1), slots: batch.slots + (batch.rowCount - 1),
            stride: batch.stride, arena: UnsafePointer(batch.arena.base))
        let scanner = unsafe JSONScanner(start: UnsafePointer(batch.arena.base + offset), count: count)
        do {
            unsafe try walk(scanner, row, &batch.arena, &extra)
        } catch {
            itemArrays.removeAll()
            throw error
        }
    }

    /// Goes through a document: a value at a time, the objects that are open on a stack of its own.
    private mutating func walk(
        _ text: JSONScanner, _ row: Row, _ arena: inout ByteBuffer, _ extra: inout ExtraObject
    ) throws(RecordError) {
        var scanner = unsafe text
        let nodes = unsafe trie.nodes
        var level = 0
        var previous = 0
        var child = KeyTrie.root
        unsafe scanner.space()
        while true {
            // The place is at the value of `child`.
            let node = unsafe nodes + child
            var value = unsafe Value(start: scanner.place)
            switch unsafe scanner.byte {
            case UInt8(ascii: "\""):
                let string = unsafe try scanner.string()
                unsafe value.kind = .string
                unsafe value.hasEscape = string.hasEscape
                unsafe value.count = string.count + 2
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                unsafe value.number = try scanner.number()
                unsafe value.kind = .number
                unsafe value.count = scanner.place - value.start
            case UInt8(ascii: "{"):
                unsafe scanner.metLineEnd = false
                if descends(child, level) {
                    unsafe scanner.place += 1
                    unsafe scanner.space()
                    if unsafe scanner.byte != UInt8(ascii: "}") {
                        unsafe frames[level] = Frame(
                            node: Int32(truncatingIfNeeded: child),
                            previous: Int32(truncatingIfNeeded: child > KeyTrie.skipped ? child : previous),
                            pointerLength: overflow.pointer.count)
                        level &+= 1
                        previous = 0
                        child = unsafe try key(&scanner, of: child, after: 0, level, row, &extra)
                        if child > KeyTrie.skipped { previous = child }
                        continue
                    }
                    unsafe scanner.place += 1
                } else {
                    unsafe try scanner.container()
                }
                unsafe value.kind = .object
                unsafe value.count = scanner.place - value.start
                unsafe value.squeezes = scanner.metLineEnd
            case UInt8(ascii: "["):
                unsafe scanner.metLineEnd = false
                if unsafe node.pointee.items < 0 {
                    unsafe try scanner.container()
                } else {
                    unsafe try takeItems(&scanner, child, row)
                }
                unsafe value.kind = .array
                unsafe value.count = scanner.place - value.start
                unsafe value.squeezes = scanner.metLineEnd
                if unsafe node.pointee.place != 0 { unsafe putPlaces(value, child, row, &arena, &extra) }
            default:
                unsafe try scanner.word()
                unsafe value.kind = value.start.pointee == UInt8(ascii: "n") ? .null : .bool
                unsafe value.count = scanner.place - value.start
            }
            if unsafe !put(value, node, row, &arena) { unsafe stray(value, child, &extra) }
            if unsafe node.pointee.twin != 0 { unsafe putTwins(value, child, row, &arena, &extra) }

            // Behind the value: what was opened may end here.
            while true {
                unsafe scanner.space()
                if level == 0 {
                    guard unsafe scanner.place == scanner.end else { throw unsafe scanner.fail("the document's end") }
                    return
                }
                if unsafe scanner.byte == UInt8(ascii: ",") { break }
                guard unsafe scanner.byte == UInt8(ascii: "}") else {
                    throw unsafe scanner.fail("a comma or the object's end")
                }
                unsafe scanner.place += 1
                level &-= 1
                previous = unsafe Int(frames[level].previous)
            }
            unsafe scanner.place += 1
            unsafe scanner.space()
            let object = unsafe Int(frames[level &- 1].node)
            child = unsafe try key(&scanner, of: object, after: previous, level, row, &extra)
            if child > KeyTrie.skipped { previous = child }
        }
    }

    /// Whether an object is taken apart.
    ///
    /// - Parameters:
    ///   - index: its node.
    ///   - level: how many objects are around it.
    @inline(__always)
    private func descends(_ index: Int, _ level: Int) -> Bool {
        let node = unsafe trie.nodes + index
        if unsafe node.pointee.hasPlannedChildren { return true }
        if unsafe node.pointee.takesObjects || !keepsUnplanned { return false }
        guard level < depth, index != KeyTrie.skipped else { return false }
        let length = index == KeyTrie.overflow ? overflow.pointer.count : unsafe node.pointee.prefixLength - 2
        return length <= KeyTrie.longestPointer
    }

    /// Steps over a key and the colon and returns the node of its value.
    ///
    /// - Parameters:
    ///   - scanner: the place, at the key.
    ///   - object: the object's node.
    ///   - previous: the node of the key before it; 0 for none.
    @inline(__always)
    private mutating func key(
        _ scanner: inout JSONScanner, of object: Int, after previous: Int, _ level: Int, _ row: Row,
        _ extra: inout ExtraObject
    ) throws(RecordError) -> Int {
        let nodes = unsafe trie.nodes
        let expected = unsafe Int(
            previous == 0 ? nodes[object].expectedChild : nodes[previous].expectedSibling)
        if expected != 0, unsafe scanner.byte == UInt8(ascii: "\""),
            unsafe trie.isExpected(expected, at: scanner.place + 1, end: scanner.end)
        {
            unsafe scanner.place += nodes[expected].tokenLength &+ 1
            unsafe scanner.space()
            if mayRepeatKeys { unsafe meet(expected, row, &extra) }
            return expected
        }
        return unsafe try unexpectedKey(&scanner, of: object, after: previous, level, row, &extra)
    }

    @inline(never)
    private mutating func unexpectedKey(
        _ scanner: inout JSONScanner, of object: Int, after previous: Int, _ level: Int, _ row: Row,
        _ extra: inout ExtraObject
    ) throws(RecordError) -> Int {
        let slice = unsafe try scanner.key()
        var (key, length) = unsafe (slice.start, slice.count)
        if unsafe slice.hasEscape {
            decodedKey.removeAll()
            unsafe decodedKey.appendDecoded(slice)
            unsafe (key, length) = (UnsafePointer(decodedKey.base), decodedKey.count)
        }
        guard object != KeyTrie.overflow else { return unsafe overflowKey(object, key, length, level, &extra) }
        let nodes = unsafe trie.nodes
        let hash = unsafe KeyTrie.hash(object, key, length)
        var found = unsafe trie.child(of: object, key, length, hash)
        if found == 0 {
            guard keepsUnplanned else { return KeyTrie.skipped }
            guard trie.hasRoom, unsafe nodes[object].prefixLength + length <= KeyTrie.longestPointer else {
                return unsafe overflowKey(object, key, length, level, &extra)
            }
            found = unsafe trie.insert(object, key, length, hash)
        }
        if mayRepeatKeys { unsafe meet(found, row, &extra) }
        if unsafe nodes[found].tokenLength > 0 {
            if previous == 0 {
                unsafe nodes[object].expectedChild = Int32(truncatingIfNeeded: found)
            } else {
                unsafe nodes[previous].expectedSibling = Int32(truncatingIfNeeded: found)
            }
        }
        return found
    }

    /// Notes that the document has a key, and undoes what it did if the document had it before.
    @inline(__always)
    private mutating func meet(_ index: Int, _ row: Row, _ extra: inout ExtraObject) {
        let node = unsafe trie.nodes + index
        if unsafe node.pointee.document == document { unsafe forget(index, row, &extra) }
        unsafe node.pointee.document = document
    }

    /// A key that is not told apart: its pointer is written down for its value.
    private mutating func overflowKey(
        _ object: Int, _ key: UnsafePointer<UInt8>, _ length: Int, _ level: Int, _ extra: inout ExtraObject
    ) -> Int {
        if object == KeyTrie.overflow {
            overflow.pointer.truncate(to: unsafe frames[level - 1].pointerLength)
        } else {
            let prefix = unsafe trie.prefix(object)
            overflow.pointer.removeAll()
            unsafe overflow.pointer.append(start: prefix.start, count: prefix.count - 2)
        }
        unsafe KeyTrie.appendStep(key, length, to: &overflow.pointer)
        overflow.meet(&extra)
        return KeyTrie.overflow
    }
}
