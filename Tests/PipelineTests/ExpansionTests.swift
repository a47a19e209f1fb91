import Testing

@testable import Pipeline

@Suite("Variables are filled in after the YAML is parsed")
struct ExpansionTests {
    @Test(
        "a variable, a default and an escape",
        arguments: [
            ("${A}", "one"), ("x${A}y${A}", "xoneyone"), ("${A:-two}", "one"), ("${B:-two}", "two"),
            ("${EMPTY:-two}", "two"), ("${EMPTY}", ""), ("${B:-}", ""), ("${B:-a:-b $x}", "a:-b $x"),
            ("$${A}", "${A}"), ("$A $", "$A $"), ("$$", "$$"), ("a$${b}${A}", "a${b}one"),
        ])
    func expands(text: String, value: String) {
        let expansion = Expansion(of: text, in: ["A": "one", "EMPTY": ""])
        #expect(expansion.problems.isEmpty)
        #expect(expansion.value == value)
    }

    @Test("what is filled in is not looked at again")
    func noRecursion() {
        #expect(Expansion(of: "${A}", in: ["A": "${B}", "B": "x"]).value == "${B}")
    }

    @Test("no value changes the file's shape")
    func shape() throws {
        let value = "a, b]\n  evil: {table: x} # \"'"
        let spec = try load(
            Sample.dataset("where: ${V}\nexclude: [\"${V}x\"]".replacing("${V}x", with: "${W}")),
            [
                "V": value, "W": "\"a, b: [c]\"",
            ])
        #expect(spec.datasets.count == 1)
        #expect(spec.datasets[0].filter == value)
        #expect(spec.datasets[0].excluded == ["a, b: [c]"])
    }

    @Test("typed settings are read from the filled-in text, whatever the quotes")
    func typed() throws {
        let spec = try load(
            "workers: \"${N}\"\n"
                + Sample.dataset("format: csv\ncsv: {header: \"${B}\"}\nchunk: {target_size: \"${S:-2MiB}\"}"),
            ["N": "7", "B": "false"])
        #expect(spec.workers == 7)
        #expect(spec.datasets[0].format == .csv(CSVSpec(header: false)))
        #expect(spec.datasets[0].chunk.targetSize == 2 << 20)
    }

    @Test("a variable that holds nothing is a text like any other, not a missing value")
    func empty() throws {
        #expect(
            try load(Sample.dataset("flatten: [{column: p, prefix: \"${P}\"}]"), ["P": ""]).datasets[0].flatten[0]
                .prefix == "")
        #expect(try load(Sample.dataset("exclude: ${P}"), ["P": "null"]).datasets[0].excluded == ["null"])
    }

    @Test("an unset variable is named with its own line and column")
    func unset() {
        #expect(
            problems(Sample.dataset("where: a = '${SET}' and b = ${NOT_SET}"), ["SET": ""]) == [
                "8:33: the variable NOT_SET is not set; set it (export NOT_SET=…), or give it a default (${NOT_SET:-…})"
            ])
        #expect(
            problems(Sample.dataset("where: |\n  a\n  and ${NOT_SET}\n")) == [
                "10:11: the variable NOT_SET is not set; set it (export NOT_SET=…), or give it a default (${NOT_SET:-…})"
            ])
        #expect(problems(Sample.dataset("where: \"\\u0024{NOT_SET}\"")).first?.hasPrefix("8:12: ") == true)
    }

    @Test(
        "what is written wrongly is said",
        arguments: [
            ("${A", "'${' is not closed"), ("${}", "'${}' names no variable"), ("${1A}", "'${1A}' names no variable"),
            ("${A-x}", "'${A-x}' is not understood"), ("${A:?x}", "'${A:?x}' is not understood"),
            ("${A b}", "'${A b}' is not understood"), ("${A:-${B}}", "a default cannot hold another variable"),
        ])
    func malformed(text: String, message: String) {
        #expect(
            problems(Sample.dataset("where: x \(text)"), ["A": "1", "B": "2"]) == [
                "8:14: \(message); write ${NAME} or ${NAME:-default}; $${ stands for a literal ${"
            ])
    }

    @Test("keys are never expanded")
    func keys() {
        let found = problems(Sample.head + "datasets: {\"${A}\": {table: t, key: k}}", ["A": "events"])
        #expect(found == ["4:12: a dataset cannot be called '${A}'; \(ProblemTests.identifier)"])
    }

    @Test("a variable in a setting that nobody asks for is not looked at")
    func unknown() {
        let found = problems(Sample.dataset("zzz: ${NOPE}"))
        #expect(found.count == 1 && found[0].hasPrefix("8:5: unknown setting 'zzz'"))
    }
}
