import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Binary COPY")
struct CopyReaderTests {
    private func count(_ reader: CopyReader) throws -> Int {
        var rows = 0
        while try reader.next() { rows += 1 }
        return rows
    }

    /// A field's length in bytes; nil is NULL.
    private func length(_ field: Int, of reader: CopyReader) -> Int? {
        guard let field = reader.field(field) else { return nil }
        return field.byteCount
    }

    @Test("every row comes, once and in order")
    func everyRow() throws {
        let reader = try connect().copyOut(
            "COPY (SELECT i, 'row ' || i FROM generate_series(1, 150000) i) TO STDOUT (FORMAT binary)")
        var rows = 0
        while try reader.next() {
            rows += 1
            guard reader.fieldCount == 2, let number = reader.field(0), let name = reader.field(1) else {
                Issue.record("row \(rows) lacks fields")
                return
            }
            let isRight = try Field.int64(number) == rows && String(name) == "row \(rows)"
            if !isRight { Issue.record("row \(rows) is wrong") }
        }
        #expect(rows == 150_000)
        #expect(reader.bytesRead > 150_000 * 18)
        #expect(reader.fieldCount == 0)
        #expect(try !reader.next(), "after the end there is nothing more")
    }

    @Test("a COPY without rows is no error")
    func empty() throws {
        let connection = try connect()
        #expect(try count(connection.copyOut("COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)")) == 0)
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test("NULL and the empty string are told apart")
    func nulls() throws {
        let reader = try connect().copyOut(
            "COPY (SELECT NULL::text, ''::text, NULL::int, 0::int2) TO STDOUT (FORMAT binary)")
        #expect(try reader.next())
        #expect((0..<4).map { length($0, of: reader) } == [nil, 0, nil, 2])
        #expect(try !reader.next())
    }

    @Test("a row can have no field at all")
    func noColumns() throws {
        let reader = try connect().copyOut("COPY (SELECT FROM generate_series(1, 3)) TO STDOUT (FORMAT binary)")
        #expect(try count(reader) == 3)
    }

    @Test("rows of 1,600 fields come whole")
    func wide() throws {
        let list = (1...1600).map { $0 % 7 == 0 ? "NULL::int8" : "\($0)::int8 * r" }.joined(separator: ",")
        let reader = try connect().copyOut(
            "COPY (SELECT \(list) FROM generate_series(1, 20) r) TO STDOUT (FORMAT binary)")
        var rows: Int64 = 0
        while try reader.next() {
            rows += 1
            try #require(reader.fieldCount == 1600)
            for index in 0..<1600 {
                guard let field = reader.field(index) else {
                    if (index + 1) % 7 != 0 { Issue.record("field \(index) is NULL") }
                    continue
                }
                if try Field.int64(field) != Int64(index + 1) * rows { Issue.record("field \(index) is wrong") }
            }
        }
        #expect(rows == 20)
    }

    @Test("a field of many megabytes comes whole")
    func large() throws {
        let reader = try connect().copyOut("COPY (SELECT repeat('äb', 10000000)) TO STDOUT (FORMAT binary)")
        #expect(try reader.next())
        #expect(length(0, of: reader) == 30_000_000)
        #expect(try !reader.next())
    }

    @Test("an error in the middle is thrown with its SQLSTATE, and the connection goes on")
    func errorInTheMiddle() throws {
        let connection = try connect()
        let reader = try connection.copyOut(
            "COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 100000) i) TO STDOUT (FORMAT binary)")
        let error = errorOf { _ = try count(reader) }
        #expect(error?.sqlState == "22012")
        #expect(error?.isConnectionLost == false)
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test("another thread can cancel a COPY that runs")
    func cancel() throws {
        let connection = try connect()
        let reader = try connection.copyOut("COPY (SELECT generate_series(1, 2000000000)) TO STDOUT (FORMAT binary)")
        let handle = connection.cancelHandle()
        Thread.detachNewThread {
            usleep(200_000)
            try? handle.cancel()
        }
        let error = errorOf { _ = try count(reader) }
        #expect(error?.sqlState == "57014")
        #expect(error?.hint != nil)
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test("a COPY whose session is terminated ends in a lost connection, not in fewer rows")
    func terminated() throws {
        let connection = try connect()
        let reader = try connection.copyOut("COPY (SELECT generate_series(1, 2000000000)) TO STDOUT (FORMAT binary)")
        for _ in 0..<1000 { _ = try reader.next() }
        let other = try connect()
        #expect(
            try other.query("SELECT pg_terminate_backend($1::int)", [String(connection.serverProcess)]).rows == [["t"]])
        let error = errorOf { _ = try count(reader) }
        #expect(error?.isConnectionLost == true)
        #expect(error?.isRetryable == true)
        #expect(connection.isLost)
        #expect(errorOf { try connection.execute("SELECT 1") }?.isConnectionLost == true)
    }

    @Test("a reader let go before the end leaves a connection that works")
    func abandoned() throws {
        let connection = try connect()
        do {
            let reader = try connection.copyOut(
                "COPY (SELECT generate_series(1, 2000000000)) TO STDOUT (FORMAT binary)")
            for _ in 0..<10 { _ = try reader.next() }
        }
        #expect(try connection.query("SELECT 42").rows == [["42"]])
        do { _ = try connection.copyOut("COPY (SELECT 1) TO STDOUT (FORMAT binary)") }
        #expect(try connection.query("SELECT 43").rows == [["43"]])
    }

    @Test("while a COPY is read nothing else can be asked, and the COPY takes no harm")
    func busy() throws {
        let connection = try connect()
        let reader = try connection.copyOut("COPY (SELECT generate_series(1, 1000)) TO STDOUT (FORMAT binary)")
        #expect(try reader.next())
        #expect(errorOf { try connection.execute("SELECT 1") } != nil)
        #expect(errorOf { _ = try connection.query("SELECT 1") } != nil)
        #expect(errorOf { _ = try connection.copyOut("COPY (SELECT 1) TO STDOUT (FORMAT binary)") } != nil)
        #expect(try count(reader) == 999)
    }

    @Test(
        "what is no binary COPY to the client is refused, and the connection goes on",
        arguments: [
            "SELECT 1", "CREATE TEMPORARY TABLE c (a int)", "COPY (SELECT 1) TO STDOUT", "", "COPY pg_class FROM STDIN",
        ])
    func notACopy(sql: String) throws {
        let connection = try connect()
        #expect(errorOf { _ = try connection.copyOut(sql) } != nil)
        #expect(try connection.query("SELECT 1").count == 1)
    }

    @Test("a reader keeps its connection alive")
    func keepsConnection() throws {
        var reader: CopyReader? = try connect().copyOut(
            "COPY (SELECT generate_series(1, 100)) TO STDOUT (FORMAT binary)")
        #expect(try reader.map { try count($0) } == 100)
        reader = nil
    }
}

@Suite("COPY data as no sane server sends it")
struct MalformedCopyTests {
    private static let row: [UInt8] = [0, 1, 0, 0, 0, 1, 65]

    private func read(_ parts: [[UInt8]], end: Bool = true, hangUp: Bool = false) throws -> Int {
        let server = try FakeServer(.answer(FakeServer.copy(parts, end: end), hangUp: hangUp))
        let connection = try Connection(server.url, applicationName: "postgres-tests")
        let reader = try connection.copyOut("COPY …")
        var rows = 0
        while try reader.next() { rows += 1 }
        return rows
    }

    @Test("header, rows and trailer may come in messages of their own, with an extension in the header")
    func unusualButRight() throws {
        let (header, trailer) = (FakeServer.copyHeader, FakeServer.copyTrailer)
        #expect(try read([header, Self.row, Self.row, trailer]) == 2)
        #expect(try read([header + Self.row, trailer]) == 1)
        #expect(try read([header + trailer]) == 0)
        #expect(try read([header.dropLast() + [3, 7, 7, 7] + Self.row, trailer]) == 1)
    }

    @Test(
        "malformed data is an error that says so",
        arguments: [
            [[]],
            [[1, 2, 3]],
            [Array("PGCOPY\r\n".utf8) + [UInt8](repeating: 0, count: 20)],
            [Array(FakeServer.copyHeader.dropLast(8)) + [0, 1, 0, 0, 0, 0, 0, 0]],  // an unknown flag
            [Array(FakeServer.copyHeader.dropLast(4)) + [0, 0, 0, 9]],  // an extension cut off
            [Array(FakeServer.copyHeader.dropLast(4)) + [0xFF, 0xFF, 0xFF, 0xFF]],
            [FakeServer.copyHeader, [0]],
            [FakeServer.copyHeader, [0xFF, 0xFE]],  // -2 fields
            [FakeServer.copyHeader, [0, 1]],
            [FakeServer.copyHeader, [0, 1, 0, 0, 0]],
            [FakeServer.copyHeader, [0, 1, 0, 0, 0, 2, 65]],
            [FakeServer.copyHeader, [0, 1, 0x7F, 0xFF, 0xFF, 0xFF, 65]],
            [FakeServer.copyHeader, [0, 1, 0xFF, 0xFF, 0xFF, 0xFE]],  // a length of -2
            [FakeServer.copyHeader, [0x7F, 0xFF, 0, 0, 0, 0]],
            [FakeServer.copyHeader, [0, 1, 0, 0, 0, 1, 65, 66]],  // a byte too many
            [FakeServer.copyHeader, [0xFF, 0xFF, 0]],
            [FakeServer.copyHeader, FakeServer.copyTrailer, [0, 0]],  // a row after the trailer
            [FakeServer.copyHeader, row],  // no trailer
            [],
        ] as [[[UInt8]]])
    func malformed(parts: [[UInt8]]) throws {
        let error = errorOf { _ = try read(parts) }
        #expect(error?.reason.contains("malformed") == true, "\(String(describing: error))")
    }

    @Test("a connection that ends in the middle is an error, even after the trailer")
    func cutOff() throws {
        let (header, trailer) = (FakeServer.copyHeader, FakeServer.copyTrailer)
        for parts in [[header + Self.row], [header + Self.row, trailer]] {
            let error = errorOf { _ = try read(parts, end: false, hangUp: true) }
            #expect(error?.isConnectionLost == true, "\(String(describing: error))")
        }
    }
}
