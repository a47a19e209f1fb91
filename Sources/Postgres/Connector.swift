import CPostgres

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The way to a connection.
///
/// libpq's blocking PQconnectdbParams gives no SQLSTATE, only text in the server's language. A handle that is
/// driven step by step can be told first to put the SQLSTATE into the text.
struct Connector {
    let conninfo: String
    let parsed: Conninfo

    func connect(applicationName: String, timeout: Int) throws(PostgresError) -> OpaquePointer {
        if let problem = parsed.problem { throw unreadable(problem) }
        guard !conninfo.utf8.contains(0) else { throw unreadable("it contains a NUL byte") }
        guard let handle = unsafe start(applicationName: applicationName, timeout: timeout) else {
            throw PostgresError(operation: "connect to", target: parsed.description, reason: "out of memory")
        }
        unsafe pg_silence_notices(handle)
        unsafe PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        let timedOut = unsafe !poll(handle)
        if timedOut, mayHaveMoreAddresses {
            // libpq goes on to the next host after a timeout only in its own blocking loop.
            unsafe PQreset(handle)
        }
        guard unsafe PQstatus(handle) == CONNECTION_OK else {
            let error = unsafe failure(handle, timedOut: timedOut && !mayHaveMoreAddresses)
            unsafe PQfinish(handle)
            throw error
        }
        unsafe PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
        return unsafe handle
    }

    // What comes before dbname is a default, what comes after it overrides the connection string.
    private func start(applicationName: String, timeout: Int) -> OpaquePointer? {
        var options: [(String, String)] = [
            ("fallback_application_name", applicationName),
            // A network that silently drops the session is noticed within minutes, not hours.
            ("keepalives_idle", "60"), ("keepalives_interval", "10"), ("keepalives_count", "6"),
        ]
        if parsed.defaults["connect_timeout"] == nil { options.append(("connect_timeout", String(timeout))) }
        options += [("dbname", conninfo), ("client_encoding", "UTF8")]
        var bytes: [CChar] = []
        var offsets: [Int] = []
        for text in options.map(\.0) + options.map(\.1) {
            offsets.append(bytes.count)
            bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            var texts = unsafe offsets.map { unsafe bytes.baseAddress?.advanced(by: $0) }
            unsafe texts.insert(nil, at: options.count)
            unsafe texts.append(nil)
            return unsafe texts.withUnsafeBufferPointer { texts in
                guard let keywords = texts.baseAddress else { return nil }
                return unsafe PQconnectStartParams(keywords, keywords + options.count + 1, 1)
            }
        }
    }

    /// Drives the handle until it is connected or has failed.
    /// - Returns: false when an address did not answer in time.
    private func poll(_ handle: OpaquePointer) -> Bool {
        if unsafe PQstatus(handle) == CONNECTION_BAD { return true }
        let limit = unsafe Connector.timeout(handle).map { Duration.seconds($0) }
        let clock = ContinuousClock()
        var deadline = limit.map { clock.now + $0 }
        var address = unsafe Connector.address(handle)
        var next = PGRES_POLLING_WRITING
        while true {
            var descriptor = unsafe pollfd(
                fd: PQsocket(handle), events: Int16(next == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
            var wait: Int32 = -1
            if let deadline {
                let left = (deadline - clock.now).components
                wait = Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1))
                if deadline <= clock.now { return false }
            }
            #if canImport(Glibc)
                let count = unsafe Glibc.poll(&descriptor, 1, wait)
            #elseif canImport(Musl)
                let count = unsafe Musl.poll(&descriptor, 1, wait)
            #else
                let count = unsafe Darwin.poll(&descriptor, 1, wait)
            #endif
            if count == 0 { return false }
            if count < 0 {
                if errno == EINTR { continue }
                return true
            }
            next = unsafe PQconnectPoll(handle)
            if next == PGRES_POLLING_OK || next == PGRES_POLLING_FAILED { return true }
            let current = unsafe Connector.address(handle)
            if current != address {
                address = current
                deadline = limit.map { clock.now + $0 }
            }
        }
    }

    private var mayHaveMoreAddresses: Bool {
        (parsed["host"] ?? "").contains(",") || (parsed["hostaddr"] ?? "").contains(",")
            || parsed["service"] != nil
    }

    // libpq: 0, negative or absent is for ever, less than two seconds is two.
    private static func timeout(_ handle: OpaquePointer) -> Int? {
        guard let list = unsafe PQconninfo(handle) else { return nil }
        defer { unsafe PQconninfoFree(list) }
        var option = unsafe list
        while let keyword = unsafe option.pointee.keyword {
            if unsafe strcmp(keyword, "connect_timeout") == 0, let value = unsafe option.pointee.val {
                guard let seconds = unsafe Int(String(cString: value)), seconds > 0 else { return nil }
                return max(2, seconds)
            }
            unsafe option += 1
        }
        return nil
    }

    private static func address(_ handle: OpaquePointer) -> String {
        let host = unsafe PQhost(handle).map { unsafe String(cString: $0) } ?? ""
        let address = unsafe PQhostaddr(handle).map { unsafe String(cString: $0) } ?? ""
        let port = unsafe PQport(handle).map { unsafe String(cString: $0) } ?? ""
        return "\(host) \(address) \(port)"
    }

    static func target(_ handle: OpaquePointer) -> String {
        unsafe Conninfo.target(
            user: PQuser(handle).map { unsafe String(cString: $0) } ?? "",
            host: PQhost(handle).map { unsafe String(cString: $0) } ?? "",
            port: PQport(handle).map { unsafe String(cString: $0) } ?? "",
            database: PQdb(handle).map { unsafe String(cString: $0) } ?? "")
    }

    // PQpass also knows a password from ~/.pgpass or a service file.
    static func secrets(_ handle: OpaquePointer, _ parsed: Conninfo) -> [String] {
        var secrets = parsed.secrets
        if let password = unsafe PQpass(handle).map({ unsafe String(cString: $0) }), !password.isEmpty,
            !secrets.contains(password), ![parsed["user"], parsed["dbname"], parsed["host"]].contains(password)
        {
            secrets.append(password)
        }
        return secrets
    }

    private func unreadable(_ problem: String) -> PostgresError {
        PostgresError(
            operation: "connect to", target: "the server", reason: "the connection string cannot be read: \(problem)",
            hint: "A @, / or % in a url's user or password must be percent-encoded (@ is %40, / is %2F, % is %25).")
    }

    private func failure(_ handle: OpaquePointer, timedOut: Bool) -> PostgresError {
        let secrets = unsafe Connector.secrets(handle, parsed)
        var text = unsafe PQerrorMessage(handle).map { unsafe String(cString: $0) } ?? ""
        if timedOut {
            if !text.isEmpty, !text.hasSuffix("\n") { text += " " }
            text += "timeout expired"
        }
        var failure = Failure(reason: "", whileConnecting: true)
        (failure.reason, failure.sqlState) = Connector.takeState(PostgresError.oneLine(text))
        if failure.reason.isEmpty { failure.reason = "no reason was given" }
        failure.reason = Conninfo.redact(failure.reason, secrets: secrets)
        failure.user = unsafe PQuser(handle).map { unsafe String(cString: $0) } ?? ""
        return PostgresError(
            operation: "connect to", target: parsed.description, reason: failure.reason, sqlState: failure.sqlState,
            hint: failure.hint, isConnectionLost: failure.isNetworkFailure)
    }

    /// Takes the SQLSTATEs out of libpq's verbose text: "… FATAL: 28P01: password …".
    static func takeState(_ text: String) -> (text: String, state: String?) {
        var state: String?
        var words = text.split(separator: " ", omittingEmptySubsequences: false)
        words.removeAll { word in
            guard word.utf8.count == 6, word.last == ":",
                word.dropLast().allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber) }),
                word.dropLast().contains(where: \.isNumber)
            else { return false }
            state = String(word.dropLast())
            return true
        }
        return (words.joined(separator: " "), state)
    }
}
