extension ProblemTests {
    /// Settings of a dataset, which begin in line 8 and column 5, and what is wrong with them.
    static let datasetProblems: [(String, [String])] = [
        (
            "fromat: csv",
            [
                "8:5: unknown setting 'fromat' in the dataset 'events'; did you mean 'format'? The dataset 'events' takes: \(settings)"
            ]
        ),
        (
            "partitionBy: [a]",
            [
                "8:5: unknown setting 'partitionBy' in the dataset 'events'; did you mean 'partition_by'? The dataset 'events' takes: \(settings)"
            ]
        ),
        (
            "workers: 3",
            [
                "8:5: unknown setting 'workers' in the dataset 'events'; 'workers' belongs to the top level of the file. The dataset 'events' takes: \(settings)"
            ]
        ),
        (
            "level: 3",
            [
                "8:5: unknown setting 'level' in the dataset 'events'; 'level' belongs under 'compression'. The dataset 'events' takes: \(settings)"
            ]
        ),
        ("zzz: 3", ["8:5: unknown setting 'zzz' in the dataset 'events'; the dataset 'events' takes: \(settings)"]),
        ("mode: full", ["8:11: 'mode' cannot be 'full'; write incremental or snapshot"]),
        ("format: jsonl", ["8:13: 'format' cannot be 'jsonl'; write ndjson or csv"]),
        ("format: ndjsn", ["8:13: 'format' cannot be 'ndjsn': perhaps 'ndjson' is meant; write ndjson or csv"]),
        ("format:", ["8:5: 'format' has no value; give it one, or remove the line"]),
        ("format: [csv]", ["8:13: 'format' must be text, here it is a list"]),
        ("csv: {header: true}", ["8:10: 'csv' is set, but the format is ndjson; write `format: csv`, or remove 'csv'"]),
        (
            "format: csv\nnulls: omit\nbigint_as_string: true",
            [
                "9:12: 'nulls' is set, but the format is csv; write `format: ndjson`, or remove 'nulls'",
                "10:23: 'bigint_as_string' is set, but the format is csv; write `format: ndjson`, or remove 'bigint_as_string'",
            ]
        ),
        ("nulls: drop", ["8:12: 'nulls' cannot be 'drop'; write keep or omit"]),
        (
            "format: csv\ncsv: postgers",
            [
                "9:10: 'preset' cannot be 'postgers': perhaps 'postgres' is meant; write postgres, snowflake, redshift, bigquery or duckdb"
            ]
        ),
        ("format: csv\ncsv: [redshift]", ["9:10: 'csv' must be a mapping, here it is a list"]),
        (
            "format: csv\ncsv: {quote: none, line_end: cr}",
            [
                "9:18: 'quote' cannot be 'none'; write minimal or all",
                "9:34: 'line_end' cannot be 'cr'; write lf or crlf",
            ]
        ),
        (
            "format: csv\ncsv: {null: '\\.'}",
            [
                "9:17: 'null' cannot be '\\.'; write at most 32 bytes without quotes, line ends and the delimiter, such as '\\N'"
            ]
        ),
        (
            "special_values: nul",
            ["8:21: 'special_values' cannot be 'nul': perhaps 'null' is meant; write null, string or fail"]
        ),
        ("format: csv\ncsv: {header: yes}", ["9:19: 'header' cannot be 'yes'; write true or false"]),
        (
            "format: csv\ncsv: {delimiter: a}",
            ["9:22: 'delimiter' cannot be 'a'; write one ASCII character, such as \",\" or \";\" or \"|\" or \"\\t\""]
        ),
        (
            "format: csv\ncsv: {delimiter: ;, null: a;b}",
            [
                "9:31: 'null' cannot be 'a;b'; write at most 32 bytes without quotes, line ends and the delimiter, such as '\\N'"
            ]
        ),
        ("compression: zstd", ["8:18: 'compression' must be a mapping, here it is text"]),
        (
            "compression: {codec: lz4, level: 20}",
            [
                "8:26: 'codec' cannot be 'lz4'; write zstd, gzip or none",
                "8:38: 'level' cannot be '20': the codec is zstd; write a whole number from 1 to 19",
            ]
        ),
        (
            "compression: {level: 10, codec: gzip}",
            ["8:26: 'level' cannot be '10': the codec is gzip; write a whole number from 1 to 9"]
        ),
        (
            "chunk: {target_size: 1M, rows: 0}",
            [
                "8:26: 'target_size' cannot be '1M': the unit is cut short; write MiB (powers of 1024) or MB (of 1000)",
                "8:36: 'rows' cannot be '0'; write a whole number from 1 to 1000000000000",
            ]
        ),
        ("chunk: {target_size: 1kB}", ["8:26: 'target_size' cannot be '1kB'; write a size from 1MiB to 5GiB"]),
        ("sample: 10000001", ["8:13: 'sample' cannot be '10000001'; write a whole number from 0 to 10000000"]),
        (
            "timestamp_zone: +02",
            [
                "8:21: 'timestamp_zone' cannot be '+02': it is no zone's name; write a zone's name, such as Europe/Berlin or UTC"
            ]
        ),
        (
            "timestamp_zone: UTC+2",
            [
                "8:21: 'timestamp_zone' cannot be 'UTC+2': it is an offset, whose sign PostgreSQL reads the other way round; write a zone's name, such as Europe/Berlin or UTC"
            ]
        ),
        (
            "where: ' '",
            [
                "8:12: 'where' cannot be ' '; write an SQL condition, such as \"event_type <> 'test'\", or remove the line"
            ]
        ),
        ("exclude: {a: b}", ["8:14: 'exclude' must be a list of names, here it is a mapping"]),
        (
            "exclude: [a, b, a]",
            ["8:21: 'a' is listed twice in 'exclude', the first time in line 8; remove one of them"]
        ),
        ("exclude: [[a]]", ["8:15: 'exclude' must be text, here it is a list"]),
        (
            "flatten: payload",
            ["8:14: 'flatten' must be a list, here it is text; write one entry a line, such as - {column: …}"]
        ),
        (
            "flatten: [{prefix: a}]",
            ["8:15: an entry of 'flatten' has no 'column'; name the JSON column, as in {column: payload}"]
        ),
        (
            "flatten:\n  -\n  - [a]",
            [
                "9:8: an entry of 'flatten' is empty; write such as - {column: …}",
                "10:9: an entry of 'flatten' must be a mapping, here it is a list",
            ]
        ),
        (
            "flatten: [{column: p, depth: 33, arrays: burst}]",
            [
                "8:34: 'depth' cannot be '33'; write a whole number from 1 to 32",
                "8:46: 'arrays' cannot be 'burst'; write json or explode",
            ]
        ),
        (
            "flatten: [p, {column: p}]",
            ["8:27: 'p' is listed twice in 'flatten', the first time in line 8; remove one of them"]
        ),
        (
            "flatten: [p]\nexclude: [a, p]",
            [
                "9:14: 'p' is both flattened and excluded; remove it from 'exclude' (its JSON is not exported beside its keys anyway), or from 'flatten'"
            ]
        ),
        (
            "columns: []",
            ["8:14: 'columns' is empty; name at least one, or remove 'columns' to take all of the table's"]
        ),
        (
            "columns: [{from: a}]",
            ["8:15: an entry of 'columns' has no 'name'; name the column, as in {name: user_id, from: payload.user.id}"]
        ),
        (
            "columns: [a, A]",
            [
                "8:18: 'A' is listed twice in 'columns', the first time in line 8; warehouses do not tell names by their case: choose another name"
            ]
        ),
        (
            "columns:\n  - a\n  - {name: a}",
            ["10:16: 'a' is listed twice in 'columns', the first time in line 9; remove one of them"]
        ),
        (
            "columns: [_EXTRA]",
            ["8:15: 'name' cannot be '_EXTRA': it is reserved for what no other column takes; choose another name"]
        ),
        (
            "columns: [a]\nexclude: b",
            [
                "9:14: 'exclude' does nothing beside 'columns'; remove 'exclude': columns that are not listed are left out anyway"
            ]
        ),
        (
            "columns: [{name: a, from: p.x[0]}]",
            [
                // YAML's own bracket: the text before it is `p.x`.
                "8:34: the '{' opened in line 8 is not closed, or a comma is missing; close it; a text with a bracket or a comma in it goes in quotes"
            ]
        ),
        (
            "columns: [{name: a, from: \"p.x[a]\"}]",
            [
                "8:31: 'from' cannot be 'p.x[a]': '[a]' is no place in an array; write a number from 0, as in payload.items[0].id; a key that holds a '[' goes in double quotes"
            ]
        ),
        (
            "columns: [{name: a, from: \"p.x[*].y\"}]",
            [
                "8:31: 'from' cannot be 'p.x[*].y': it leads to many values; write a place, as in payload.items[0].id; `arrays: explode` takes all"
            ]
        ),
        (
            "columns: [{name: a, from: \"p.x[0\"}]",
            [
                "8:31: 'from' cannot be 'p.x[0': a bracket is not closed; write a place in an array as in payload.items[0].id"
            ]
        ),
        (
            "columns: [{name: a, from: b, sql: c}]",
            ["8:39: 'from' and 'sql' are both set; remove one of them"]
        ),
        (
            "columns: [{name: a, sql: \"c;\"}]",
            [
                "8:30: 'sql' cannot be 'c;': it ends in a semicolon; write an SQL expression over the table's columns, such as \"upper(country)\""
            ]
        ),
        (
            "columns: [{name: \"*\", type: int64}]",
            ["8:22: '*' stands for all of the table's columns; write just \"*\", or name a column"]
        ),
        (
            "hash: a\nmask: [a, b, b]",
            [
                "1:1: the dataset 'events' hashes values, and there is no 'hash_key'; add `hash_key: ${TIDEMARK_HASH_KEY}` at the top level, and set the variable to a long random text",
                "9:12: 'a' is in 'hash' and in 'mask'; remove it from one of the lists",
                "9:18: 'b' is listed twice in 'mask'; remove it from one of the lists",
            ]
        ),
        (
            "mask: [a]\npartition_by: [a]\nsplit_by: a",
            [
                "9:19: 'partition_by' puts values into paths of a column that is masked; divide by another column",
                "10:15: 'split_by' puts values into paths of a column that is masked; divide by another column",
            ]
        ),
        (
            "flatten: [p]\nmask: [p]",
            [
                "8:14: a column is flattened, and hashed or masked as a whole; name the places in it, as in payload.user.email"
            ]
        ),
        (
            "rename: {\"p[*]\": a, q..r: b}",
            [
                "8:14: 'rename' cannot speak of 'p[*]': it leads to many values; write a place, as in payload.items[0].id; `arrays: explode` takes all",
                "8:25: 'rename' cannot speak of 'q..r': it has an empty step; write the column and the keys as in payload.user.id",
            ]
        ),
        (
            "schema: {mode: melt, min_count: 0}",
            [
                "8:20: 'mode' cannot be 'melt'; write evolve or freeze",
                "8:37: 'min_count' cannot be '0'; write a whole number from 1 to 1000000000",
            ]
        ),
        (
            "columns: [{name: a, from: p..x}]",
            ["8:31: 'from' cannot be 'p..x': it has an empty step; write the column and the keys as in payload.user.id"]
        ),
        (
            "columns: [{name: a, from: 'p.\"x'}]",
            [
                "8:31: 'from' cannot be 'p.\"x': a double quote is not closed; write such a key as in payload.\"user.name\".id"
            ]
        ),
        (
            "columns: [{name: a, from: p.a b}]",
            [
                "8:31: 'from' cannot be 'p.a b': ' ' cannot stand behind 'a'; a key with other characters than letters, digits, '_', '-', '$' and '@' goes in double quotes"
            ]
        ),
        (
            "columns: [{name: a, type: integer}]",
            [
                "8:31: 'type' cannot be 'integer': perhaps 'int64' is meant; the types are string, int64, number, decimal(p,s), double, bool, timestamp, date, uuid, json, bytes"
            ]
        ),
        (
            "columns: [{name: a, type: \"decimal(2,3)\"}]",
            [
                "8:31: 'type' cannot be 'decimal(2,3)': its digits are not understood; write type: \"decimal(10,2)\", in quotes: the digits in all, 1 to 1000, and those behind the point"
            ]
        ),
        ("partition_by: [{column: at, by: week}]", ["8:37: 'by' cannot be 'week'; write year, month, day or hour"]),
        ("partition_by: [{column: at, by: day, as: a/b}]", ["8:46: 'as' cannot be 'a/b'; \(identifier)"]),
        ("partition_by: [{column: at, by: day, as: _x}]", ["8:46: 'as' cannot be '_x'; \(identifier)"]),
        (
            "partition_by: [user id]",
            ["8:20: 'user id' cannot be the name of a folder; name the part with 'as', in letters, digits, '_' and '-'"]
        ),
        (
            "partition_by: [{column: at, by: day, as: EVENT_ID}]",
            ["8:46: 'partition_by' makes 'EVENT_ID', which is also the name of a column; choose another name with 'as'"]
        ),
        (
            "partition_by: [{column: at, by: day, as: at}]",
            ["8:46: 'partition_by' makes 'at', which is also the name of a column; choose another name with 'as'"]
        ),
        (
            "columns: [a, at_day]\npartition_by: [{column: at, by: day}]",
            ["9:29: 'partition_by' makes 'at_day', which is also the name of a column; choose another name with 'as'"]
        ),
        (
            "columns: [{name: org, from: p.org}]\npartition_by: [org]",
            ["9:20: 'partition_by' makes 'org', which is also the name of a column; choose another name with 'as'"]
        ),
        (
            "partition_by: [{column: a, by: day, as: d}, {column: b, by: day, as: D}]",
            ["8:74: two parts of 'partition_by' are called 'D'; name one of them with 'as'"]
        ),
        (
            "<<: {mode: incremental}",
            [
                "8:5: merge keys ('<<') are not supported; write the settings out, or put what datasets share under 'defaults'"
            ]
        ),
        ("[a]: b", ["8:5: a key must be text, here it is a list"]),
        ("sample: 1\nsample: 2", ["9:5: 'sample' is set twice, the first time in line 8; remove one of them"]),
        (
            "sample: 1\n\"sample\": 2\nsample: 3\nfoo: 1",
            [
                "9:5: 'sample' is set twice, the first time in line 8; remove one of them",
                "10:5: 'sample' is set twice, the first time in line 8; remove one of them",
                "11:5: unknown setting 'foo' in the dataset 'events'; the dataset 'events' takes: \(settings)",
            ]
        ),
    ]
}
