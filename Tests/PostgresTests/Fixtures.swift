import Postgres
import TestSupport

/// One database for all tests of this target: each test makes only temporary tables, or things with names of its own.
let database = Result { try PostgresServer.shared.createDatabase("postgres_tests") }

func connect() throws -> Connection {
    try Connection(database.get().url, applicationName: "postgres-tests")
}

/// The error that a body throws; nil if it throws none.
func errorOf(_ body: () throws -> Void) -> PostgresError? {
    do {
        try body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// Appends text by a decoder and returns it.
func text(
    capacity: Int, _ body: (inout OutputSpan<UInt8>) throws(PostgresError) -> Void
) throws(PostgresError) -> String {
    var failure: PostgresError?
    let bytes = [UInt8](capacity: capacity) { span in
        do throws(PostgresError) { try body(&span) } catch { failure = error }
    }
    if let failure { throw failure }
    return String(decoding: bytes, as: UTF8.self)
}

extension Array where Element == UInt8 {
    fileprivate init(capacity: Int, _ body: (inout OutputSpan<UInt8>) -> Void) {
        self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
            var span = OutputSpan(buffer: buffer, initializedCount: 0)
            body(&span)
            count = span.finalize(for: buffer)
        }
    }
}

extension String {
    init(_ bytes: RawSpan) {
        self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// A generator whose numbers are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    // SplitMix64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A PostgreSQL array's text, every element quoted.
func arrayText(_ elements: [String]) -> String {
    "{" + elements.map { "\"" + $0 + "\"" }.joined(separator: ",") + "}"
}

/// Puts values into a table, reads them back by binary COPY beside the server's own text, and returns what differs.
func differences(
    type: String, values: [String], serverText: String = "v::text", decode: (RawSpan) throws -> String
) throws -> (count: Int, differences: [String]) {
    let connection = try connect()
    try connection.execute("CREATE TEMPORARY TABLE t (v \(type))")
    _ = try connection.query("INSERT INTO t SELECT unnest($1::\(type)[])", [arrayText(values)])
    let reader = try connection.copyOut("COPY (SELECT v, \(serverText) FROM t) TO STDOUT (FORMAT binary)")
    var count = 0
    var differences: [String] = []
    while try reader.next() {
        count += 1
        guard let field = reader.field(0), let serverText = reader.field(1) else { continue }
        let expected = String(serverText)
        let decoded = try decode(field)
        if decoded != expected { differences.append("\(decoded) instead of \(expected)") }
    }
    return (count, differences)
}
