/// Rows in columnar, typed form: what is read on one side and encoded on the other.
///
/// Each column has a state and a slot of 64 bits a row. Numbers, moments and the like lie in the slot; everything of
/// variable length lies in one arena of the batch, its place in the slot. A cell is missing until it is set, and setting
/// it again overwrites it.
@safe public struct RowBatch: ~Copyable {
    /// What a cell holds.
    public enum CellState: UInt8, Sendable {
        /// Nothing: the key was not there.
        case missing
        /// NULL, or JSON's null.
        case null
        /// A value.
        case value
        /// A string that needs no escape in JSON.
        case plainText
    }

    /// The columns.
    public let columns: [Column]
    /// The rows so far.
    public private(set) var rowCount = 0
    /// How many rows the batch takes.
    public let rowCapacity: Int

    // Column-major: a column's cells lie together.
    let states: UnsafeMutablePointer<UInt8>
    let slots: UnsafeMutablePointer<Int64>
    var arena = ByteBuffer(capacity: 1 << 20)
    private let cells: Int
    /// The arena's size at which the batch counts as full, in bytes.
    private static let arenaLimit = 8 << 20
    /// So many cells, of nine bytes each, at most: thousands of columns must not take gigabytes.
    private static let cellLimit = 4 << 20

    /// Makes an empty batch.
    ///
    /// - Parameters:
    ///   - columns: the columns.
    ///   - rowCapacity: how many rows it takes, from 1; fewer if there are thousands of columns.
    public init(columns: [Column], rowCapacity: Int = 1_024) {
        precondition(rowCapacity > 0)
        self.columns = columns
        self.rowCapacity = min(rowCapacity, max(1, Self.cellLimit / max(1, columns.count)))
        cells = max(1, columns.count * self.rowCapacity)
        unsafe states = .allocate(capacity: cells)
        unsafe states.initialize(repeating: CellState.missing.rawValue, count: cells)
        unsafe slots = .allocate(capacity: cells)
        unsafe slots.initialize(repeating: 0, count: cells)
    }

    deinit {
        unsafe states.deallocate()
        unsafe slots.deallocate()
    }

    /// Whether the batch should be encoded before the next row.
    public var isFull: Bool { rowCount == rowCapacity || arena.count >= Self.arenaLimit }

    /// Begins a row; all setters act on the last one.
    public mutating func addRow() {
        precondition(rowCount < rowCapacity, "The batch is full.")
        rowCount += 1
    }

    /// Forgets the rows and keeps the room.
    public mutating func removeAll() {
        unsafe states.update(repeating: CellState.missing.rawValue, count: cells)
        rowCount = 0
        arena.removeAll(keepingAtMost: 4 * Self.arenaLimit)
    }

    // MARK: - Writing

    @inline(__always)
    private func cell(_ column: Int) -> Int {
        precondition(column >= 0 && column < columns.count && rowCount > 0)
        return column &* rowCapacity &+ rowCount &- 1
    }

    @inline(__always)
    private mutating func set(_ column: Int, _ state: CellState, _ slot: Int64) {
        let cell = cell(column)
        unsafe states[cell] = state.rawValue
        unsafe slots[cell] = slot
    }

    /// Makes the cell missing again.
    public mutating func clear(_ column: Int) { set(column, .missing, 0) }

    /// Sets the cell to NULL.
    public mutating func setNull(_ column: Int) { set(column, .null, 0) }

    /// Sets a whole number; for a timestamp microseconds since 2000-01-01 UTC, for a date days since 2000-01-01.
    public mutating func set(_ column: Int, int64: Int64) { set(column, .value, int64) }

    /// Sets a truth value.
    public mutating func set(_ column: Int, bool: Bool) { set(column, .value, bool ? 1 : 0) }

    /// Sets a floating-point number, a finite one.
    public mutating func set(_ column: Int, double: Double) {
        precondition(double.isFinite, "No file holds an infinity as a number.")
        set(column, .value, Int64(bitPattern: double.bitPattern))
    }

    /// Sets a value of variable length: UTF-8 text, the digits of a number or decimal, JSON text on one line, a UUID's 36
    /// characters, or raw bytes.
    public mutating func set(_ column: Int, text: RawSpan) {
        unsafe text.withUnsafeBytes { unsafe set(column, .value, start: $0.baseAddress, count: $0.count) }
    }

    /// Sets JSON text that may have line ends between its tokens.
    public mutating func set(_ column: Int, json: RawSpan) {
        let offset = arena.count
        JSONText.appendOneLine(json, to: &arena)
        set(column, .value, Self.slot(offset, arena.count - offset))
    }

    /// Sets a value of variable length that a body writes.
    ///
    /// - Parameters:
    ///   - column: the column's index.
    ///   - addingCapacity: how many bytes the body may write at most.
    ///   - body: writes them.
    public mutating func set<Failure: Error>(
        _ column: Int, addingCapacity: Int, _ body: (inout OutputSpan<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let offset = arena.count
        try arena.append(addingCapacity: addingCapacity, body)
        set(column, .value, Self.slot(offset, arena.count - offset))
    }

    /// Sets a value of variable length that a body appends to the batch's own bytes.
    ///
    /// - Parameters:
    ///   - column: the column's index.
    ///   - body: appends the value; what it appended before it threw stays, unused, until the batch is cleared.
    public mutating func set<Failure: Error>(
        _ column: Int, appending body: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        let offset = arena.count
        try body(&arena)
        set(column, .value, Self.slot(offset, arena.count - offset))
    }

    /// Sets a value of variable length by its address.
    @inline(__always)
    mutating func set(_ column: Int, _ state: CellState, start: UnsafeRawPointer?, count: Int) {
        let offset = arena.count
        unsafe arena.append(start: start, count: count)
        set(column, state, Self.slot(offset, count))
    }

    /// Sets a value that was appended to the arena since it had a length.
    mutating func set(_ column: Int, arenaFrom offset: Int) {
        set(column, .value, Self.slot(offset, arena.count - offset))
    }

    @inline(__always)
    private static func slot(_ offset: Int, _ length: Int) -> Int64 {
        precondition((offset | length) >> 32 == 0, "A batch holds 4 GiB at most.")
        return Int64(truncatingIfNeeded: offset &<< 32 | length)
    }

    /// The bytes of a cell with a value of variable length.
    @inline(__always)
    func bytes(_ cell: Int) -> UnsafeBufferPointer<UInt8> {
        let slot = unsafe slots[cell]
        let offset = Int(truncatingIfNeeded: UInt64(bitPattern: slot) >> 32)
        let count = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF)
        precondition(offset &+ count <= arena.count, "The cell holds no value of variable length.")
        return unsafe UnsafeBufferPointer(start: arena.base + offset, count: count)
    }

    // MARK: - Reading

    @inline(__always)
    private func cell(_ row: Int, _ column: Int) -> Int {
        precondition(column >= 0 && column < columns.count && row >= 0 && row < rowCount)
        return column &* rowCapacity &+ row
    }

    /// What a cell holds.
    public func state(_ row: Int, _ column: Int) -> CellState {
        CellState(rawValue: unsafe states[cell(row, column)]) ?? .missing
    }

    /// A whole number, truth value, timestamp or date; 0 unless the cell has a value.
    public func int64(_ row: Int, _ column: Int) -> Int64 {
        let cell = cell(row, column)
        return unsafe states[cell] >= CellState.value.rawValue ? slots[cell] : 0
    }

    /// A floating-point number; 0 unless the cell has a value.
    public func double(_ row: Int, _ column: Int) -> Double {
        Double(bitPattern: UInt64(bitPattern: int64(row, column)))
    }

    /// A value of variable length; empty unless the cell has a value.
    @_lifetime(borrow self)
    public func text(_ row: Int, _ column: Int) -> RawSpan {
        let cell = cell(row, column)
        let hasValue = unsafe states[cell] >= CellState.value.rawValue
        let value = unsafe hasValue ? bytes(cell) : UnsafeBufferPointer(start: arena.base, count: 0)
        return unsafe _overrideLifetime(RawSpan(_unsafeElements: value), borrowing: self)
    }
}
