import Foundation
import Synchronization
import TestSupport

/// An HTTP server on loopback that answers what a test tells it to: for what real servers do only now and then.
final class StubServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query.
        var target: String
        /// By lower-case name.
        var headers: [String: String]
        var body: [UInt8]
    }

    enum Reply: Sendable {
        case answer(Int, headers: [String: String] = [:], body: String = "")
        /// The head of an answer with this length, and then fewer bytes.
        case cutOff(length: Int, body: String)
        /// The connection is closed without an answer.
        case hangUp
        /// The connection stays open and nothing comes.
        case silence
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex((requests: [Request](), connections: 0))
    private let handler: @Sendable (Request, Int) -> Reply

    /// - Parameter handler: is given the request and how many came before it.
    init(_ handler: @escaping @Sendable (Request, Int) -> Reply) throws {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isUp = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && getsockname(listener, address, &length) == 0
            }
        }
        guard isUp, listen(listener, 32) == 0 else { throw TestSupportError("No stub server: \(errno).") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    // Here and not in deinit: the number could be another socket's before this thread has noticed.
                    close(listener)
                    return
                }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                guard let self else {
                    close(connection)
                    return
                }
                self.state.withLock { $0.connections += 1 }
                Thread.detachNewThread { [weak self] in
                    while let self, let request = Self.read(connection), self.reply(to: request, connection) {}
                    // Ends it also if a child process that was started in between has a copy.
                    shutdown(connection, Int32(SHUT_RDWR))
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// What has been asked so far.
    var requests: [Request] { state.withLock { $0.requests } }
    /// How many connections have been taken so far.
    var connections: Int { state.withLock { $0.connections } }
    var endpoint: String { "http://127.0.0.1:\(port)" }

    /// - Returns: whether the connection goes on.
    private func reply(to request: Request, _ connection: Int32) -> Bool {
        let before = state.withLock { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
        switch handler(request, before) {
        case .answer(let status, let headers, let body):
            var head = "HTTP/1.1 \(status) Stub\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            if !headers.keys.contains(where: { $0.lowercased() == "content-length" }) {
                head += "Content-Length: \(body.utf8.count)\r\n"
            }
            return Self.write(connection, head + "\r\n" + (request.method == "HEAD" ? "" : body))
        case .cutOff(let length, let body):
            _ = Self.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n\(body)")
            return false
        case .hangUp: return false
        case .silence:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        }
    }

    private static func write(_ connection: Int32, _ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                send(connection, bytes.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        func more() -> Bool {
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 0 { bytes += buffer[..<count] }
            return count > 0
        }
        let end = Array("\r\n\r\n".utf8)
        var head: Int?
        while head == nil {
            guard more() else { return nil }
            head = bytes.indices.first { bytes[$0...].starts(with: end) }
        }
        let lines = String(decoding: bytes[..<head!], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        bytes.removeFirst(head! + 4)
        if headers["expect"] == "100-continue" {
            guard write(connection, "HTTP/1.1 100 Continue\r\n\r\n") else { return nil }
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while bytes.count < length { guard more() else { return nil } }
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: bytes)
    }
}
