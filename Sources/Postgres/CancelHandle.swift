import CPostgres

/// Cancels what a connection is running, from any thread, as often as wanted, also after the connection has gone.
@safe public final class CancelHandle: @unchecked Sendable {
    // PQcancel only reads the handle and may be called from several threads at once (libpq manual, 34.7).
    private let handle: OpaquePointer?
    private let target: String

    init(_ handle: OpaquePointer?, target: String) {
        unsafe self.handle = handle
        self.target = target
    }

    deinit {
        unsafe PQfreeCancel(handle)
    }

    /// Asks the server to cancel the running statement, which then fails with SQLSTATE 57014.
    ///
    /// Nothing happens if none is running. Source: libpq, `PQcancel`.
    /// - Throws: PostgresError if the request could not be delivered.
    public func cancel() throws(PostgresError) {
        var message: [CChar] = Array(repeating: 0, count: 256)
        let done = unsafe message.withUnsafeMutableBufferPointer { unsafe PQcancel(handle, $0.baseAddress, 256) }
        if done == 1 { return }
        let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        throw PostgresError(
            operation: "cancel the statement on", target: target,
            reason: text.isEmpty ? "the connection is closed" : PostgresError.oneLine(text))
    }
}
