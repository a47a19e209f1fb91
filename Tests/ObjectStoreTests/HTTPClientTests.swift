import Foundation
import TestSupport
import Testing

@testable import ObjectStore

@Suite struct HTTPClientTests {
    func get(_ url: String, limit: Int = 1 << 20) -> HTTPRequest {
        HTTPRequest(method: "GET", url: url, answerLimit: limit)
    }

    @Test("Requests that follow each other go over one connection, whatever their method and answer")
    func keepAlive() throws {
        let server = try StubServer { request, number in
            .answer(number % 3 == 2 ? 404 : 200, body: request.method == "GET" ? "hello" : "")
        }
        let client = HTTPClient()
        for method in ["GET", "HEAD", "DELETE", "PUT", "POST", "PUT", "GET", "HEAD", "GET"] {
            let hasBody = method == "PUT" || method == "POST"
            let answer = try client.send(
                HTTPRequest(
                    method: method, url: server.endpoint + "/x",
                    body: hasBody ? [UInt8](repeating: 7, count: 100_000) : nil,
                    answerLimit: 100))
            #expect(answer.body == (method == "GET" ? Array("hello".utf8) : []))
        }
        #expect(server.connections == 1)
        #expect(server.requests.map(\.body.count) == [0, 0, 0, 100_000, 100_000, 100_000, 0, 0, 0])
    }

    @Test("A body arrives as it is, large or empty, and its path and headers are sent as given")
    func body() throws {
        let server = try StubServer { _, _ in .answer(200) }
        let client = HTTPClient()
        let large = Conformance.bytes(5_000_000)
        for body in [large, [], [0]] {
            _ = try client.send(
                HTTPRequest(
                    method: "PUT", url: server.endpoint + "/a/../b%2Fc/./d?x=%20&y",
                    headers: [("X-Test", "1"), ("X-Empty", "")],
                    body: body, answerLimit: 100))
        }
        let isSame = server.requests.map(\.body) == [large, [], [0]]
        #expect(isSame)
        for request in server.requests {
            #expect(request.target == "/a/../b%2Fc/./d?x=%20&y")
            #expect(request.headers["x-test"] == "1")
            #expect(request.headers["x-empty"] == "")
            #expect(request.headers["content-type"] == nil)
            #expect(request.headers["transfer-encoding"] == nil)
            #expect(request.headers["content-length"] == "\(request.body.count)")
        }
    }

    @Test("A kept connection that the server has closed meanwhile costs nothing but a new one, with the whole body")
    func closedConnection() throws {
        let server = try StubServer { _, number in number == 1 ? .hangUp : .answer(200, body: "\(number)") }
        let client = HTTPClient()
        #expect(try client.send(get(server.endpoint)).body == Array("0".utf8))
        let body = Conformance.bytes(300_000)
        let answer = try client.send(HTTPRequest(method: "PUT", url: server.endpoint, body: body, answerLimit: 100))
        #expect(answer.body == Array("2".utf8))
        let isSame = server.requests.last?.body == body
        #expect(isSame)
    }

    @Test("An answer that is longer than expected is not taken into memory")
    func limit() throws {
        let server = try StubServer { _, _ in .answer(200, body: String(repeating: "x", count: 1001)) }
        let failure = try #require(throws: HTTPFailure.self) {
            try HTTPClient().send(get(server.endpoint, limit: 1000))
        }
        #expect(failure.reason.contains("longer than the 1000 bytes"))
        #expect(!failure.isTransient)
        #expect(try HTTPClient().send(get(server.endpoint, limit: 1001)).body.count == 1001)
    }

    @Test("An answer that breaks off is an error that may pass")
    func cutOff() throws {
        let server = try StubServer { _, number in .cutOff(length: 10, body: "12345") }
        let failure = try #require(throws: HTTPFailure.self) { try HTTPClient().send(get(server.endpoint)) }
        #expect(failure.isTransient)
    }

    @Test("A server that falls silent is given up in time, and named")
    func silence() throws {
        let server = try StubServer { _, _ in .silence }
        let client = HTTPClient(timeouts: HTTPTimeouts(connect: 2, stall: 1))
        let start = Date()
        let failure = try #require(throws: HTTPFailure.self) { try client.send(get(server.endpoint)) }
        #expect(Date().timeIntervalSince(start) < 10)
        #expect(failure.isTransient)
        #expect(failure.reason.contains("127.0.0.1:\(server.port) did not answer in time"))
    }

    @Test("A name that nobody knows is named in the error, with a hint")
    func unknownName() throws {
        let failure = try #require(throws: HTTPFailure.self) {
            try HTTPClient().send(get("http://no-such-host.invalid:1/x"))
        }
        #expect(failure.isTransient)
        #expect(failure.reason.contains("no-such-host.invalid:1"))
        #expect(failure.hint?.contains("DNS") == true)
    }

    @Test("A server that speaks something else, a wrong scheme: lasting errors, not retried")
    func nonsense() throws {
        for url in ["ftp://127.0.0.1/x", "http://127.0.0.1:99999/", "http://"] {
            let failure = try #require(throws: HTTPFailure.self) { try HTTPClient().send(get(url)) }
            #expect(!failure.isTransient, "\(url)")
        }
    }

    @Test("The connection's port is named also where the URL leaves it out")
    func serverName() {
        #expect(HTTPFailure.server(of: "https://h/x?y") == "h:443")
        #expect(HTTPFailure.server(of: "http://h?x:1") == "h:80")
        #expect(HTTPFailure.server(of: "http://h:81/") == "h:81")
        #expect(HTTPFailure.server(of: "http://[::1]/") == "[::1]:80")
        #expect(HTTPFailure.server(of: "http://[::1]:9/") == "[::1]:9")
    }
}
