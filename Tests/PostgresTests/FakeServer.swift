import Foundation
import TestSupport
import Synchronization

/// Plays a PostgreSQL server on a Unix socket: lets everybody in and answers every query with the same bytes.
///
/// It says what a real server never says: malformed COPY data, a header by itself, a connection cut at a given byte.
final class FakeServer: Sendable {
    enum Behaviour: Sendable {
        /// Takes connections and says nothing.
        case silent
        /// Answers a query with these bytes, and then ends the connection or not.
        case answer([UInt8], hangUp: Bool)
    }

    let folder: String
    private let listener: Int32
    private let behaviour: Behaviour

    init(_ behaviour: Behaviour) throws {
        self.behaviour = behaviour
        // In the throwaway server's folder, which is deleted even if the tests crash.
        var template = Array("\(try PostgresServer.shared.folder)/fake.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array((folder + "/.s.PGSQL.5432").utf8)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let done = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 8) == 0
            }
        }
        guard done else { throw POSIXError(.EIO) }
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                Thread.detachNewThread { Session(client: client).run(behaviour) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(atPath: folder)
    }

    var url: String { "postgresql:///fake?host=\(folder)&port=5432&user=nobody" }

    // MARK: Messages

    static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        Array(String(type).utf8) + bigEndian(Int32(body.count + 4)) + body
    }

    static func bigEndian<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    /// A COPY's answer: each part a CopyData message, then the regular end.
    static func copy(_ parts: [[UInt8]], columns: Int = 1, end: Bool = true) -> [UInt8] {
        let formats = (0..<columns).flatMap { _ in bigEndian(Int16(1)) }
        var bytes = message("H", [1] + bigEndian(Int16(columns)) + formats)
        for part in parts { bytes += message("d", part) }
        if end { bytes += message("c", []) + message("C", Array("COPY 1\0".utf8)) + message("Z", Array("I".utf8)) }
        return bytes
    }

    static let copyHeader: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    static let copyTrailer: [UInt8] = [0xFF, 0xFF]
}

private struct Session {
    let client: Int32

    func run(_ behaviour: FakeServer.Behaviour) {
        defer { close(client) }
        guard case .answer(let answer, let hangUp) = behaviour else {
            while read(1) != nil {}
            return
        }
        guard let startup = readBody(), startup.count >= 4 else { return }
        // A cancel request is answered by hanging up.
        if Array(startup.prefix(4)) == FakeServer.bigEndian(Int32(80_877_102)) { return }
        write(FakeServer.message("R", [0, 0, 0, 0]) + FakeServer.message("Z", Array("I".utf8)))
        while let type = read(1)?.first, readBody() != nil {
            if type == UInt8(ascii: "X") { return }
            write(answer)
            if hangUp { return }
        }
    }

    private func readBody() -> [UInt8]? {
        guard let length = read(4) else { return nil }
        return read(length.reduce(0) { $0 << 8 | Int($1) } - 4)
    }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let got = recv(client, &chunk, chunk.count, 0)
            if got <= 0 { return nil }
            bytes += chunk.prefix(got)
        }
        return bytes
    }

    private func write(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes.withUnsafeBytes {
                send(client, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            if sent <= 0 { return }
            offset += sent
        }
    }
}
