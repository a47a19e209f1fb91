import Foundation
import Testing

@testable import Warehouses

/// Holds each statement against its grammar as the makers' pages have it.
///
/// A statement is read to its outline: words stay, a name in quotes becomes `name`, a string `text`, a number `1`, and what
/// is in parentheses `()`. Each outline must match one of the forms below, which are the pages' with what is never used left
/// out; options are compared with the pages' lists.
@Suite("Each statement for a service has only clauses that its maker documents, in their order")
struct GrammarTests {
    /// https://docs.snowflake.com/en/sql-reference/sql/create-stage, …/create-table, …/alter-table, …/copy-into-table.
    static let snowflake = [
        "CREATE STAGE IF NOT EXISTS name URL = text STORAGE_INTEGRATION = <your storage integration>",
        "CREATE TABLE IF NOT EXISTS name \\(\\)",
        "ALTER TABLE name ADD COLUMN IF NOT EXISTS name \\w+( \\(\\))?",
        "COPY INTO name \\(\\) FROM \\(\\) FILES = \\(\\)( PATTERN = text)? FILE_FORMAT = \\(\\)( ON_ERROR = ABORT_STATEMENT)?",
    ]
    /// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language and …/dml-syntax.
    static let bigquery = [
        "CREATE TABLE IF NOT EXISTS name \\(\\)",
        "ALTER TABLE name ADD COLUMN IF NOT EXISTS name \\w+( \\(\\))?",
        "CREATE OR REPLACE EXTERNAL TABLE name \\(\\) OPTIONS \\(\\)",
        "INSERT INTO name \\(\\) SELECT .* FROM \\(\\)",
        "DROP EXTERNAL TABLE name",
    ]
    /// https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html, …/r_CREATE_TABLE_NEW.html, …/r_INSERT_30.html.
    static let redshift = [
        "BEGIN", "COMMIT", "CREATE TABLE IF NOT EXISTS name \\(\\)", "CREATE TEMP TABLE name \\(\\)", "DROP TABLE name",
        "INSERT INTO name \\(\\) SELECT .* FROM name",
        "COPY name \\(\\) FROM text IAM_ROLE text FORMAT AS (CSV DELIMITER AS text|JSON text)"
            + "( (MANIFEST|GZIP|ZSTD|EMPTYASNULL|NULL AS text|IGNOREHEADER AS 1|DATEFORMAT AS text|TIMEFORMAT AS text))*",
    ]
    /// SqlBaseParser.g4 of Apache Spark (createTable, createTempViewUsing, insertInto, dropView) and
    /// https://spark.apache.org/docs/latest/sql-ref-syntax.html.
    static let spark = [
        "CREATE TABLE IF NOT EXISTS name \\(\\) USING parquet",
        "CREATE OR REPLACE TEMPORARY VIEW name \\(\\) USING (csv|json) OPTIONS \\(\\)",
        "INSERT INTO name \\(\\) SELECT .* FROM name", "DROP VIEW name",
    ]

    /// The options that the pages list, and which of them are used here.
    static let options: [Warehouse: Set<String>] = [
        // formatTypeOptions of COPY INTO, TYPE = CSV and TYPE = JSON.
        .snowflake: [
            "TYPE", "COMPRESSION", "RECORD_DELIMITER", "FIELD_DELIMITER", "MULTI_LINE", "PARSE_HEADER", "SKIP_HEADER",
            "SKIP_BLANK_LINES", "DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT", "BINARY_FORMAT", "ESCAPE",
            "ESCAPE_UNENCLOSED_FIELD", "TRIM_SPACE", "FIELD_OPTIONALLY_ENCLOSED_BY", "NULL_IF",
            "ERROR_ON_COLUMN_COUNT_MISMATCH", "REPLACE_INVALID_CHARACTERS", "EMPTY_FIELD_AS_NULL",
            "SKIP_BYTE_ORDER_MARK",
            "ENCODING",
        ],
        // external_table_option_list.
        .bigquery: [
            "allow_jagged_rows", "allow_quoted_newlines", "compression", "encoding", "field_delimiter", "format",
            "hive_partition_uri_prefix", "ignore_unknown_values", "max_bad_records", "null_marker",
            "preserve_ascii_control_characters", "quote", "skip_leading_rows", "uris",
        ],
        // "Data Source Option" of the CSV and JSON pages.
        .spark: [
            "path", "sep", "encoding", "quote", "escape", "comment", "header", "nullValue", "emptyValue", "mode",
            "multiLine",
            "lineSep", "charToEscapeQuoteEscaping", "enforceSchema",
        ],
    ]

    @Test(
        "Every form that files come in",
        arguments: [Warehouse.snowflake, .bigquery, .redshift, .spark],
        [["csv", "csv"], ["ndjson", "ndjson"], ["csv", "ndjson"]])
    func grammar(_ warehouse: Warehouse, _ formats: [String]) throws {
        let forms: [Warehouse: [String]] = [
            .snowflake: Self.snowflake, .bigquery: Self.bigquery, .redshift: Self.redshift, .spark: Self.spark,
        ]
        for (codec, null) in [("gzip", ""), ("none", "\\N"), ("zstd", "NULL")]
        where warehouse != .bigquery || codec != "zstd" {
            for partitions in [[], [LoadTable.Partition(name: "event_date", isDay: true)]] {
                let table = SmallTable.table(
                    formats: formats, codec: codec, null: null, files: 4, partitions: partitions)
                let text = try SmallTable.script(warehouse, table, schema: "raw").write().text
                for statement in Outline.statements(text) {
                    let form = try #require(forms[warehouse])
                    #expect(
                        form.contains { statement.text.wholeMatch(of: try! Regex($0)) != nil }, "\(statement.text)")
                    for option in statement.options {
                        #expect(Self.options[warehouse]?.contains(option) == true, "\(option) in \(statement.text)")
                    }
                }
            }
        }
    }

    @Test("The reader of statements sees what is wrong")
    func reader() {
        let wrong = Outline.statements("COPY \"a\" (\"b\") IAM_ROLE 'x' FROM 's3://it''s; here';")
        #expect(wrong.map(\.text) == ["COPY name () IAM_ROLE text FROM text"])
        #expect(Self.redshift.allSatisfy { wrong[0].text.wholeMatch(of: try! Regex($0)) == nil })
        #expect(Outline.statements("X (A = 'b', c = [1]) ;").map(\.options) == [["A", "c"]])
    }
}

/// A statement's outline.
struct Outline {
    var text = ""
    /// The names before `=` in the last parentheses, where there are such.
    var options: [String] = []

    /// Reads a script: comments out, statements apart.
    static func statements(_ script: String) -> [Outline] {
        var all: [Outline] = []
        var words: [String] = []
        var options: [String] = []
        var depth = 0
        var inner: [String] = []
        var rest = Substring(script)
        func take(_ count: Int) -> String {
            defer { rest = rest.dropFirst(count) }
            return String(rest.prefix(count))
        }
        while let first = rest.first {
            var word: String?
            if rest.hasPrefix("--") {
                rest = rest.drop { $0 != "\n" }
            } else if "'\"`".contains(first) {
                rest = rest.dropFirst()
                let content = rest
                while let next = rest.first {
                    // A quote twice, or behind a backslash, does not end it.
                    if next == "\\", first != "\"", rest.dropFirst().first != nil,
                        !rest.hasPrefix("\\N'") || rest.hasPrefix("\\\\")
                    {
                        _ = take(2)
                    } else if next == first, rest.dropFirst().first == first {
                        _ = take(2)
                    } else if next == first {
                        break
                    } else {
                        rest = rest.dropFirst()
                    }
                }
                // An option's name may be a string.
                word = first != "'" ? "name" : depth == 1 ? String(content[..<rest.startIndex]) : "text"
                rest = rest.dropFirst()
            } else if first == "(" || first == "[" {
                if depth == 0 { inner = [] }
                depth += 1
                rest = rest.dropFirst()
                if depth == 1 { words.append("()") }
            } else if first == ")" || first == "]" {
                depth -= 1
                rest = rest.dropFirst()
                if depth == 0, inner.count > 1 {
                    let names = zip(inner, inner.dropFirst()).filter { $0.1 == "=" }.map(\.0)
                    if !names.isEmpty { options = names }
                }
            } else if first == ";", depth == 0 {
                rest = rest.dropFirst()
                all.append(Outline(text: normal(words), options: options))
                words = []
                options = []
            } else if first.isWhitespace {
                rest = rest.dropFirst()
            } else if first == "<" {
                let end = rest.firstIndex(of: ">") ?? rest.startIndex
                word = take(rest.distance(from: rest.startIndex, to: end) + 1)
            } else if first.isLetter || first == "_" || first.isNumber {
                word = take(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }.count)
            } else {
                word = take(1)
            }
            if let word {
                if depth == 0 { words.append(word) } else if depth == 1 { inner.append(word) }
            }
        }
        #expect(words.isEmpty, "what follows the last semicolon: \(words)")
        return all
    }

    /// A qualified name is a name.
    private static func normal(_ words: [String]) -> String {
        words.joined(separator: " ").replacingOccurrences(of: "name . name", with: "name")
    }
}
