import CCurl
import Glibc

/// One of libcurl's easy handles, with its connections. It is used by one thread at a time.
@safe final class HTTPHandle: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    /// Where libcurl writes what went wrong.
    private let message: UnsafeMutablePointer<CChar>

    init() throws(HTTPFailure) {
        guard let handle = unsafe curl_easy_init() else {
            throw HTTPFailure(reason: "libcurl has no memory for a request", isTransient: true)
        }
        unsafe self.handle = unsafe handle
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe message.deallocate()
    }

    /// Sends a request and takes the answer; what it points libcurl to lives until it returns.
    func perform(
        _ request: HTTPRequest, _ timeouts: HTTPTimeouts, certificates: String?
    ) throws(HTTPFailure) -> HTTPAnswer {
        // Forgets the last request, keeps the connections.
        unsafe curl_easy_reset(handle)
        unsafe message.pointee = 0
        let headers = HeaderList(request)
        let answer = AnswerCollector(limit: request.answerLimit)
        let context = unsafe Unmanaged.passUnretained(answer).toOpaque()

        var problem = CURLE_OK
        func check(_ code: CURLcode) { if problem == CURLE_OK { problem = code } }
        check(unsafe tm_curl_set_text(handle, CURLOPT_URL, request.url))
        check(unsafe tm_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"))
        // The path is signed as it stands, so libcurl must not tidy it.
        check(unsafe tm_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1))
        check(unsafe tm_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        check(unsafe tm_curl_set_long(handle, CURLOPT_NOSIGNAL, 1))
        check(unsafe tm_curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1))
        check(unsafe tm_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT, timeouts.connect))
        check(unsafe tm_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1))
        check(unsafe tm_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, request.stallTimeout ?? timeouts.stall))
        check(unsafe tm_curl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10))
        check(unsafe tm_curl_set_long(handle, CURLOPT_BUFFERSIZE, 128 << 10))
        if let certificates { check(unsafe tm_curl_set_text(handle, CURLOPT_CAINFO, certificates)) }
        check(unsafe tm_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, message))
        check(unsafe tm_curl_set_headers(handle, headers.list))
        check(unsafe tm_curl_set_taker(handle, CURLOPT_HEADERFUNCTION, takeHeader))
        check(unsafe tm_curl_set_pointer(handle, CURLOPT_HEADERDATA, context))
        check(unsafe tm_curl_set_taker(handle, CURLOPT_WRITEFUNCTION, takeBody))
        check(unsafe tm_curl_set_pointer(handle, CURLOPT_WRITEDATA, context))

        if let body = request.body {
            // Sent straight from the array's memory, also again if a kept connection turns out to be closed.
            unsafe body.withUnsafeBytes { bytes in
                check(unsafe tm_curl_set_long(handle, CURLOPT_POST, 1))
                check(unsafe tm_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)))
                if let start = bytes.baseAddress, !body.isEmpty {
                    check(unsafe tm_curl_set_pointer(handle, CURLOPT_POSTFIELDS, start))
                } else {
                    check(unsafe tm_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, ""))
                }
                check(unsafe tm_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method))
                if problem == CURLE_OK { problem = transfer() }
            }
        } else {
            if request.method == "HEAD" {
                check(unsafe tm_curl_set_long(handle, CURLOPT_NOBODY, 1))
            } else {
                check(unsafe tm_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method))
            }
            if problem == CURLE_OK { problem = transfer() }
        }
        withExtendedLifetime((answer, headers)) {}
        if problem != CURLE_OK { throw failure(problem, request, answer) }
        return HTTPAnswer(status: answer.status, headers: answer.headers, body: answer.body)
    }

    /// curl_easy_perform; with NOSIGNAL a TLS connection that is gone could raise SIGPIPE, which nobody else shall see.
    private func transfer() -> CURLcode {
        var pipe = sigset_t()
        var before = sigset_t()
        var pending = sigset_t()
        unsafe sigemptyset(&pipe)
        unsafe sigaddset(&pipe, SIGPIPE)
        unsafe sigemptyset(&pending)
        unsafe sigpending(&pending)
        let wasPending = unsafe sigismember(&pending, SIGPIPE) == 1
        unsafe pthread_sigmask(SIG_BLOCK, &pipe, &before)
        let result = unsafe curl_easy_perform(handle)
        if !wasPending {
            var now = timespec()
            while unsafe sigtimedwait(&pipe, nil, &now) < 0, errno == EINTR {}
        }
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        return result
    }

    private func failure(_ code: CURLcode, _ request: HTTPRequest, _ answer: AnswerCollector) -> HTTPFailure {
        var text = unsafe String(cString: message)
        if text.isEmpty { text = unsafe String(cString: curl_easy_strerror(code)) }
        return HTTPFailure(code, text, request, isTooLong: answer.isTooLong)
    }
}

/// A request's header lines as libcurl wants them.
@safe private final class HeaderList {
    private(set) var list: UnsafeMutablePointer<curl_slist>?

    init(_ request: HTTPRequest) {
        unsafe list = nil
        for (name, value) in request.headers {
            // A header without a value needs a semicolon, or libcurl takes the header away.
            append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        // libcurl would name a form otherwise.
        let hasType = request.headers.contains { $0.name.lowercased() == "content-type" }
        if request.body != nil, !hasType { append("Content-Type:") }
    }

    private func append(_ line: String) { unsafe list = unsafe curl_slist_append(list, line) }

    deinit { unsafe curl_slist_free_all(list) }
}

/// What has come of an answer.
private final class AnswerCollector {
    let limit: Int
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    var isTooLong = false

    init(limit: Int) { self.limit = limit }

    /// - Returns: whether to go on.
    func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        if body.count + bytes.count > limit {
            isTooLong = true
            return false
        }
        if body.isEmpty, let length = headers["content-length"].flatMap({ Int($0) }), length <= limit {
            body.reserveCapacity(length)
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    func take(header bytes: UnsafeRawBufferPointer) {
        let line = unsafe String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The final answer's head follows that of `100 Continue`.
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0.prefix(3)) } ?? 0
            headers = [:]
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            headers[line[..<colon].lowercased()] = Self.trimmed(value)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let answer = unsafe Unmanaged<AnswerCollector>.fromOpaque(context).takeUnretainedValue()
    let taken = unsafe answer.take(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return taken ? size * count : 0
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let answer = unsafe Unmanaged<AnswerCollector>.fromOpaque(context).takeUnretainedValue()
    unsafe answer.take(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
