import Testing

@testable import Pipeline

@Suite("What is wrong is said with its line and column, and what would be right")
struct ProblemTests {
    static let settings =
        "table, query, key, mode, cursor, prune, initial, columns, flatten, exclude, hash, mask, rename, split_by, "
        + "partition_by, where, format, nulls, bigint_as_string, csv, special_values, compression, chunk, schema, sample, "
        + "timestamp_zone"
    static let identifier = "write 1 to 63 letters, digits, '_' and '-', a letter or a digit first"

    @Test("in a dataset", arguments: datasetProblems)
    func inDataset(settings: String, expected: [String]) {
        #expect(problems(Sample.dataset(settings)) == expected)
    }

    /// Whole files.
    static let fileProblems: [(String, [String])] = [
        ("", [" the file is empty; begin with `pipeline: NAME`"]),
        ("# nothing\n---\n", [" the file is empty; begin with `pipeline: NAME`"]),
        ("- a\n", ["1:1: a pipeline file must be a mapping, here it is a list; begin with `pipeline: NAME`"]),
        ("\n\nhello\n", ["3:1: a pipeline file must be a mapping, here it is text; begin with `pipeline: NAME`"]),
        (
            "# x\nworkers: 65\n",
            [
                "2:1: the pipeline file has no 'datasets'; add `datasets:` and the tables to export",
                "2:1: the pipeline file has no 'destination'; add `destination:` and its `url`",
                "2:1: the pipeline file has no 'pipeline'; begin with `pipeline: NAME`",
                "2:1: the pipeline file has no 'source'; add `source:` and its `url`",
                "2:10: 'workers' cannot be '65'; write a whole number from 1 to 64",
            ]
        ),
        (
            "pipeline: _p\nsource:\ndestination: here\ndatasets: []\n",
            [
                "1:11: 'pipeline' cannot be '_p'; \(identifier)",
                "2:1: 'source' has no 'url'; add `url: ${DATABASE_URL}`, or `url: \"\"` to go by the PG* variables",
                "3:14: 'destination' must be a mapping, here it is text",
                "4:11: 'datasets' must be a mapping of names to datasets, here it is a list",
            ]
        ),
        (Sample.head + "datasets:\n", ["4:1: 'datasets' is empty; name at least one table to export"]),
        (Sample.head + "datasets: {}\n", ["4:1: 'datasets' is empty; name at least one table to export"]),
        (
            Sample.head + "datasets: {a: , b: x}\n",
            [
                "4:12: the dataset 'a' has no 'key'; add `key: COLUMN`, or a list: what identifies a row",
                "4:12: the dataset 'a' has no 'table'; add `table: SCHEMA.TABLE`, or `query: SELECT …`",
                "4:20: 'b' must be a mapping, here it is text",
            ]
        ),
        (
            Sample.head + "datasets:\n  a: {table: a.b.c, key: []}\n  A: {table: 'a b', key: }\n",
            [
                "5:14: 'table' cannot be 'a.b.c': it has 3 parts; write SCHEMA.TABLE; the database is chosen by the source's url",
                "5:26: 'key' is empty; name what identifies a row",
                "6:3: 'A' is listed twice in 'datasets', the first time in line 5; warehouses do not tell names by their case: choose another name",
                "6:14: 'table' cannot be 'a b': it is no table's name; write SCHEMA.TABLE; names with other characters go in double quotes",
                "6:21: 'key' is empty; name what identifies a row",
            ]
        ),
        (
            Sample.head + "datasets:\n  ../x: {table: a, key: k}\n  _a: {table: a, key: k}\n  .b: {table: a, key: k}\n",
            [
                "5:3: a dataset cannot be called '../x'; \(identifier)",
                "6:3: a dataset cannot be called '_a'; \(identifier)",
                "7:3: a dataset cannot be called '.b'; \(identifier)",
            ]
        ),
        (
            Sample.head.replacing("url: \"\"", with: "url: \"\", statement_timeout: 30, lock_timeout: 25d")
                + "datasets: {a: {table: a, key: k}}",
            [
                "2:38: 'statement_timeout' cannot be '30': it has no unit; write a whole number and a unit (ms, s, m, h or d), such as 30s",
                "2:56: 'lock_timeout' cannot be '25d'; write a time from 0s to 24d",
            ]
        ),
        (
            "source: {url: a, url: b}\ndestination: [\n",
            [
                "1:10: 'url' is set again further down; remove one of them",
                "3:1: a value or a closing bracket is missing here",
            ]
        ),
    ]

    @Test("in a file", arguments: fileProblems)
    func inFile(text: String, expected: [String]) {
        #expect(problems(text) == expected)
    }

    @Test(
        "in what is no YAML",
        arguments: [
            (
                "a: b: c\n",
                "1:5: a second ': ' stands in this value, or the line is indented wrongly; put the value in quotes"
            ),
            ("a: 1\n\tb: 2\n", "2:1: a tab stands where YAML wants spaces; indent with spaces"),
            ("a:\n\t- b\n", "2:1: a tab stands where YAML wants spaces; indent with spaces"),
            ("a: 1\nb: \"x\nc: 3\n", "2:4: the quote opened here is never closed; close it"),
            (
                "a: {x: ${V}}\n",
                "1:9: the '{' opened in line 1 is not closed, or a comma is missing; inside { } and [ ] a ${VARIABLE} goes in quotes"
            ),
            (
                "a:\n    b: 1\n  c: 2\n",
                "3:3: the indentation does not fit what is above; indent the settings of one mapping, and the entries of one list, by the same number of spaces"
            ),
            (
                "a: 1\nbcd\ne: 2\n",
                "2:1: this line has no ':' behind its key; write `name: value`, with a space behind the colon"
            ),
            ("a: - b\n", "1:4: a list cannot begin here; put each '- ' on a line of its own, below the key"),
            ("a: [b:, c]\n", "1:6: a ':' cannot stand at this place of a text; put the text in quotes"),
            ("a: *b\n", "1:4: the alias names no anchor before it; write &NAME at the value that *NAME is to repeat"),
            ("a: @b\n", "1:4: no value can begin with this character; put the value in quotes"),
            (
                "a: 1\n---\nb: 2\n",
                "2:1: the file holds a second document; remove the '---', or put it into a file of its own"
            ),
            (
                "a: 1\nb: \u{1}\n",
                "2:4: the YAML cannot be read: control characters are not allowed; remove the character, or write it as \\xNN in double quotes"
            ),
            ("? [x]\n: 1\n? [x]\n: 2\n", "1:3: a key is set more than once here; remove all but one"),
        ])
    func syntax(text: String, expected: String) {
        #expect(problems(text) == [expected])
    }

    @Test("YAML nested 100,000 levels deep is refused")
    func nesting() {
        #expect(problems("a: " + String(repeating: "[", count: 100_000)) == ["1:5: the YAML is nested too deeply"])
    }

    @Test("lines and columns count Unicode scalars, with Windows line ends as well")
    func positions() {
        #expect(
            problems("x: ü😀\r\npipeline: {\"ü😀\": é, é: 1}\r\n").first?.hasPrefix("1:1: unknown setting 'x'") == false)
        let found = problems(
            Sample.dataset("format: csv").replacing("\n", with: "\r\n").replacing("csv", with: "'ü' #x"))
        #expect(found == ["8:13: 'format' cannot be 'ü'; write ndjson or csv"])
        let wide = problems(Sample.head + "datasets: {ä😀: {table: a, key: k}, b: {table: a}}\n")
        #expect(wide.map { $0.prefix { $0 != " " } } == ["4:12:", "4:36:"])
    }

    @Test(
        "the source's url is checked without being shown",
        arguments: [
            "mysql://u:hunter2@h/d", "hunter2", "http://h?password=hunter2", "localhost:5432 password=hunter2",
        ])
    func sourceURL(url: String) {
        let text = Sample.dataset().replacing("url: \"\"", with: "url: \"\(url)\"")
        #expect(
            problems(text) == [
                "2:15: 'url' cannot be used: it is no connection URL; write postgresql://USER@HOST/DATABASE, or keywords as in `host=HOST dbname=DATABASE`"
            ])
    }

    @Test(
        "the destination's url is checked without being shown",
        arguments: [
            ("/lake", "it names no kind of store"), ("gs://hunter2", "this kind of store is not supported yet"),
            ("file:", "it names no folder"), ("file://lake", "what follows file:// is a host"),
            ("s3:///x", "it names no bucket"), ("s3://id:hunter2@b", "it holds more than a bucket and a prefix"),
        ])
    func destinationURL(url: String, reason: String) throws {
        let found = problems(Sample.dataset().replacing("file:/lake", with: url))
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("3:20: 'url' cannot be used: \(reason); write "))
    }

    @Test("half an S3 key pair is refused")
    func credentials() {
        let text = Sample.dataset().replacing("url: \"file:/lake\"", with: "url: \"s3://b\", access_key_id: x")
        #expect(
            problems(text) == [
                "3:45: 'access_key_id' is given without 'secret_access_key'; add 'secret_access_key', or remove 'access_key_id' to take both from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ])
    }

    @Test("the error's text has a line for each problem, with the file's name")
    func description() throws {
        let error = try #require(throws: PipelineError.self) {
            try load(Sample.dataset("format: x\nmode: y"))
        }
        #expect(
            error.description == """
                p.yaml:8:13: 'format' cannot be 'x'; write ndjson or csv
                p.yaml:9:11: 'mode' cannot be 'y'; write incremental or snapshot
                """)
    }
}
