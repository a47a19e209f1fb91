import CCurl
import Synchronization

/// HTTP by libcurl, for any number of threads.
///
/// It keeps the handles of finished transfers with their connections, so that the next request goes over an open one.
final class HTTPClient: Sendable {
    private let timeouts: HTTPTimeouts
    /// A file with the certificates that are trusted instead of the system's.
    private let certificates: String?
    private let idle = Mutex<[HTTPHandle]>([])

    /// Handles beyond this many are closed and not kept.
    private static let mostIdle = 32
    /// What libcurl must do before it is used by several threads.
    private static let start: CURLcode = tm_curl_start()

    init(timeouts: HTTPTimeouts = HTTPTimeouts(), certificates: String? = nil) {
        self.timeouts = timeouts
        self.certificates = certificates
    }

    /// Sends a request and waits for the answer, whatever its status.
    func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPAnswer {
        guard Self.start == CURLE_OK else {
            throw HTTPFailure(reason: "libcurl could not be started", isTransient: false)
        }
        let handle = try take()
        let answer = try handle.perform(request, timeouts, certificates: certificates)
        idle.withLock { if $0.count < Self.mostIdle { $0.append(handle) } }
        return answer
    }

    private func take() throws(HTTPFailure) -> HTTPHandle {
        if let handle = idle.withLock({ $0.popLast() }) { return handle }
        return try HTTPHandle()
    }
}
