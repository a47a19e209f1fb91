import Postgres
import Testing

/// Binary fields must come out as the server itself prints them: each test compares with the server's own text.
@Suite("Fields")
struct FieldTests {
    @Test("a numeric keeps exactly the digits that the server prints")
    func numeric() throws {
        var values = [
            "0", "0.0", "0.00000", "1", "-1", "10", "100", "9999", "10000", "10001", "99999999", "100000000", "0.1",
            "-0.1",
            "0.0001", "0.00001", "0.000000001", "1.10", "1.0000", "12345.6789", "123456789012345678901234567890.10",
            "NaN",
            "Infinity", "-Infinity", "1e400", "1e-400", "-1e-300", "1e131071", "5e-16383",
            "0." + String(repeating: "0", count: 200),
            "1000000000000.0000000000001", "40000", "40000.0004", "-0.00", "1e4", "1e8", "1e-4", "1e-5", "1.5e-8",
        ]
        var generator = SeededGenerator(state: 1)
        for _ in 0..<4000 {
            let digits = (0..<Int.random(in: 1...40, using: &generator))
                .map { _ in String(Bool.random(using: &generator) ? 0 : Int.random(in: 0...9, using: &generator)) }
                .joined()
            let sign = Bool.random(using: &generator) ? "-" : ""
            let point = Int.random(in: 0...digits.count, using: &generator)
            let number = "\(sign)0\(digits.prefix(point)).\(digits.dropFirst(point))"
            values.append(
                number.hasSuffix(".")
                    ? number + "0"
                    : number + (Bool.random(using: &generator) ? "" : "e\(Int.random(in: -60...60, using: &generator))")
            )
        }
        let result = try differences(type: "numeric", values: values) { field in
            try text(capacity: Field.numericTextCapacity(field)) { span throws(PostgresError) in
                try Field.numericText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("numerics that are no numbers are told apart")
    func numericIsFinite() throws {
        let expected = ["NaN": "false", "Infinity": "false", "-Infinity": "false", "0": "true", "-12.5": "true"]
        let result = try differences(
            type: "numeric", values: Array(expected.keys),
            serverText: "(v NOT IN ('NaN', 'Infinity', '-Infinity'))::text"
        ) { try String(Field.isFinite(numeric: $0)) }
        #expect(result.count == 5)
        #expect(result.differences == [])
    }

    @Test("a float8 has the fewest digits that read back the same, as the server prints them")
    func float8() throws {
        var values = [
            "0", "-0", "1", "-1", "0.1", "0.5", "1e20", "NaN", "Infinity", "-Infinity", "1e14", "1e15", "1e16",
            "123456789012345",
            "1234567890123456", "999999999999999", "0.0001", "0.00001", "0.00012345", "1.7976931348623157e308",
            "2.2250738585072014e-308", "5e-324", "9007199254740993", "9007199254740992", "1e23", "100", "1e22",
            "8.41e21",
            "2e-7", "123.456", "3.141592653589793", "1e100", "1e-100",
        ]
        values += (-1074...1023).map { "\(Double(sign: .plus, exponent: $0, significand: 1))" }
        var generator = SeededGenerator(state: 2)
        for _ in 0..<4000 {
            let value = Double(bitPattern: generator.next())
            if value.isFinite { values.append("\(value)") }
            values.append("\(Double(Int64.random(in: -1_000_000...1_000_000, using: &generator)) / 1000)")
            // Even, large significands: here decimals fall on the border between two neighbours.
            values.append("\(Double(UInt64.random(in: 1...1_000_000, using: &generator)) * 0x1p64)")
            values.append("\(Double(UInt64.random(in: 1 << 53...(1 << 60), using: &generator)))")
        }
        let result = try differences(type: "float8", values: values) { field in
            try text(capacity: Field.floatTextCapacity) { span throws(PostgresError) in
                try Field.floatText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("a float4 has a float4's digits, not a float8's")
    func float4() throws {
        var values = [
            "0", "-0", "1", "0.1", "0.3", "1e5", "1e6", "123456", "1234567", "999999", "1e20", "NaN", "Infinity",
            "-Infinity",
            "3.4028235e38", "1e-45", "1.1754944e-38", "16777216", "16777217", "0.0001", "0.00001", "33554432",
            "8388608",
        ]
        values += (-149...127).map { "\(Float(sign: .plus, exponent: $0, significand: 1))" }
        var generator = SeededGenerator(state: 3)
        for _ in 0..<6000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            if value.isFinite { values.append("\(value)") }
            values.append("\(Float(UInt32.random(in: (1 << 24)...UInt32.max, using: &generator)))")
        }
        let result = try differences(type: "float4", values: values) { field in
            try text(capacity: Field.floatTextCapacity) { span throws(PostgresError) in
                try Field.floatText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("an interval reads as with intervalstyle = postgres")
    func interval() throws {
        var values = [
            "0", "1 year", "-1 year", "1 mon", "13 mons", "-13 mons", "1 day", "-1 day", "2 days", "1 second",
            "-1 second",
            "0.000001 seconds", "-0.5 seconds", "1 year -1 day", "-1 year +1 day", "1 day -1 second", "-1 day 1 second",
            "-1 mon -1 day -1 second", "-1 mon 0 days 1 second", "1 year 2 mons 3 days 04:05:06.789", "100 hours",
            "23:59:59.999999",
            "-178000000 years", "178000000 years", "2147483646 days", "-2147483648 days", "2562047788:00:54.775806",
            "-1 day +02:03:04", "1 mon -1 day +00:00:00.1", "0.1 seconds", "0.120 seconds",
        ]
        var generator = SeededGenerator(state: 4)
        for _ in 0..<3000 {
            func part(_ limit: Int64) -> Int64 {
                Bool.random(using: &generator) ? 0 : Int64.random(in: -limit...limit, using: &generator)
            }
            values.append("\(part(5000)) mons \(part(4000)) days \(part(400_000_000_000)) microseconds")
        }
        let result = try differences(type: "interval", values: values) { field in
            try text(capacity: Field.intervalTextCapacity) { span throws(PostgresError) in
                try Field.intervalText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("a time and a timetz read as the server prints them")
    func time() throws {
        var values = ["00:00", "24:00:00", "23:59:59.999999", "12:00:00.1", "04:05:06.000001", "01:02:03.120"]
        var zoned = [
            "00:00+00", "24:00:00-15:59", "12:34:56.789+05:30", "12:00-03:30:15", "12:00+15:59:59", "01:02:03+14",
        ]
        var generator = SeededGenerator(state: 5)
        for _ in 0..<3000 {
            func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &generator) }
            let time = "\(number(24)):\(number(60)):\(number(60)).\(number(1_000_000))"
            values.append(time)
            zoned.append("\(time)\(number(2) == 0 ? "+" : "-")\(number(15)):\(number(2) * 30)")
        }
        let times = try differences(type: "time", values: values) { field in
            try text(capacity: Field.timeTextCapacity) { span throws(PostgresError) in
                try Field.timeText(field, to: &span)
            }
        }
        #expect(times.count == values.count)
        #expect(times.differences.prefix(5) == [])
        let zonedTimes = try differences(type: "timetz", values: zoned) { field in
            try text(capacity: Field.timeTextCapacity) { span throws(PostgresError) in
                try Field.timetzText(field, to: &span)
            }
        }
        #expect(zonedTimes.count == zoned.count)
        #expect(zonedTimes.differences.prefix(5) == [])
    }

    @Test("an inet and a cidr read as the server prints them", arguments: ["inet", "cidr"])
    func network(type: String) throws {
        var values = [
            "0.0.0.0/0", "10.0.0.0/8", "127.0.0.1", "255.255.255.255/32", "::", "::1", "::/0", "2001:db8::1",
            "2001:db8::/32",
            "::ffff:1.2.3.4", "::1.2.3.4", "::2", "::ffff:0:0", "1::", "1:0:0:2::", "1:0:0:2:0:0:0:3", "0:0:1::",
            "1:2:3:4:5:6:7:8",
            "1:0:2:0:3:0:4:0", "fe80::", "0:1:2:3:4:5:6:7", "::1:0:0", "::ffff", "::1:0", "64:ff9b::1.2.3.4",
        ]
        if type == "inet" { values += ["10.1.2.3/8", "2001:db8::1/64", "1.2.3.4/31", "::1/0", "::1.2.3.4/64"] }
        var generator = SeededGenerator(state: 6)
        for _ in 0..<3000 {
            let words = (0..<8).map { _ in
                Bool.random(using: &generator)
                    ? 0
                    : UInt16.random(in: 0...UInt16.max, using: &generator)
                        >> UInt16.random(in: 0...15, using: &generator)
            }
            let address = words.map { String($0, radix: 16) }.joined(separator: ":")
            let short = words.prefix(4).map { String($0 & 255) }.joined(separator: ".")
            if type == "inet" {
                values.append("\(address)/\(Int.random(in: 0...128, using: &generator))")
                values.append("\(short)/\(Int.random(in: 0...32, using: &generator))")
            } else {
                values += [address, short]
            }
        }
        // The cast inet::text would show every prefix length; the output function leaves a full one out.
        let result = try differences(type: type, values: values, serverText: "format('%s', v)") { field in
            try text(capacity: Field.inetTextCapacity) { span throws(PostgresError) in
                try Field.inetText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("a uuid is 36 characters in lower case")
    func uuid() throws {
        var values = ["00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"]
        var generator = SeededGenerator(state: 7)
        for _ in 0..<2000 {
            let hex = (0..<2).map { _ in
                let digits = String(generator.next(), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            values.append(hex.joined())
        }
        let result = try differences(type: "uuid", values: values) { field in
            try text(capacity: Field.uuidTextCapacity) { span throws(PostgresError) in
                try Field.uuidText(field, to: &span)
            }
        }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
    }

    @Test("integers and oids keep their whole range", arguments: ["int2", "int4", "int8", "oid"])
    func integers(type: String) throws {
        let values =
            switch type {
            case "int2": ["0", "1", "-1", "-32768", "32767"]
            case "int4": ["0", "-1", "-2147483648", "2147483647"]
            case "oid": ["0", "1", "2147483648", "4294967295"]
            default: ["0", "-1", "-9223372036854775808", "9223372036854775807"]
            }
        let result = try differences(type: type, values: values) { field in
            type == "oid" ? try String(Field.oid(field)) : try String(Field.int64(field))
        }
        #expect(result.count == values.count)
        #expect(result.differences == [])
    }

    @Test("booleans and doubles are read")
    func booleansAndDoubles() throws {
        #expect(try differences(type: "bool", values: ["t", "f"]) { try String(Field.bool($0)) }.differences == [])
        let doubles = try differences(type: "float8", values: ["0.1", "-2.5", "1e300"], serverText: "v::text") {
            field in
            let value = try Field.double(field)
            return value == 0.1 ? "0.1" : value == -2.5 ? "-2.5" : value == 1e300 ? "1e+300" : "?"
        }
        #expect(doubles.differences == [])
        let floats = try differences(type: "float4", values: ["0.5", "-2.25"]) { try String(Field.double($0)) }
        #expect(floats.differences == [])
    }

    @Test(
        "a timestamp is microseconds since 2000 over PostgreSQL's whole range", arguments: ["timestamp", "timestamptz"])
    func timestamp(type: String) throws {
        var values = [
            "2000-01-01 00:00:00", "1999-12-31 23:59:59.999999", "1970-01-01", "4713-11-24 00:00:00 BC",
            "294276-12-31 23:59:59.999999", "0001-01-01", "0001-12-31 BC", "9999-12-31 23:59:59.999999",
            "2026-02-28 12:00:00.5",
        ]
        var generator = SeededGenerator(state: 8)
        for _ in 0..<2000 {
            func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
            let fraction = number(0...999_999)
            values.append(
                "\(number(1000...9999))-\(number(1...12))-\(number(1...28)) \(number(0...23)):\(number(0...59)):\(number(0...59)).\(fraction)"
            )
        }
        let zone = type == "timestamptz" ? "+00" : ""
        // By days and time: extract(epoch …) is rounded far from 1970.
        let since2000 = "v - \(type) '2000-01-01\(zone)'"
        let result = try differences(
            type: type, values: values.map { $0.hasSuffix(" BC") ? "\($0.dropLast(3))\(zone) BC" : $0 + zone },
            serverText: """
                (extract(day FROM \(since2000))::bigint * 86400000000
                + (extract(epoch FROM \(since2000) - extract(day FROM \(since2000)) * interval '1 day') * 1000000)::bigint)::text
                """
        ) { try String(Field.timestamp($0)) }
        #expect(result.count == values.count)
        #expect(result.differences.prefix(5) == [])
        let infinite = try differences(
            type: type, values: ["infinity", "-infinity"],
            serverText: "CASE v WHEN 'infinity' THEN 'max' ELSE 'min' END"
        ) { try Field.timestamp($0) == .max ? "max" : Field.timestamp($0) == .min ? "min" : "?" }
        #expect(infinite.differences == [])
    }

    @Test("a date is days since 2000 over PostgreSQL's whole range")
    func date() throws {
        let values = ["2000-01-01", "1999-12-31", "4713-11-24 BC", "5874897-12-31", "0001-01-01", "2026-11-21"]
        let result = try differences(type: "date", values: values, serverText: "(v - date '2000-01-01')::text") {
            try String(Field.date($0))
        }
        #expect(result.count == values.count)
        #expect(result.differences == [])
        let infinite = try differences(
            type: "date", values: ["infinity", "-infinity"],
            serverText: "CASE v WHEN 'infinity' THEN 'max' ELSE 'min' END"
        ) { try Field.date($0) == .max ? "max" : Field.date($0) == .min ? "min" : "?" }
        #expect(infinite.differences == [])
    }

    @Test(
        "jsonb gives the server's JSON text, json and text their bytes",
        arguments: ["jsonb", "json", "text", "varchar", "name", "xml"])
    func texts(type: String) throws {
        let values =
            type == "xml"
            ? ["<a/>", "<a>é</a>", "<?xml version='1.0' encoding='UTF-8'?><a/>"]
            : [
                "{}", "[1, 2.50, 1e2]", "null", "{\\\"b\\\": \\\"é😀\\\", \\\"a\\\": 123456789012345678901234567890.10}",
                "true",
            ]
        let result = try differences(type: type, values: values, serverText: "format('%s', v)") { field in
            type == "jsonb" ? String(try Field.jsonbText(field)) : String(field)
        }
        #expect(result.count == values.count)
        #expect(result.differences == [])
    }

    @Test("bytea comes raw")
    func bytea() throws {
        let result = try differences(
            type: "bytea", values: ["\\\\x", "\\\\x00ff10", "\\\\xdeadbeef00"], serverText: "encode(v, 'hex')"
        ) { field in
            field.withUnsafeBytes { bytes in bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        }
        #expect(result.count == 3)
        #expect(result.differences == [])
    }
}
