import Foundation
import Records
import Testing

@Suite("Redactor")
struct RedactorTests {
    static let key = Array("Jefe".utf8)

    private func redact(_ json: String, _ rules: [([PathStep], RedactionRule.Action)]) throws -> String {
        var redactor = Redactor(rules: rules.map { RedactionRule(path: $0.0, action: $0.1) }, key: Self.key)
        var text = ByteBuffer()
        text.append("before ")
        try redactor.redact(Array(json.utf8).span.bytes, into: &text)
        #expect(text.string.hasPrefix("before "))
        return String(text.string.dropFirst(7))
    }

    static func redact(text plain: String, _ action: RedactionRule.Action) -> String {
        var redactor = Redactor(rules: [], key: key)
        var text = ByteBuffer()
        redactor.redact(text: Array(plain.utf8).span.bytes, action, into: &text)
        return text.string
    }

    /// Source: RFC 4231, 4.3.
    static let known = (
        text: "what do ya want for nothing?",
        hash: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )

    @Test("a hash is the HMAC-SHA-256, of a text column as of a string however it is escaped")
    func hashes() throws {
        #expect(Self.redact(text: Self.known.text, .hash) == Self.known.hash)
        let hashed = "{\"a\": \"\(Self.known.hash)\"}"
        #expect(try redact("{\"a\": \"\(Self.known.text)\"}", [(["a"], .hash)]) == hashed)
        #expect(
            try redact(#"{"\u0061": "\u0077hat do ya want for nothing\u003F"}"#, [(["a"], .hash)])
                == #"{"\u0061": "\#(Self.known.hash)"}"#)
        for (value, text) in [
            ("12.50", "12.50"), ("true", "true"), ("\"\"", ""), (#""a\n😀""#, "a\n😀"),
            ("{\n\"x\" : [1, 2]}", #"{"x":[1,2]}"#),
            ("[ ]", "[]"), (#""\ud83d\ude00""#, "😀"),
        ] {
            #expect(try redact("[\(value)]", [([.each], .hash)]) == "[\"\(Self.redact(text: text, .hash))\"]")
        }
        #expect(Self.redact(text: "a", .hash) != Self.redact(text: "b", .hash))
        // What no text can hold has a hash all the same.
        let halves = try redact(#"["\ud800", "\udc00", "\u0000"]"#, [([.each], .hash)])
        #expect(Set(halves.split(separator: ",")).count == 3)
    }

    @Test(
        "a mask shows the last scalars, and none of a text that has no more than those",
        arguments: [
            ("4111111111111111", 4, "************1111"), ("abc", 3, "***"), ("abc", 2, "*bc"), ("abc", 9, "***"),
            ("", 4, ""),
            ("abc", 0, "***"), ("日本語😀", 1, "***😀"), ("e\u{301}x", 1, "**x"), ("a\"b\n", 2, "**b\n"),
        ])
    func masks(text: String, keep: Int, masked: String) throws {
        #expect(Self.redact(text: text, .mask(keep: keep)) == masked)
        var json = ByteBuffer()
        JSONText.appendString(Array(text.utf8).span.bytes, to: &json)
        var expected = ByteBuffer()
        JSONText.appendString(Array(masked.utf8).span.bytes, to: &expected)
        #expect(try redact(json.string, [([], .mask(keep: keep))]) == expected.string)
    }

    @Test(
        "other values are masked too, and null is null",
        arguments: [
            ("12345", "\"***45\""), ("true", "\"**ue\""), ("{\"a\": 1}", "\"***\""), ("[1]", "\"***\""),
            ("null", "null"),
            (#""x\ud800\udc00\ud800""#, #""*\ud800\udc00\ud800""#), (#""a\\\"""#, #""*\\\"""#),
        ])
    func maskedValues(value: String, masked: String) throws {
        let expected = masked == #""*\ud800\udc00\ud800""# ? "\"*\u{10000}\\ud800\"" : masked
        #expect(try redact("{\"v\": \(value)}", [(["v"], .mask(keep: 2))]) == "{\"v\": \(expected)}")
    }

    @Test(
        "an excluded member goes with its key and a comma, and the rest stays byte by byte",
        arguments: [
            (#"{"x": 1}"#, "{}"), (#"{"x": 1, "b": 2}"#, #"{"b": 2}"#), (#"{"a": 1, "x": 2}"#, #"{"a": 1}"#),
            (#"{"a": 1 ,"x":{"x":[]}, "b" : 2}"#, #"{"a": 1 , "b" : 2}"#), (#"{"x":1,"y":2,"a":3}"#, #"{"a":3}"#),
            (#"{"a":3,"x":1,"y":2}"#, #"{"a":3}"#), (#"{"x":1,"a":3,"y":2,"b":4,"x":null}"#, #"{"a":3,"b":4}"#),
            (#"{"x":1,"y":2}"#, "{}"), (#" {"\u0078":1,"a":[{"x":1}]} "#, #" {"a":[{"x":1}]} "#),
            (#"{"a": "x", "b": {"x": 1}}"#, #"{"a": "x", "b": {"x": 1}}"#), ("[1, {\"x\": 2}]", "[1, {\"x\": 2}]"),
            ("7", "7"),
        ])
    func exclusion(json: String, expected: String) throws {
        #expect(try redact(json, [(["x"], .exclude), (["y"], .exclude)]) == expected)
    }

    @Test("an excluded element or document becomes null, so that places hold")
    func excludedElements() throws {
        #expect(try redact("[1, {\"a\": 2},3]", [([.index(1)], .exclude)]) == "[1, null,3]")
        #expect(try redact("[1, {\"a\": 2},3]", [([.each], .exclude)]) == "[null, null,null]")
        #expect(try redact(" {\"a\": 2}", [([], .exclude)]) == " null")
        #expect(try redact("[]", [([.each], .exclude), ([.index(3)], .hash)]) == "[]")
    }

    @Test("rules reach into arrays and objects, by place and everywhere, as the strictest of them says")
    func paths() throws {
        let json = #"{"items": [{"id": 1, "tags": ["a", "bc"]}, {"id": 2, "card": "123456"}, 7], "id": 3}"#
        #expect(
            try redact(json, [(["items", .each, "id"], .exclude), (["items", .index(1), "card"], .mask(keep: 2))])
                == #"{"items": [{"tags": ["a", "bc"]}, {"card": "****56"}, 7], "id": 3}"#)
        #expect(
            try redact(
                json, [(["items", .each, "tags", .index(1)], .mask(keep: 1)), (["items", .index(2)], .exclude)])
                == #"{"items": [{"id": 1, "tags": ["a", "*c"]}, {"id": 2, "card": "123456"}, null], "id": 3}"#)
        // A rule above another wins.
        #expect(
            try redact(json, [(["items"], .mask(keep: 0)), (["items", .each, "id"], .hash), (["id"], .exclude)])
                == #"{"items": "***"}"#)
        // For the same value: exclude before hash before mask; a rule for every element holds for each.
        #expect(try redact("[1, 2]", [([.index(0)], .mask(keep: 1)), ([.each], .exclude)]) == "[null, null]")
        #expect(try redact("[12, 34]", [([.index(0)], .mask(keep: 1)), ([.each], .mask(keep: 0))]) == #"["**", "**"]"#)
        #expect(
            try redact("[[1], [2]]", [([.index(0), .index(0)], .exclude), ([.each, .each], .mask(keep: 0))])
                == #"[[null], ["*"]]"#)
        // A key is no place, and a place no key.
        #expect(try redact(#"[{"0": 1}]"#, [([.each, .index(0)], .exclude), (["0"], .exclude)]) == #"[{"0": 1}]"#)
    }

    @Test("every value of a repeated key is redacted")
    func repeatedKeys() throws {
        #expect(
            try redact(#"{"a": {"b": 1}, "a": {"\u0062": 22}, "a": 3, "b": 4}"#, [(["a", "b"], .mask(keep: 1))])
                == #"{"a": {"b": "*"}, "a": {"\u0062": "*2"}, "a": 3, "b": 4}"#)
    }

    @Test("nesting of 100,000 levels costs no call stack, below a rule and beside it")
    func deepNesting() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try redact("{\"a\": \(deep), \"x\": \(deep)}", [(["x"], .exclude)]) == "{\"a\": \(deep)}")
        #expect(
            try redact("{\"x\": \(deep)}", [(["x"], .hash)]) == "{\"x\": \"\(Self.redact(text: deep, .hash))\"}")
    }

    @Test("a rule is stored as JSON and read again")
    func coding() throws {
        let rules = [
            RedactionRule(path: ["a", .index(1), .each], action: .mask(keep: 4)),
            RedactionRule(path: [], action: .exclude), RedactionRule(path: ["é"], action: .hash),
        ]
        let json = try JSONEncoder().encode(rules)
        #expect(try JSONDecoder().decode([RedactionRule].self, from: json) == rules)
        #expect(String(decoding: json, as: UTF8.self).contains(#""path":["a",1,null]"#))
    }

    // MARK: - Against a reference

    /// What rules make of a value. A container that is hashed is any hash.
    private func reference(_ value: ReferenceJSON, _ rules: [([PathStep], RedactionRule.Action)]) -> ReferenceJSON? {
        let own = rules.filter { $0.0.isEmpty }.map(\.1)
        if own.contains(.exclude) { return nil }
        if !own.isEmpty, value == .null { return .null }
        let text: String? =
            switch value {
            case .string(let units): String(decoding: units, as: UTF16.self)
            case .number(let digits): digits
            case .bool(let flag): "\(flag)"
            default: nil
            }
        if own.contains(.hash) { return .text(text.map { Self.redact(text: $0, .hash) } ?? "any hash") }
        let keeps = own.compactMap { action in if case .mask(let keep) = action { keep } else { nil } }
        if let keep = keeps.min() {
            guard let text else { return .text("***") }
            let count = text.unicodeScalars.count
            let hidden = count > keep ? count - keep : count
            var masked = String(repeating: "*", count: hidden)
            masked.unicodeScalars.append(contentsOf: text.unicodeScalars.dropFirst(hidden))
            return .text(masked)
        }
        func rest(_ matches: (PathStep) -> Bool) -> [([PathStep], RedactionRule.Action)] {
            rules.filter { $0.0.first.map(matches) ?? false }.map { (Array($0.0.dropFirst()), $0.1) }
        }
        switch value {
        case .object(let members):
            var kept: [[UInt16]: ReferenceJSON] = [:]
            for (key, member) in members {
                kept[key] = reference(
                    member, rest { if case .key(let other) = $0 { Array(other.utf16) == key } else { false } })
            }
            return .object(kept)
        case .array(let elements):
            return .array(
                elements.enumerated().map { index, element in
                    reference(element, rest { $0 == .each || $0 == .index(index) }) ?? .null
                })
        default: return value
        }
    }

    /// Whether a redacted value is what the reference says.
    private func matches(_ value: ReferenceJSON, _ expected: ReferenceJSON) -> Bool {
        switch (value, expected) {
        case (.string(let units), .text("any hash")): units.count == 64
        case (.object(let own), .object(let other)):
            own.count == other.count
                && own.allSatisfy { key, member in other[key].map { matches(member, $0) } ?? false }
        case (.array(let own), .array(let other)):
            own.count == other.count && zip(own, other).allSatisfy { matches($0, $1) }
        default: value == expected
        }
    }

    @Test(
        "any document, any rules: the same as on the value itself, and without rules byte by byte", arguments: [1, 2])
    func generated(seed: UInt64) throws {
        // Loose documents repeat keys: then each value is redacted, and the last one counts as before.
        var generator = DocumentGenerator(random: SeededGenerator(seed: seed), isLoose: seed == 1)
        for number in 0..<3_000 {
            let json = generator.document()
            let document = try #require(ReferenceJSON(json.utf8))
            #expect(try redact(json, []) == json)
            if json.contains("\\u"), json.lowercased().contains("\\ud") || json.contains("\\u0000") { continue }
            var rules: [([PathStep], RedactionRule.Action)] = []
            for path in generator.paths(of: document) where generator.chance(3) {
                let action = generator.pick([
                    RedactionRule.Action.exclude, .hash, .mask(keep: 0), .mask(keep: 3), .exclude,
                ])
                rules.append((path, action))
            }
            let redacted = try redact(json, rules)
            let value = try #require(ReferenceJSON(redacted.utf8), "\(number): \(json)\n\(rules)\n\(redacted)")
            guard matches(value, reference(document, rules) ?? .null) else {
                Issue.record("\(number): \(json)\nrules: \(rules)\nmade: \(redacted)")
                return
            }
        }
    }
}
