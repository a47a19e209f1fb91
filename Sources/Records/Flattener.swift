/// A key path of a document and the column that takes its value.
public struct FlattenTarget: Sendable, Codable, Hashable {
    /// The keys that lead to the value; none for the whole document.
    public var path: [String]
    /// The column's index.
    public var column: Int
    /// The column's type.
    public var type: ColumnType

    /// Makes a target.
    public init(path: [String], column: Int, type: ColumnType) {
        self.path = path
        self.column = column
        self.type = type
    }
}

/// Takes JSON documents apart: values whose path is planned go to their columns, all others to `_extra`.
///
/// A value goes to its column only when it fits the column's type exactly; otherwise it goes to `_extra` as it is, is
/// counted as a misfit, and its cell stays missing. So the columns and `_extra` together rebuild the document. What fits:
///
/// - `string`: a string, decoded; not one with a NUL or half of a surrogate pair, which no text can hold.
/// - `int64`: a whole number in range, without fraction or exponent. `number`: any number, its digits as they are.
///   `decimal(p,s)`: a number that fits without rounding, without exponent. `double`: a number that is not too large.
/// - `bool`: `true` and `false`. `date`: `"2026-01-31"`. `timestamp`: ISO 8601 with a zone, at most six digits of a second.
///   `uuid`: 36 characters in lower case. `json`: anything. `bytes`: nothing.
///
/// `null` makes the cell NULL. An object is descended into where keys below it are planned; where none are, a `json` column
/// takes it whole, and else its members go to `_extra` one by one, down to `depth`. Arrays and empty objects are values. Of
/// a key that a `json` document repeats the last counts.
public struct Flattener: ~Copyable {
    private let tree: KeyTree
    private let depth: Int
    private let keepsUnplanned: Bool
    private let mayRepeatKeys: Bool
    private var strayTable: StrayTable
    private var decoded = ByteBuffer()

    /// Prepares for documents of one column.
    ///
    /// - Parameters:
    ///   - source: the table's column, the first step of every pointer.
    ///   - targets: the planned paths, each once.
    ///   - depth: objects nested deeper than this are values, from 1; a document's own keys are at depth 1.
    ///   - keepsUnplanned: whether values that no column is planned for go to `_extra`; else they are passed over.
    ///   - mayRepeatKeys: whether an object may hold a key twice, as the type `json` allows and `jsonb` does not.
    public init(
        source: String, targets: [FlattenTarget], depth: Int, keepsUnplanned: Bool = true, mayRepeatKeys: Bool = false
    ) {
        tree = KeyTree(source: source, targets: targets)
        self.depth = depth
        self.keepsUnplanned = keepsUnplanned
        self.mayRepeatKeys = mayRepeatKeys
        strayTable = StrayTable(planned: tree.count, pointers: tree.pointers)
    }

    /// The paths whose values went to `_extra` so far, by pointer.
    public var strays: [StrayPath] { strayTable.paths }

    /// Flattens a document into the batch's last row.
    ///
    /// - Parameters:
    ///   - json: the document's text.
    ///   - batch: the batch.
    ///   - extra: takes what no column takes.
    /// - Throws: `RecordError` when the text is no JSON.
    public mutating func flatten(
        _ json: RawSpan, into batch: inout RowBatch, extra: inout ExtraObject
    ) throws(RecordError) {
        strayTable.beginDocument()
        // A closure of withUnsafeBytes throws untyped errors only; the error is handed over beside it.
        var failure: RecordError?
        unsafe json.withUnsafeBytes { bytes in
            do throws(RecordError) {
                var cursor = unsafe JSONCursor(bytes)
                unsafe try member(&cursor, at: 0, level: 0, &batch, &extra)
                let rest = unsafe cursor.peek()
                let isWhole = unsafe rest == 0 && cursor.isAtEnd
                if !isWhole { throw unsafe cursor.fail("the end of the document") }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// A value at a planned node; the cursor is before it.
    @inline(__always)
    private mutating func member(
        _ cursor: inout JSONCursor, at node: Int, level: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) throws(RecordError) {
        if unsafe cursor.peek() == UInt8(ascii: "{") {
            let hasChildren = unsafe tree.nodes[node].childCount > 0
            let isJSON = unsafe tree.nodes[node].kind == .json
            if hasChildren || level == 0 && !isJSON || keepsUnplanned && !isJSON && level < depth {
                return unsafe try object(&cursor, at: node, level: level, &batch, &extra)
            }
        } else if unsafe tree.nodes[node].kind == .string, unsafe cursor.peek() == UInt8(ascii: "\"") {
            let string = unsafe try cursor.string()
            if unsafe !string.hasEscape {
                if mayRepeatKeys { forget(node, &extra) }
                return unsafe batch.set(
                    Int(tree.nodes[node].column), .plainText, start: string.start, count: string.count)
            }
            let text = unsafe UnsafeBufferPointer(start: string.start - 1, count: string.count + 2)
            return unsafe settle(text, at: node, &batch, &extra)
        }
        let text = unsafe try cursor.value()
        unsafe settle(text, at: node, &batch, &extra)
    }

    /// The members of an object at a planned node; the cursor is at its brace.
    private mutating func object(
        _ cursor: inout JSONCursor, at node: Int, level: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) throws(RecordError) {
        unsafe cursor.step()
        if unsafe cursor.peek() == UInt8(ascii: "}") {
            unsafe cursor.step()
            return unsafe Self.emptyObject.withUnsafeBufferPointer { unsafe settle($0, at: node, &batch, &extra) }
        }
        var hint = unsafe Int(tree.nodes[node].firstChild)
        while true {
            guard unsafe cursor.peek() == UInt8(ascii: "\"") else { throw unsafe cursor.fail("a key") }
            let key = unsafe try cursor.string()
            unsafe try cursor.expect(UInt8(ascii: ":"), "a colon")
            if unsafe !key.hasEscape {
                let child = unsafe tree.child(of: node, key.start, key.count, hint: &hint)
                if child >= 0 {
                    unsafe try member(&cursor, at: child, level: level + 1, &batch, &extra)
                } else {
                    let bytes = unsafe UnsafeBufferPointer(start: key.start, count: key.count)
                    unsafe try unplanned(&cursor, parent: node, bytes, level: level + 1, &extra)
                }
            } else {
                // Rare: a key with escapes, decoded into a copy of its own.
                let bytes = unsafe decodedKey(key)
                var child = -1
                unsafe bytes.withUnsafeBufferPointer {
                    if let start = $0.baseAddress {
                        child = unsafe tree.child(of: node, start, $0.count, hint: &hint)
                    }
                }
                if child >= 0 {
                    unsafe try member(&cursor, at: child, level: level + 1, &batch, &extra)
                } else {
                    var failure: RecordError?
                    unsafe bytes.withUnsafeBufferPointer { bytes in
                        do throws(RecordError) {
                            unsafe try unplanned(&cursor, parent: node, bytes, level: level + 1, &extra)
                        } catch { failure = error }
                    }
                    if let failure { throw failure }
                }
            }
            let byte = unsafe cursor.peek()
            if byte == UInt8(ascii: ",") {
                unsafe cursor.step()
            } else {
                return unsafe try cursor.expect(UInt8(ascii: "}"), "a comma or the object's end")
            }
        }
    }

    private static let emptyObject = Array("{}".utf8)

    /// A key with its escapes decoded; one that no text can hold stays as it is written.
    private mutating func decodedKey(_ key: JSONCursor.StringSlice) -> [UInt8] {
        let content = unsafe UnsafeBufferPointer(start: key.start, count: key.count)
        decoded.removeAll()
        guard unsafe JSONText.appendDecoded(content, to: &decoded) else { return unsafe Array(content) }
        return unsafe decoded.bytes.withUnsafeBytes { unsafe Array($0) }
    }

    /// A value that no column is planned for; the cursor is before it.
    private mutating func unplanned(
        _ cursor: inout JSONCursor, parent: Int, _ key: UnsafeBufferPointer<UInt8>, level: Int,
        _ extra: inout ExtraObject
    ) throws(RecordError) {
        guard keepsUnplanned else {
            _ = unsafe try cursor.value()
            return
        }
        let place = unsafe strayTable.place(parent, key)
        if unsafe cursor.peek() == UInt8(ascii: "{"), level < depth {
            unsafe cursor.step()
            if unsafe cursor.peek() == UInt8(ascii: "}") {
                unsafe cursor.step()
                return unsafe Self.emptyObject.withUnsafeBufferPointer { unsafe stray($0, at: place, &extra) }
            }
            while true {
                guard unsafe cursor.peek() == UInt8(ascii: "\"") else { throw unsafe cursor.fail("a key") }
                let inner = unsafe try cursor.string()
                unsafe try cursor.expect(UInt8(ascii: ":"), "a colon")
                let bytes = unsafe inner.hasEscape ? decodedKey(inner) : Array(UnsafeBufferPointer(start: inner.start, count: inner.count))
                var failure: RecordError?
                unsafe bytes.withUnsafeBufferPointer { bytes in
                    do throws(RecordError) {
                        unsafe try unplanned(&cursor, parent: place, bytes, level: level + 1, &extra)
                    } catch { failure = error }
                }
                if let failure { throw failure }
                if unsafe cursor.peek() == UInt8(ascii: ",") {
                    unsafe cursor.step()
                } else {
                    return unsafe try cursor.expect(UInt8(ascii: "}"), "a comma or the object's end")
                }
            }
        }
        let text = unsafe try cursor.value()
        unsafe stray(text, at: place, &extra)
    }

    /// Puts an unplanned value into `_extra` and counts it.
    private mutating func stray(_ value: UnsafeBufferPointer<UInt8>, at place: Int, _ extra: inout ExtraObject) {
        unsafe strayTable.count(place, unplanned: true, JSONKinds.of(value))
        unsafe strayTable.withPointer(place) { pointer in
            if mayRepeatKeys { unsafe extra.remove(quoted: pointer) }
            unsafe extra.add(quoted: pointer, raw: value)
        }
    }

    /// Puts a value into its node's column, or into `_extra`.
    private mutating func settle(
        _ value: UnsafeBufferPointer<UInt8>, at node: Int, _ batch: inout RowBatch, _ extra: inout ExtraObject
    ) {
        let column = unsafe Int(tree.nodes[node].column)
        if column >= 0 {
            if mayRepeatKeys { forget(node, &extra) }
            if unsafe put(value, node, column, &batch) { return }
            if mayRepeatKeys { batch.clear(column) }
        } else if !keepsUnplanned {
            return
        }
        unsafe strayTable.count(node, unplanned: column < 0, JSONKinds.of(value))
        unsafe strayTable.withPointer(node) { pointer in
            if mayRepeatKeys { unsafe extra.remove(quoted: pointer) }
            unsafe extra.add(quoted: pointer, raw: value)
        }
    }

    /// Removes what an earlier appearance of a key left in `_extra`.
    private func forget(_ node: Int, _ extra: inout ExtraObject) {
        unsafe strayTable.withPointer(node) { unsafe extra.remove(quoted: $0) }
    }

    /// Puts a value into a column if it fits there.
    private mutating func put(
        _ value: UnsafeBufferPointer<UInt8>, _ node: Int, _ column: Int, _ batch: inout RowBatch
    ) -> Bool {
        guard let first = unsafe value.first else { return false }
        if first == UInt8(ascii: "n"), value.count == 4 {
            batch.setNull(column)
            return true
        }
        switch unsafe tree.nodes[node].kind {
        case .int64:
            guard let number = unsafe NumberText.int64(value) else { return false }
            batch.set(column, int64: number)
        case .number:
            guard unsafe NumberText.isNumber(value) else { return false }
            unsafe batch.set(column, .value, start: value.baseAddress, count: value.count)
        case .decimal:
            let precision = unsafe Int(tree.nodes[node].precision)
            let scale = unsafe Int(tree.nodes[node].scale)
            guard unsafe NumberText.fits(value, precision: precision, scale: scale) else { return false }
            unsafe batch.set(column, .value, start: value.baseAddress, count: value.count)
        case .double:
            guard let number = unsafe NumberText.double(value) else { return false }
            batch.set(column, double: number)
        case .bool:
            guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else { return false }
            batch.set(column, bool: first == UInt8(ascii: "t"))
        case .json:
            let offset = batch.arena.count
            unsafe JSONText.appendOneLine(value, to: &batch.arena)
            batch.set(column, arenaFrom: offset)
        case .string:
            guard first == UInt8(ascii: "\"") else { return false }
            let offset = batch.arena.count
            let content = unsafe UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
            guard unsafe JSONText.appendDecoded(content, to: &batch.arena) else {
                batch.arena.truncate(to: offset)
                return false
            }
            batch.set(column, arenaFrom: offset)
        case .timestamp, .date, .uuid:
            guard first == UInt8(ascii: "\"") else { return false }
            let content = unsafe UnsafeBufferPointer(rebasing: value[1..<value.count - 1])
            return unsafe put(plain: content, node, column, &batch)
        case .none, .bytes: return false
        }
        return true
    }

    /// Puts a string that stands for something else into its column.
    private func put(
        plain text: UnsafeBufferPointer<UInt8>, _ node: Int, _ column: Int, _ batch: inout RowBatch
    ) -> Bool {
        switch unsafe tree.nodes[node].kind {
        case .timestamp:
            guard let moment = unsafe TimeText.parseTimestamp(text) else { return false }
            batch.set(column, int64: moment)
        case .date:
            guard let day = unsafe TimeText.parseDate(text) else { return false }
            batch.set(column, int64: day)
        default:
            guard unsafe Self.isUUID(text) else { return false }
            unsafe batch.set(column, .value, start: text.baseAddress, count: text.count)
        }
        return true
    }

    /// Whether a text is a UUID as PostgreSQL prints it.
    private static func isUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        for index in 0..<36 {
            let byte = unsafe text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                if byte != UInt8(ascii: "-") { return false }
            } else if !(48...57).contains(byte), !(97...102).contains(byte) {
                return false
            }
        }
        return true
    }
}
