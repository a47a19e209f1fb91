#if canImport(Glibc)
    import Glibc
#endif

/// Rows in columnar, typed form: what is read on one side and encoded on the other.
///
/// Each column has a state and a slot of 64 bits a row. Numbers, moments and the like lie in the slot; everything of
/// variable length lies in one arena of the batch, its place in the slot. A cell is missing until it is set, and setting
/// it again overwrites it.
@safe public struct RowBatch: ~Copyable {
    /// What a cell holds.
    public enum CellState: UInt8, Sendable {
        /// Nothing: the key was not there, or its value went to `_extra`.
        case missing
        /// NULL, or JSON's null.
        case null
        /// A value.
        case value
        /// A string that needs no escape in JSON: no quote, no backslash, no control character.
        case plainText
        /// Text in place of a value of whatever type the column has, such as a number that is `NaN`.
        case special

        /// Whether a state is neither ``value`` nor ``plainText``.
        @inline(__always)
        static func isUnusual(_ state: UInt8) -> Bool { state &- value.rawValue > 1 }
    }

    /// The columns.
    public let columns: [Column]
    /// The rows so far.
    public private(set) var rowCount = 0
    /// How many rows the batch takes.
    public let rowCapacity: Int

    // Column-major: a column's cells lie together. The stride is no power of two, so that a row's cells do not all fall
    // into the same few lines of the processor's cache.
    let states: UnsafeMutablePointer<UInt8>
    let slots: UnsafeMutablePointer<UInt64>
    let stride: Int
    var arena = ByteBuffer(capacity: 1 << 20)
    private let columnCount: Int
    /// The arena's size at which the batch counts as full, in bytes.
    private static let arenaLimit = 8 << 20
    /// So many cells, of nine bytes each, at most: thousands of columns must not take gigabytes.
    private static let cellLimit = 4 << 20
    /// The largest arena that slots can point into, in bytes.
    static let arenaMaximum = Int(UInt32.max)

    /// Makes an empty batch.
    ///
    /// - Parameters:
    ///   - columns: the columns.
    ///   - rowCapacity: how many rows it takes, from 1; fewer if there are more than about a thousand columns.
    public init(columns: [Column], rowCapacity: Int = 1_024) {
        precondition(rowCapacity > 0)
        self.columns = columns
        self.rowCapacity = min(rowCapacity, max(1, Self.cellLimit / max(1, columns.count)))
        columnCount = columns.count
        stride = (self.rowCapacity + 127) & ~63
        unsafe states = .allocate(capacity: max(1, columnCount * stride))
        unsafe states.initialize(repeating: CellState.missing.rawValue, count: columnCount * stride)
        unsafe slots = .allocate(capacity: max(1, columnCount * stride))
        unsafe slots.initialize(repeating: 0, count: columnCount * stride)
    }

    deinit {
        unsafe states.deallocate()
        unsafe slots.deallocate()
    }

    /// Whether the batch should be encoded before the next row: its rows are all there, or its values pass 8 MiB.
    public var isFull: Bool { rowCount == rowCapacity || arena.count >= Self.arenaLimit }

    /// Begins a row; all setters act on the last one. The batch must have room for it.
    public mutating func addRow() {
        precondition(rowCount < rowCapacity, "The batch is full.")
        rowCount += 1
    }

    /// Forgets the rows and keeps the room.
    public mutating func removeAll() {
        for column in 0..<columnCount {
            unsafe memset(states + column * stride, Int32(CellState.missing.rawValue), rowCount)
        }
        rowCount = 0
        arena.removeAll(keepingAtMost: 4 * Self.arenaLimit)
    }

    // MARK: - Writing

    @inline(__always)
    private mutating func set(_ column: Int, _ state: CellState, _ slot: UInt64) {
        precondition(column >= 0 && column < columnCount && rowCount > 0)
        let cell = column &* stride &+ rowCount &- 1
        unsafe states[cell] = state.rawValue
        unsafe slots[cell] = slot
    }

    /// Makes the cell missing again.
    public mutating func clear(_ column: Int) { set(column, .missing, 0) }

    /// Sets the cell to NULL.
    public mutating func setNull(_ column: Int) { set(column, .null, 0) }

    /// Sets a whole number; for a timestamp microseconds since 2000-01-01 UTC, for a date days since 2000-01-01, both of
    /// the years 1 to 9999 (see ``TimeText/isRepresentable(timestamp:)``).
    public mutating func set(_ column: Int, int64: Int64) { set(column, .value, UInt64(bitPattern: int64)) }

    /// Sets a truth value.
    public mutating func set(_ column: Int, bool: Bool) { set(column, .value, bool ? 1 : 0) }

    /// Sets a floating-point number. One that is not finite is encoded as PostgreSQL's `to_json` does: `"NaN"`.
    public mutating func set(_ column: Int, double: Double) { set(column, .value, double.bitPattern) }

    /// Sets a value of variable length: UTF-8 text, the digits of a number or decimal, JSON text on one line, a UUID's 36
    /// characters, or raw bytes.
    public mutating func set(_ column: Int, text: RawSpan) {
        let offset = arena.count
        arena.append(text)
        set(column, arenaFrom: offset)
    }

    /// Sets the text of a value that the column's type has no form for, such as `NaN` or `-infinity`.
    public mutating func set(_ column: Int, special text: RawSpan) {
        set(column, text: text)
        unsafe states[column &* stride &+ rowCount &- 1] = CellState.special.rawValue
    }

    /// Sets JSON text that may have line ends between its tokens.
    public mutating func set(_ column: Int, json: RawSpan) {
        let offset = arena.count
        JSONText.appendOneLine(json, to: &arena)
        set(column, arenaFrom: offset)
    }

    /// Sets a value of variable length that a body writes.
    ///
    /// - Parameters:
    ///   - column: the column's index.
    ///   - addingCapacity: how many bytes the body may write at most, 0 or more.
    ///   - body: writes them.
    public mutating func set<Failure: Error>(
        _ column: Int, addingCapacity: Int, _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let offset = arena.count
        try arena.append(addingCapacity: addingCapacity, body)
        set(column, arenaFrom: offset)
    }

    /// Sets a value of variable length that a body appends to the batch's own bytes.
    ///
    /// - Parameters:
    ///   - column: the column's index.
    ///   - body: appends the value, and does nothing else to the bytes; what it appended before it threw stays, unused,
    ///     until the batch is cleared.
    public mutating func set<Failure: Error>(
        _ column: Int, appending body: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        let offset = arena.count
        try body(&arena)
        set(column, arenaFrom: offset)
    }

    /// Sets a value that was appended to the arena since it had a length.
    mutating func set(_ column: Int, arenaFrom offset: Int) {
        // PostgreSQL sends no row of more than 1 GiB.
        precondition(
            arena.count <= Self.arenaMaximum && offset <= arena.count, "The values of a batch take 4 GiB at most.")
        set(column, .value, UInt64(offset) << 32 | UInt64(arena.count - offset))
    }

    // MARK: - Reading

    @inline(__always)
    private func cell(_ row: Int, _ column: Int) -> Int {
        precondition(column >= 0 && column < columnCount && row >= 0 && row < rowCount)
        return column &* stride &+ row
    }

    /// What a cell holds.
    public func state(_ row: Int, _ column: Int) -> CellState {
        CellState(rawValue: unsafe states[cell(row, column)]) ?? .missing
    }

    /// A whole number, truth value (0 or 1), timestamp or date; 0 unless the cell has such a value.
    public func int64(_ row: Int, _ column: Int) -> Int64 {
        CellState.isUnusual(state(row, column).rawValue) ? 0 : Int64(bitPattern: unsafe slots[cell(row, column)])
    }

    /// A floating-point number; 0 unless the cell has a value.
    public func double(_ row: Int, _ column: Int) -> Double {
        Double(bitPattern: UInt64(bitPattern: int64(row, column)))
    }

    /// A value of variable length, or a special one; empty for a cell that holds none of the arena's.
    @_lifetime(borrow self)
    public func text(_ row: Int, _ column: Int) -> RawSpan {
        let slot = unsafe slots[cell(row, column)]
        let offset = Int(slot >> 32)
        let count = Int(slot & 0xFFFF_FFFF)
        let isInside = state(row, column).rawValue > CellState.null.rawValue && offset + count <= arena.count
        let bytes = unsafe RawSpan(
            _unsafeStart: UnsafeRawPointer(arena.base) + (isInside ? offset : 0), byteCount: isInside ? count : 0)
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }
}
