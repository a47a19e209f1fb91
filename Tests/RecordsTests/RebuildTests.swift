import Records
import Testing

@Suite("Rebuilding documents")
struct RebuildTests {
    private static let seeds: [UInt64] = Array(1...60)

    @Test("columns and _extra together rebuild every document", arguments: seeds)
    func rebuild(seed: UInt64) throws {
        var generator = DocumentGenerator(seed: seed, repeatsKeys: false)
        try check(&generator, mayRepeatKeys: seed.isMultiple(of: 3))
    }

    @Test("of repeated keys the last counts, whatever went before it", arguments: seeds)
    func rebuildRepeated(seed: UInt64) throws {
        var generator = DocumentGenerator(seed: seed &+ 1_000, repeatsKeys: true)
        try check(&generator, mayRepeatKeys: true)
    }

    private func check(_ generator: inout DocumentGenerator, mayRepeatKeys: Bool) throws {
        let texts = (0..<60).map { _ in generator.document() }
        let models = texts.compactMap { JSONModel($0) }
        try #require(models.count == texts.count)
        let sheet = generator.sheet(for: models, mayRepeatKeys: mayRepeatKeys)
        var flattener = sheet.flattener()
        let lines = try sheet.encode(texts, as: .ndjson, &flattener)
            .split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        try #require(lines.count == texts.count)
        let csv = try readCSV(sheet.encode(texts, as: .csv(.with()), &flattener))
        let records = try #require(csv)
        try #require(records.count == texts.count)
        for (index, line) in lines.enumerated() {
            let members = try #require(JSONModel(Array(line))?.members)
            let rebuilt = try rebuild(members, sheet)
            #expect(
                rebuilt == expected(models[index], sheet),
                "\(String(decoding: texts[index], as: UTF8.self)) became \(String(decoding: line, as: UTF8.self))")
            try compare(records[index], with: members, sheet)
        }
    }

    /// The document as a row's cells and `_extra` tell it.
    private func rebuild(_ members: [[UInt16]: JSONModel], _ sheet: Sheet) throws -> JSONModel {
        var rebuilt = JSONModel.object([:])
        for (index, target) in sheet.targets.enumerated() {
            guard let value = members[Array("c\(index)".utf16)] else { continue }
            rebuilt.set(value, at: target.path.map { Array($0.utf16) }[...])
        }
        guard let extra = members[Array("_extra".utf16)] else { return rebuilt }
        for (pointer, value) in try #require(extra.members) {
            let steps = pointer.split(separator: UInt16(UInt8(ascii: "/")), omittingEmptySubsequences: false)
            try #require(
                steps.count >= 2 && steps[0].isEmpty && String(decoding: steps[1], as: UTF16.self) == "payload")
            rebuilt.set(value, at: steps.dropFirst(2).map { Self.unescaped(Array($0)) }[...])
        }
        return rebuilt
    }

    private static func unescaped(_ step: [UInt16]) -> [UInt16] {
        var key: [UInt16] = []
        var index = 0
        while index < step.count {
            if step[index] == UInt16(UInt8(ascii: "~")), index + 1 < step.count {
                key.append(UInt16(step[index + 1] == UInt16(UInt8(ascii: "0")) ? UInt8(ascii: "~") : UInt8(ascii: "/")))
                index += 2
            } else {
                key.append(step[index])
                index += 1
            }
        }
        return key
    }

    /// The document itself, with the one change that a plan may make: doubles are rounded.
    private func expected(_ document: JSONModel, _ sheet: Sheet) -> JSONModel {
        var document = document
        for target in sheet.targets where target.type == .double {
            let path = target.path.map { Array($0.utf16) }[...]
            guard case .number(let digits) = document.value(at: path), let value = Double(digits), value.isFinite else {
                continue
            }
            var text = value.description
            if text.hasSuffix(".0") { text.removeLast(2) }
            document.set(.number(text), at: path)
        }
        return document
    }

    /// Whether CSV says the same as NDJSON.
    private func compare(_ record: [CSVField], with members: [[UInt16]: JSONModel], _ sheet: Sheet) throws {
        try #require(record.count == sheet.columns.count)
        for (index, column) in sheet.columns.enumerated() {
            let value = members[Array(column.name.utf16)] ?? .null
            if value == .null {
                #expect(record[index] == .plain(""))
            } else if column.type == .json {
                #expect(JSONModel(record[index].text) == value)
            } else {
                #expect(record[index].text == value.plainText)
            }
        }
    }
}

/// Makes documents, the same ones for the same seed.
struct DocumentGenerator {
    private var random: SeededGenerator
    private let repeatsKeys: Bool

    init(seed: UInt64, repeatsKeys: Bool) {
        random = SeededGenerator(seed: seed)
        self.repeatsKeys = repeatsKeys
    }

    private static let keys = [
        "a", "b", "c", "id", "aa", "ab", "user", "a.b", "a/b", "a~b", "~1", "~01", "/", "", "ключ", "\"q\"", "b\\s",
        "new\nline", "é", "e\u{301}", "🎈", "a key of more than sixteen bytes", "A", "null", "\u{1}",
    ]
    private static let texts = [
        "", "x", "plain text", "with \"quotes\"", "back\\slash", "line\nend", "\r", "a,b", "é", "🎈", "\u{1}", "\u{7f}",
        "a text that is longer than thirty-two bytes, with commas", "2026-01-31", "2026-02-30",
        "2026-01-31T10:20:30.123456Z", "2026-01-31T10:20:30", "01234567-89ab-cdef-0123-456789abcdef",
        "01234567-89AB-cdef-0123-456789abcdef", "true", "12", "\\.", "null", "sixteen bytes ok",
    ]
    private static let numbers = [
        "0", "-0", "1", "-1", "42", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.0", "1e3",
        "1.50", "-0.001", "1e400", "123456789012345678901234567890.10", "99999999.99",
    ]

    mutating func document() -> [UInt8] {
        if random.oneIn(20) { return Array(value(depth: 1).utf8) }
        return Array((space() + object(depth: 1) + space()).utf8)
    }

    private mutating func space() -> String {
        random.oneIn(6) ? random.pick([" ", "\n", "\t", "\r\n", "  "]) : ""
    }

    private mutating func object(depth: Int) -> String {
        var keys: [String] = []
        for _ in 0..<random.below(depth == 1 ? 9 : 5) {
            let key = random.pick(Self.keys)
            let isKnown = keys.contains { Array($0.utf8) == Array(key.utf8) }
            if repeatsKeys && random.oneIn(2) || !isKnown { keys.append(key) }
        }
        let members = keys.map { key in
            string(key) + space() + ":" + space() + value(depth: depth + 1) + space()
        }
        return "{" + space() + members.joined(separator: "," + space()) + "}"
    }

    private mutating func value(depth: Int) -> String {
        switch random.below(depth > 6 ? 8 : 12) {
        case 0, 1, 2: return string(random.pick(Self.texts))
        case 3: return random.pick([#""\ud800""#, #""\u0000""#, #""x\udc00y""#, #""\ud83c\udf88""#, #""\/\b\f""#])
        case 4, 5: return random.pick(Self.numbers)
        case 6: return random.pick(["true", "false", "null"])
        case 7: return random.pick(["[]", "{}", "[ ]", "{ }", "\"\""])
        case 8: return "[" + space() + value(depth: depth + 1) + "," + space() + value(depth: depth + 1) + "]"
        default: return object(depth: depth)
        }
    }

    /// A text in quotes, with escapes where they must be and where chance puts them.
    private mutating func string(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || random.oneIn(25) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: random.oneIn(2))
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// A plan for some of the paths that documents show.
    mutating func sheet(for documents: [JSONModel], mayRepeatKeys: Bool) -> Sheet {
        var paths: Set<[[UInt16]]> = []
        func visit(_ value: JSONModel, _ path: [[UInt16]]) {
            paths.insert(path)
            for (key, child) in value.members ?? [:] where !key.contains(where: { $0 == 0 }) {
                visit(child, path + [key])
            }
        }
        for document in documents { visit(document, []) }
        let ordered = paths.sorted { one, other in
            one.flatMap { [0] + $0 }.lexicographicallyPrecedes(other.flatMap { [0] + $0 })
        }
        let types: [ColumnType] = [
            .string, .int64, .number, .decimal(precision: 10, scale: 2), .double, .bool, .timestamp, .date, .uuid,
            .json,
            .string, .bytes,
        ]
        let share = random.below(5)
        var targets: [([String], ColumnType)] = []
        for path in ordered where random.below(5) < share && !(path.isEmpty && random.oneIn(2)) {
            targets.append((path.map { String(decoding: $0, as: UTF16.self) }, random.pick(types)))
        }
        return Sheet(paths: targets, depth: 1 + random.below(7), mayRepeatKeys: mayRepeatKeys, isNumbered: true)
    }
}
