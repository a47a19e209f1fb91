import Postgres
import Testing

@Suite("Malformed fields")
struct MalformedFieldTests {
    /// What each decoder makes of some bytes: its name if it refuses them.
    private func refusals(_ bytes: [UInt8]) -> Set<String> {
        let field = bytes.span.bytes
        var refusals: Set<String> = []
        do { _ = try Field.bool(field) } catch { refusals.insert("bool") }
        do { _ = try Field.int64(field) } catch { refusals.insert("int64") }
        do { _ = try Field.oid(field) } catch { refusals.insert("oid") }
        do { _ = try Field.double(field) } catch { refusals.insert("double") }
        do { _ = try Field.timestamp(field) } catch { refusals.insert("timestamp") }
        do { _ = try Field.date(field) } catch { refusals.insert("date") }
        do { _ = try Field.jsonbText(field) } catch { refusals.insert("jsonb") }
        let capacity = (try? Field.numericTextCapacity(field)) ?? 0
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(capacity, 200))
        defer { buffer.deallocate() }
        func attempt(_ name: String, _ capacity: Int, _ body: (inout OutputSpan<UInt8>) throws(PostgresError) -> Void) {
            var span = OutputSpan(
                buffer: UnsafeMutableBufferPointer(rebasing: buffer[..<capacity]), initializedCount: 0)
            do throws(PostgresError) { try body(&span) } catch { refusals.insert(name) }
        }
        attempt("numeric", capacity) { span throws(PostgresError) in try Field.numericText(field, to: &span) }
        attempt("float", Field.floatTextCapacity) { span throws(PostgresError) in try Field.floatText(field, to: &span)
        }
        attempt("time", Field.timeTextCapacity) { span throws(PostgresError) in try Field.timeText(field, to: &span) }
        attempt("timetz", Field.timeTextCapacity) { span throws(PostgresError) in try Field.timetzText(field, to: &span)
        }
        attempt("interval", Field.intervalTextCapacity) { span throws(PostgresError) in
            try Field.intervalText(field, to: &span)
        }
        attempt("inet", Field.inetTextCapacity) { span throws(PostgresError) in try Field.inetText(field, to: &span) }
        attempt("uuid", Field.uuidTextCapacity) { span throws(PostgresError) in try Field.uuidText(field, to: &span) }
        do {
            var array = try ArrayField(field)
            while try array.next() { _ = array.element?.byteCount }
        } catch { refusals.insert("array") }
        return refusals
    }

    @Test("an empty field is refused by every decoder")
    func empty() {
        #expect(
            refusals([]) == [
                "bool", "int64", "oid", "double", "timestamp", "date", "jsonb", "numeric", "float", "time", "timetz",
                "interval", "inet", "uuid", "array",
            ])
    }

    @Test(
        "a wrong head is refused",
        arguments: [
            ("numeric", [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]),  // two digits announced, one there
            ("numeric", [0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10]),  // the digit 10000
            ("numeric", [0, 0, 0, 0, 0x12, 0x34, 0, 0]),  // an unknown sign
            ("numeric", [0, 0, 0, 0, 0, 0, 0x40, 0]),  // a scale above 16383
            ("time", [0x7F, 0, 0, 0, 0, 0, 0, 0]),
            ("time", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            ("timetz", [0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0]),
            ("inet", [2, 33, 0, 4, 1, 2, 3, 4]),  // a prefix of 33 bits
            ("inet", [2, 32, 0, 16, 1, 2, 3, 4]),
            ("inet", [9, 32, 0, 4, 1, 2, 3, 4]),
            ("jsonb", [2, 0x7B, 0x7D]),
            ("array", [0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 25]),  // seven dimensions
            ("array", [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]),  // 2^31 elements
            ("array", [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 65]),  // cut off
            ("array", [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFE]),  // -2
            ("array", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 1]),  // a byte too many
        ] as [(String, [UInt8])])
    func wrongHead(decoder: String, bytes: [UInt8]) {
        #expect(refusals(bytes).contains(decoder))
    }

    @Test("no bytes make a decoder crash or write more than it said")
    func noise() {
        var generator = SeededGenerator(state: 9)
        var refused = 0
        for round in 0..<40_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                Bool.random(using: &generator) ? 0 : UInt8.random(in: 0...255, using: &generator)
            }
            // Half of them with a head that lets numeric and array in.
            if round % 4 == 0, bytes.count >= 8 {
                bytes.replaceSubrange(0..<2, with: [0, UInt8((bytes.count - 8) / 2)])
                bytes[4] = 0
                bytes[5] = 0
            } else if round % 4 == 1, bytes.count >= 20 {
                bytes.replaceSubrange(
                    0..<16, with: [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 25, 0, 0, 0, UInt8(round % 4 + 1)])
            }
            refused += refusals(bytes).count
        }
        #expect(refused > 0)
    }
}
