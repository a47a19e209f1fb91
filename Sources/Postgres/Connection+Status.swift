import CPostgres

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// From libpq's status codes to errors: the one place.
extension Connection {
    /// Checks that a statement can be sent: no COPY is under way, and no text holds the NUL byte that C would cut it at.
    func ready(_ operation: String, _ texts: [String]) throws(PostgresError) {
        if isCopying {
            throw PostgresError(
                operation: operation, target: target, reason: "a COPY is still being read on this connection")
        }
        for text in texts where text.utf8.contains(0) {
            throw PostgresError(operation: operation, target: target, reason: "the text contains a NUL byte")
        }
    }

    func executeWithParameters(_ sql: String, _ parameters: [String?]) -> OpaquePointer? {
        // All parameters lie in one buffer, each ended by a NUL.
        var bytes: [CChar] = []
        var offsets: [Int?] = []
        for parameter in parameters {
            guard let parameter else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            bytes.append(contentsOf: parameter.utf8.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            let values = unsafe offsets.map { offset in
                unsafe offset.flatMap { unsafe bytes.baseAddress?.advanced(by: $0) }
            }
            return unsafe PQexecParams(handle, sql, Int32(values.count), nil, values, nil, nil, 0)
        }
    }

    /// The error of a result that is not what was hoped for.
    func unexpected(_ result: OpaquePointer, _ operation: String) -> PostgresError {
        switch unsafe PQresultStatus(result) {
        case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
            abandonCopy()
            return PostgresError(
                operation: operation, target: target, reason: "the statement is a COPY, which only copyOut reads")
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return PostgresError(operation: operation, target: target, reason: "the statement is no COPY … TO STDOUT")
        default:
            return unsafe failure(operation, result: result)
        }
    }

    /// The error of a failed result.
    func failure(_ operation: String, result: OpaquePointer) -> PostgresError {
        var failure = Failure(reason: "")
        failure.sqlState = unsafe pg_sqlstate(result).map { unsafe String(cString: $0) }
        failure.serverHint = unsafe pg_message_hint(result).map { unsafe String(cString: $0) }
        if let primary = unsafe pg_message_primary(result) { failure.reason = unsafe String(cString: primary) }
        if let detail = unsafe pg_message_detail(result) { failure.reason += unsafe ": " + String(cString: detail) }
        if failure.reason.isEmpty, let text = unsafe PQresultErrorMessage(result) {
            failure.reason = unsafe String(cString: text)
        }
        var error = self.failure(operation, failure)
        // The server ends the session after such an error, though libpq may not have read that far.
        let severity = unsafe pg_severity(result).map { unsafe String(cString: $0) }
        if severity == "FATAL" || severity == "PANIC" { error.isConnectionLost = true }
        return error
    }

    /// The error of the connection itself, when there is no result.
    func failure(_ operation: String) -> PostgresError {
        failure(operation, Failure(reason: ""))
    }

    private func failure(_ operation: String, _ failure: Failure) -> PostgresError {
        var failure = failure
        if failure.reason.isEmpty {
            failure.reason = unsafe PQerrorMessage(handle).map { unsafe String(cString: $0) } ?? ""
        }
        if failure.reason.isEmpty { failure.reason = isLost ? "the connection is lost" : "no reason was given" }
        failure.user = unsafe PQuser(handle).map { unsafe String(cString: $0) } ?? ""
        failure.reason = Conninfo.redact(PostgresError.oneLine(failure.reason), secrets: secrets)
        return PostgresError(
            operation: operation, target: target, reason: failure.reason, sqlState: failure.sqlState,
            hint: failure.hint.map { Conninfo.redact(PostgresError.oneLine($0), secrets: secrets) },
            isConnectionLost: isLost)
    }

    /// Ends a COPY that nobody reads to its end: cancels the statement and drops what is on its way.
    ///
    /// The connection can be used afterwards; an open transaction is aborted, and must be rolled back. Where the cancel
    /// request cannot be delivered, the connection is given up, since the rest of the COPY might be long.
    /// - Parameter isSent: whether all rows have come, so that there is nothing to cancel.
    func abandonCopy(isSent: Bool = false) {
        isCopying = false
        if isLost { return }
        if !isSent {
            do throws(PostgresError) {
                try cancelHandle().cancel()
            } catch {
                unsafe shutdown(PQsocket(handle), Int32(SHUT_RDWR))
            }
        }
        while true {
            var row: UnsafeMutablePointer<CChar>?
            let length = unsafe PQgetCopyData(handle, &row, 0)
            unsafe PQfreemem(row)
            if length < 0 { break }
        }
        drainResults()
    }

    /// Takes the results that are left, so that the next statement can be sent.
    func drainResults() {
        while let result = unsafe PQgetResult(handle) {
            let status = unsafe PQresultStatus(result)
            unsafe PQclear(result)
            // A COPY FROM STDIN would give its result for ever.
            if status == PGRES_COPY_IN || status == PGRES_COPY_BOTH {
                unsafe PQputCopyEnd(handle, "no data will come")
            }
            if isLost { break }
        }
    }
}
