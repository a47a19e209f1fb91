import Records

/// Makes JSON documents of all sorts, and plans for them.
struct DocumentGenerator {
    var random: SeededGenerator
    /// Whether objects may repeat keys and white space may hold line ends, as the type `json` allows.
    var isLoose: Bool

    static let keys = [
        "a", "b", "id", "user", "", "a.b", "a/b", "~", "~1", "/", "\"q\"", "back\\slash", "é", "e\u{301}", "日本", "😀",
        "new\nline", "tab\t", "\u{1}", "exactly6", "fourteen_bytes", "fifteen_bytes__", "sixteen_bytes___",
        "a key that is longer than two words of eight bytes", "a key that is longer than two words of eight bytez",
        "A", "payload", "\u{7F}", "\u{FFFF}", "{", "}", ":", ",",
    ]
    static let numbers = [
        "0", "-0", "1", "-1", "7", "42", "123456789", "1234567890123456789", "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999999999999",
        "0.1", "-0.0", "1.50", "1.500", "123.45", "1e10", "1E+5", "2.5e-3", "1e400",
        "123456789012345678901234567890.10",
        "100000000", "99999999", "10000000000000000", "0.000001",
    ]
    static let strings = [
        "", "x", "plain", "comma, inside", "quote\" inside", "back\\slash", "line\nend", "\r\n", "tab\t", "é", "日本語",
        "😀 smile",
        "\u{8}\u{C}", "\u{1F}", "\\.", "NULL", "\\N", "2026-10-31", "2024-02-30", "2026-10-31T23:59:59.123456Z",
        "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "true", "12",
        " lead and trail ",
        "exactly8", "fifteen_bytes__", "sixteen_bytes___", "seventeen_bytes__", "/", "~0", "'", ";", "|", "\u{7F}",
        "\u{2028}",
    ]

    mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    mutating func space() -> String {
        isLoose ? pick(["", "", "", " ", "  ", "\n", "\r\n\t"]) : ""
    }

    /// A string as JSON writes it, with escapes that need not be there now and then.
    mutating func quoted(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += chance(3) ? "\\u000a" : "\\n"
            case "\r": json += "\\r"
            case "\t": json += "\\t"
            case "\u{8}": json += "\\b"
            case "\u{C}": json += "\\f"
            case "/" where chance(2): json += "\\/"
            case _ where scalar.value < 0x20 || chance(40):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: chance(2))
                    json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: json.unicodeScalars.append(scalar)
            }
        }
        if isLoose, chance(60) {
            json += pick(["\\ud800", "\\uDC00", "\\u0000", "\\ud83d\\ud83d\\ude00", "\\ud800\\u0041"])
        }
        return json + "\""
    }

    mutating func string() -> String {
        if chance(30) { return String(repeating: pick(Self.strings), count: Int.random(in: 1...60, using: &random)) }
        return pick(Self.strings)
    }

    mutating func value(_ level: Int) -> String {
        switch Int.random(in: 0..<(level > 3 ? 6 : 10), using: &random) {
        case 0: return "null"
        case 1: return pick(["true", "false"])
        case 2, 3: return pick(Self.numbers)
        case 4, 5: return quoted(string())
        case 6:
            let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in space() + value(level + 1) + space() }
            return "[" + (elements.isEmpty ? space() : elements.joined(separator: ",")) + "]"
        default: return object(level + 1)
        }
    }

    mutating func object(_ level: Int) -> String {
        var keys: [String] = []
        for _ in 0..<Int.random(in: 0...(chance(20) ? 30 : 6), using: &random) {
            let key = chance(12) ? "k\(Int.random(in: 0..<400, using: &random))" : pick(Self.keys)
            // Strings that are canonically equal are still two keys.
            if !isLoose || !chance(4), keys.contains(where: { Array($0.utf8) == Array(key.utf8) }) { continue }
            keys.append(key)
        }
        var members: [String] = []
        for key in keys {
            members.append(space() + quoted(key) + space() + ":" + (isLoose ? space() : " ") + value(level))
        }
        return "{" + members.joined(separator: isLoose ? "," : ", ") + space() + "}"
    }

    mutating func document() -> String {
        space() + (chance(40) ? value(9) : object(0)) + space()
    }

    /// Some of a document's own paths, some others, each with a type that fits half of the time.
    mutating func targets(of document: ReferenceJSON) -> [([String], ColumnType)] {
        var targets: [([String], ColumnType)] = []
        func visit(_ value: ReferenceJSON, _ path: [String]) {
            if chance(2), !(path.isEmpty && !chance(10)) { targets.append((path, type(for: value))) }
            if chance(30) { targets.append((path, type(for: value))) }
            guard case .object(let members) = value else { return }
            for key in members.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let text = String(decoding: key, as: UTF16.self)
                guard Array(text.utf16) == key, let member = members[key] else { continue }
                visit(member, path + [text])
            }
        }
        visit(document, [])
        while chance(2) { targets.append(([pick(Self.keys), pick(Self.keys)], .string)) }
        return targets.shuffled(using: &random)
    }

    /// Paths to a document's values, into arrays too: by place, or to every element.
    mutating func paths(of document: ReferenceJSON) -> [[PathStep]] {
        var paths: [[PathStep]] = []
        func visit(_ value: ReferenceJSON, _ path: [PathStep]) {
            paths.append(path)
            switch value {
            case .object(let members):
                for key in members.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                    let text = String(decoding: key, as: UTF16.self)
                    guard Array(text.utf16) == key, let member = members[key] else { continue }
                    visit(member, path + [.key(text)])
                }
            case .array(let elements):
                for (index, element) in elements.enumerated() {
                    visit(element, path + [chance(3) ? .each : .index(index)])
                }
            default: break
            }
        }
        visit(document, [])
        return paths.filter { !$0.isEmpty || chance(20) }
    }

    mutating func type(for value: ReferenceJSON) -> ColumnType {
        if chance(3) {
            return pick([
                .string, .int64, .number, .decimal(precision: 10, scale: 2), .bool, .date, .uuid, .json, .bytes,
                .decimal(precision: 38, scale: 0),
            ])
        }
        switch value {
        case .number: return pick([.number, .int64, .decimal(precision: 20, scale: 3), .json])
        case .string: return pick([.string, .string, .uuid, .date, .json])
        case .bool: return .bool
        default: return .json
        }
    }
}
