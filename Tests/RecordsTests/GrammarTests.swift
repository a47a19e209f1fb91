import Records
import Testing

/// The grammar's corners, one case a line, `%` and two digits for a byte that is no visible character.
///
/// They are those that parsers were found to differ in. Source: https://github.com/nst/JSONTestSuite (MIT), `test_parsing`; what
/// it leaves open is decided here as PostgreSQL decides for `json`, but that the text's encoding is trusted.
@Suite("The corners of JSON's grammar")
struct GrammarTests {
    @Test("what JSON is, is taken")
    func accepted() throws {
        try check(Self.valid, isValid: true)
    }

    @Test("what JSON is not, is refused")
    func refused() throws {
        try check(Self.invalid, isValid: false)
        try check(["", " ", "%ef%bb%bf", "%ef%bb%bf{}", "%ef%bb{}"], isValid: false)
        // UTF-16 is no encoding of documents.
        try check(["%ff%fe[%00%22%00%e9%00%22%00]%00", "%00[%00%22%00%e9%00%22%00]", "[%00%22%00]%00"], isValid: false)
    }

    @Test("bytes that are no UTF-8 are passed on in strings, and refused everywhere else")
    func encoding() throws {
        let bytes = [
            "%ff", "%81", "%c0%af", "%ed%a0%80", "%e6%97%a5%d1%88%fa", "%f4%bf%bf%bf", "%fc%80%80%80%80%80", "%e0%ff",
        ]
        try check(bytes.map { "[\"\($0)\"]" }, isValid: true)
        try check(bytes.map { "{\"\($0)\":1}" }, isValid: true)
        try check(bytes.map { "[\($0)]" }, isValid: false)
        try check(bytes.map { "[1\($0)]" }, isValid: false)
        try check(bytes.map { "\($0)" }, isValid: false)
    }

    @Test(
        "brackets that nobody closes are refused at the end, however many", arguments: ["[", "{\"\":", "[{\"\":", "[["])
    func unclosed(bracket: String) throws {
        let json = Array(String(repeating: bracket, count: 100_000).utf8)
        func expectEnd(_ body: () throws(RecordError) -> Void) {
            do throws(RecordError) {
                try body()
                Issue.record("taken")
            } catch {
                #expect(error.offset == json.count)
            }
        }
        expectEnd { () throws(RecordError) in
            var sampler = PathSampler(depth: .max, explodes: true)
            try sampler.add(json.span.bytes)
        }
        expectEnd { () throws(RecordError) in
            var redactor = Redactor(rules: [RedactionRule(path: [.each, .each, "a"], action: .hash)], key: [1])
            var text = ByteBuffer()
            try redactor.redact(json.span.bytes, into: &text)
        }
        expectEnd { () throws(RecordError) in
            var flattener = Flattener(
                source: "p", targets: [FlattenTarget(path: [.index(0), .index(0)], column: 0, type: .json)],
                items: [ItemsTarget(path: [""], count: 1, items: 0)], depth: .max)
            var batch = RowBatch(columns: [Column(name: "c", type: .json), Column(name: "n", type: .int64)])
            var extra = ExtraObject()
            batch.addRow()
            try flattener.flatten(json.span.bytes, into: &batch, extra: &extra)
        }
    }

    private func check(_ cases: [String], isValid: Bool) throws {
        let readers = Readers()
        for (index, text) in cases.enumerated() {
            let accepted = readers.accepted
            try readers.check(Self.bytes(text))
            #expect((readers.accepted > accepted) == isValid, "case \(index): \(text)")
        }
    }

    private static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { String($0) }
    }

    private static let valid = lines(
        #"""
        [[]   ]
        [""]
        []
        ["a"]%0a
        [false]
        [null, 1, "1", {}]
        [1%0a]
        %20[1]
        [1,null,null,null,2]
        [2]%20
        [123e65]
        [0e+1]
        [0e1]
        [ 4]
        [-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]
        [-0]
        [1E22, 1E-2, 1E+2, 123.456e78, 1e-2, 1e+2, 123.456789, 20e1, -123]
        {"asd":"sdf", "dfg":"fgh"}
        {"a":"b","a":"c"}
        {"a":"b","a":"b"}
        {}
        {"":0}
        {"foo\u0000bar": 42}
        { "min": -1.0e+28, "max": 1.0e+28 }
        {"x":[{"id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}], "id": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
        {"a":[]}
        {"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430"}
        {%0a"a": "b"%0a}
        ["\u0060\u012a\u12AB"]
        ["\uD801\udc37"]
        ["\ud83d\ude39\ud83d\udc8d"]
        ["\"\\\/\b\f\n\r\t"]
        ["\\u0000"]
        ["\""]
        ["a/*b*/c/*d//e"]
        ["\\a"]
        ["\\n"]
        ["\u0012"]
        ["\uFFFF"]
        [ "asd"]
        ["\uDBFF\uDFFF"]
        ["new\u00A0line"]
        ["%f4%8f%bf%bf"]
        ["%ef%bf%bf"]
        ["\u0000"]
        ["\u002c"]
        ["π"]
        ["𛿿"]
        " "
        ["\uD834\uDd1e"]
        ["\u0821"]
        ["%e2%80%a8%e2%80%a9"]
        ["\u0061\u30af\u30EA\u30b9"]
        ["new\u000Aline"]
        ["%7f"]
        ["\u005C"]
        ["⍂㈴⍂"]
        ["\uDBFF\uDFFE\uD83F\uDFFE\u200B\u2064\uFDD0\uFFFE"]
        ["\u0022"]
        ["€𝄞"]
        ["a%7fa"]
        false
        42
        -0.1
        null
        "asd"
        true
        ""
        [true]
        %20[]%20
        [123.456e-789]
        [0.4e00669999999999999999999999999999999999999999999999999999]
        [-1e+9999, 1.5e+9999, -123123e100000, 123e-10000000]
        [-123123123123123123123123123123, 100000000000000000000]
        [-237462374673276894279832749832423479823246327846]
        {"\uDFAA":0}
        ["\uDADA"]
        ["\uD888\u1234"]
        ["\uD800\n"]
        ["\uDd1ea"]
        ["\uD800\uD800\n"]
        ["\ud800abc"]
        ["\uDd1e\uD834"]
        """#)

    private static let invalid = lines(
        #"""
        [1 true]
        [a%e5]
        ["": 1]
        [""],
        [,1]
        [1,,2]
        ["x",,]
        ["x"]]
        ["",]
        ["x"
        [x
        [3[4]]
        [1:2]
        [,]
        [-]
        [   , ""]
        ["a",%0a4%0a,1,
        [1,]
        [1,,]
        ["%0ba"\f]
        [*]
        [""
        [1,
        [1,%0a1%0a,1
        [{}
        [fals]
        [nul]
        [tru]
        123%00
        [++1234]
        [+1]
        [+Inf]
        [-01]
        [-1.0.]
        [-2.]
        [-NaN]
        [.-1]
        [.2e-3]
        [0.1.2]
        [0.3e+]
        [0.3e]
        [0.e1]
        [0E+]
        [0E]
        [0e+]
        [0e]
        [1.0e+]
        [1.0e-]
        [1.0e]
        [1 000.0]
        [1eE2]
        [2.e+3]
        [2.e-3]
        [2.e3]
        [9.e+]
        [Inf]
        [NaN]
        [１]
        [1+2]
        [0x1]
        [0x42]
        [Infinity]
        [0e+-1]
        [-123.123foo]
        [1e1%e5]
        [-Infinity]
        [-foo]
        [- 1]
        [-012]
        [-.123]
        [-1x]
        [1ea]
        [1e%e5]
        [1.]
        [.123]
        [1.2a-3]
        [1.8011670033376514H-308]
        [012]
        ["x", truth]
        {[: "x"}
        {"x", null}
        {"x"::"b"}
        {🇨🇭}
        {"a":"a" 123}
        {key: 'value'}
        {"%b9":"0",}
        {"a" b}
        {:"b"}
        {"a" "b"}
        {"a":
        {"a"
        {1:1}
        {9999E9999:1}
        {null:null,null:null}
        {"id":0,,,,,}
        {'a':0}
        {"id":0,}
        {"a":"b"}/**/
        {"a":"b"}/**//
        {"a":"b"}//
        {"a":"b"}/
        {"a":"b",,"c":"d"}
        {a: "b"}
        {"a":"a
        { "foo" : "bar", "a" }
        {"a":"b"}#
        ["\uD800\"]
        ["\uD800\u"]
        ["\uD800\u1"]
        ["\uD800\u1x"]
        [é]
        ["\%00"]
        ["\x00"]
        ["\\\"]
        ["\%09"]
        ["\🌀"]
        ["\"]
        ["\u00A"]
        ["\uD834\uDd"]
        ["\uD800\uD800\x"]
        ["\u%e5"]
        ["\a"]
        ["\uqqqq"]
        ["\%e5"]
        [\u0020"asd"]
        [\n]
        "
        ['single quote']
        abc
        ["\
        ["a%00a"]
        ["new%0aline"]
        ["%09"]
        "\UA66D"
        ""x
        [%e2%81%a0]
        <.>
        [<null>]
        [1]x
        [1]]
        ["asd]
        aå
        [True]
        1]
        {"x": true,
        [][]
        ]
        [
        [%00]
        2@
        {}}
        {"":
        {"a":/*comment*/"b"}
        {"a": true} "x"
        ['
        [,
        [{
        ["a
        ["a"
        {
        {]
        {,
        {[
        {"a
        {'a'
        ["\{["\{["\{["\{
        %e9
        *
        {"a":"b"}#{}
        [\u000A""]
        [1
        [ false, nul
        [ true, fals
        [ false, tru
        {"asd":"asd"
        å
        [%0c]
        """#)
}
