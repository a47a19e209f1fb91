import CPostgres

/// Reads the rows of a binary COPY, one at a time.
///
/// It keeps its connection alive. If it is let go before the last row, the COPY is cancelled and what is on its way is
/// dropped, so that the connection can be used again; an open transaction is then aborted and must be rolled back.
/// Source: PostgreSQL manual, COPY, "Binary Format"; libpq, `PQgetCopyData`.
@safe public final class CopyReader {
    /// The connection that is read from.
    public let connection: Connection

    // All that changes per row lies behind one constant pointer: no reference counting and no exclusivity check per field.
    private let state: UnsafeMutablePointer<State>
    private let handle: OpaquePointer

    @unsafe private struct State {
        /// The row as libpq allocated it.
        var row: UnsafeMutablePointer<CChar>?
        /// Where the row's fields are; grows to the widest row.
        var fields: UnsafeMutableBufferPointer<FieldPosition>
        var fieldCount = 0
        var bytesRead: Int64 = 0
        var phase = Phase.header
    }

    private struct FieldPosition {
        var offset: Int32
        /// -1 is NULL.
        var length: Int32
    }

    private enum Phase: UInt8 {
        /// Nothing has been read.
        case header
        case rows
        /// The trailer has come; the server's verdict has not.
        case trailer
        /// Read to the end, or failed.
        case done
    }

    init(_ connection: Connection) {
        self.connection = connection
        unsafe handle = connection.handle
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State(fields: .allocate(capacity: 64)))
        connection.isCopying = true
    }

    deinit {
        let phase = unsafe state.pointee.phase
        unsafe PQfreemem(state.pointee.row)
        unsafe state.pointee.fields.deallocate()
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
        if phase != .done { connection.abandonCopy(isSent: phase == .trailer) }
    }

    /// The number of COPY bytes so far, with header and trailer.
    public var bytesRead: Int64 { unsafe state.pointee.bytesRead }

    /// The number of fields of the present row; 0 before the first and after the last.
    public var fieldCount: Int { unsafe state.pointee.fieldCount }

    /// Whether a field of the present row is NULL.
    /// - Parameter index: 0 ..< `fieldCount`.
    public func isNull(_ index: Int) -> Bool {
        unsafe precondition(index >= 0 && index < state.pointee.fieldCount, "The row has no such field.")
        return unsafe state.pointee.fields[index].length < 0
    }

    /// A field of the present row; nil is NULL.
    ///
    /// The bytes are libpq's and are gone with the next call of `next()`.
    /// - Parameter index: 0 ..< `fieldCount`.
    @_lifetime(borrow self)
    public func field(_ index: Int) -> RawSpan? {
        unsafe precondition(index >= 0 && index < state.pointee.fieldCount, "The row has no such field.")
        let position = unsafe state.pointee.fields[index]
        guard position.length >= 0, let row = unsafe state.pointee.row else { return nil }
        let bytes = unsafe RawSpan(
            _unsafeStart: UnsafeRawPointer(row) + Int(position.offset), byteCount: Int(position.length))
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }

    /// Goes to the next row and frees the one before.
    /// - Returns: false after the last row, when the server has confirmed that the COPY is complete.
    /// - Throws: PostgresError when the server fails, the connection is lost, or a row is malformed.
    public func next() throws(PostgresError) -> Bool {
        unsafe PQfreemem(state.pointee.row)
        unsafe state.pointee.row = nil
        unsafe state.pointee.fieldCount = 0
        if unsafe state.pointee.phase == .done { return false }
        while true {
            var row: UnsafeMutablePointer<CChar>?
            let length = unsafe Int(PQgetCopyData(handle, &row, 0))
            guard length >= 0, let row = unsafe row else {
                try finish(length)
                return false
            }
            unsafe state.pointee.row = row
            unsafe state.pointee.bytesRead += Int64(length)
            if unsafe try parse(UnsafeRawPointer(row), length) { return true }
            unsafe PQfreemem(state.pointee.row)
            unsafe state.pointee.row = nil
        }
    }

    /// Finds the row's fields.
    /// - Returns: false if the message holds no row: header or trailer alone.
    private func parse(_ row: UnsafeRawPointer, _ length: Int) throws(PostgresError) -> Bool {
        var offset = 0
        if unsafe state.pointee.phase == .header {
            offset = unsafe try parseHeader(row, length)
            unsafe state.pointee.phase = .rows
            if offset == length { return false }
        }
        guard length - offset >= 2 else { throw malformed("a row of \(length) bytes is too short") }
        guard unsafe state.pointee.phase == .rows else { throw malformed("there is data after the trailer") }
        let count = unsafe Int(Int16(bigEndian: row.loadUnaligned(fromByteOffset: offset, as: Int16.self)))
        offset += 2
        if count == -1 {
            guard offset == length else { throw malformed("there is data after the trailer") }
            unsafe state.pointee.phase = .trailer
            return false
        }
        guard count >= 0 else { throw malformed("a row has \(count) fields") }
        if unsafe count > state.pointee.fields.count {
            unsafe state.pointee.fields.deallocate()
            unsafe state.pointee.fields = .allocate(capacity: max(count, 128))
        }
        guard let fields = unsafe state.pointee.fields.baseAddress else { throw malformed("no room for the fields") }
        for index in 0..<count {
            guard length - offset >= 4 else { throw malformed("field \(index + 1) is cut off") }
            let size = unsafe Int32(bigEndian: row.loadUnaligned(fromByteOffset: offset, as: Int32.self))
            offset += 4
            unsafe fields[index] = FieldPosition(offset: Int32(truncatingIfNeeded: offset), length: size)
            if size >= 0 {
                guard length - offset >= Int(size) else { throw malformed("field \(index + 1) is cut off") }
                offset += Int(size)
            } else if size != -1 {
                throw malformed("field \(index + 1) has a length of \(size)")
            }
        }
        guard offset == length else { throw malformed("a row has \(length - offset) bytes after its last field") }
        unsafe state.pointee.fieldCount = count
        return true
    }

    /// Checks the signature, the flags and skips the extension area.
    private func parseHeader(_ row: UnsafeRawPointer, _ length: Int) throws(PostgresError) -> Int {
        // PGCOPY\n\xff\r\n\0
        let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
        guard length >= 19 else { throw malformed("the header is cut off") }
        for index in 0..<11 where unsafe row.load(fromByteOffset: index, as: UInt8.self) != signature[index] {
            throw malformed("the signature of a binary COPY is missing")
        }
        let flags = unsafe UInt32(bigEndian: row.loadUnaligned(fromByteOffset: 11, as: UInt32.self))
        let extra = unsafe Int(Int32(bigEndian: row.loadUnaligned(fromByteOffset: 15, as: Int32.self)))
        // The upper half holds what a reader must know: bit 16 would be OIDs, which PostgreSQL 12 and later never send.
        guard flags & 0xFFFF_0000 == 0 else { throw malformed("the header has unknown flags") }
        guard extra >= 0, length - 19 >= extra else { throw malformed("the header's extension is cut off") }
        return 19 + extra
    }

    /// After PQgetCopyData's end or error: what the server says of the whole.
    private func finish(_ code: Int) throws(PostgresError) {
        let complete = unsafe state.pointee.phase == .trailer
        unsafe state.pointee.phase = .done
        connection.isCopying = false
        let operation = "read rows from"
        if code != -1 {
            let error = connection.failure(operation)
            connection.drainResults()
            throw error
        }
        guard let result = unsafe PQgetResult(handle) else { throw connection.failure(operation) }
        defer { unsafe PQclear(result) }
        // First, so that a connection which ends right after its error is known to be lost.
        connection.drainResults()
        guard unsafe PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw unsafe connection.failure(operation, result: result)
        }
        guard complete else { throw malformed("the trailer is missing") }
    }

    /// The error of bytes that are no binary COPY; nothing more is read.
    private func malformed(_ what: String) -> PostgresError {
        if unsafe state.pointee.phase != .done {
            unsafe state.pointee.phase = .done
            connection.abandonCopy()
        }
        return PostgresError(
            operation: "read rows from", target: connection.target, reason: "the COPY data is malformed: \(what)")
    }
}
