/// One setting of a pipeline file, as the manual lists it.
public struct Setting: Hashable, Sendable {
    /// Where it stands: `source.url`, `datasets.NAME.flatten[].column` (`[]`: in each entry of the list).
    public let name: String
    /// What it takes.
    public let type: String
    /// What holds without it; `required` when it must be there.
    public let `default`: String
    /// What it does.
    public let meaning: String
    /// Whether it may also stand under `defaults`, for all datasets.
    public let isShared: Bool

    init(_ name: String, _ type: String, _ default: String, _ meaning: String, isShared: Bool = false) {
        self.name = name
        self.type = type
        self.default = `default`
        self.meaning = meaning
        self.isShared = isShared
    }

    /// The places where it may stand.
    var names: [String] {
        isShared ? [name, "defaults." + name.dropFirst("datasets.NAME.".count)] : [name]
    }
}

/// Every setting of a pipeline file: the source of the manual's table.
public enum SettingReference {
    /// All settings, in the order of the manual.
    public static let all: [Setting] = top + source + destination + dataset + output

    /// The settings as a Markdown table.
    public static var markdown: String {
        let rows = all.map { setting in
            let cells = [
                "`\(setting.name)`", setting.type, setting.default,
                setting.meaning + (setting.isShared ? " Also under `defaults`." : ""),
            ]
            return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
        }
        return (["| setting | type | default | meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
    }

    /// Where a setting of this name does belong, as part of a hint; nil when there is none.
    static func home(of key: String) -> String? {
        guard let setting = all.first(where: { $0.name.split(separator: ".").last.map(String.init) == key }) else {
            return nil
        }
        let parent = String(setting.name.dropLast(key.count + 1))
        switch parent {
        case "": return "'\(key)' belongs to the top level of the file."
        case "datasets.NAME": return "'\(key)' belongs to a dataset\(setting.isShared ? ", or under 'defaults'" : "")."
        default:
            return "'\(key)' belongs under '\(parent.replacing("datasets.NAME.", with: "").replacing("[]", with: ""))'."
        }
    }

    private static let top = [
        Setting("pipeline", "name", "required", "The pipeline's name: letters, digits, `_` and `-`."),
        Setting("source", "mapping", "required", "The database that is read."),
        Setting("destination", "mapping", "required", "Where the files go."),
        Setting("workers", "1 to 64", "the machine's cores, at most 4", "How many connections read at once."),
        Setting(
            "unit_size", "size, 1MiB to 64GiB", "256MiB",
            "How much of a table one unit of work covers: what an interruption costs at most."),
        Setting(
            "hash_key", "text, 16 bytes or more", "none",
            "The key of what `hash` names; best written as `${VARIABLE}`. Never shown."),
        Setting("defaults", "mapping", "none", "Settings for all datasets; a dataset's own win, each by itself."),
        Setting("datasets", "mapping", "required", "The datasets by name; the name is the folder in the lake."),
    ]

    private static let source = [
        Setting(
            "source.url", "text", "required",
            "A `postgresql://` URL or libpq keywords; `\"\"` goes by the `PG*` variables. Never shown."),
        Setting(
            "source.statement_timeout", "time", "1h",
            "The longest that one statement may take, and so one unit; `0` for no limit."),
        Setting("source.lock_timeout", "time", "10s", "The longest wait for a lock; `0` for no limit."),
        Setting("source.application_name", "text", "tidemark", "What the server shows as the connections' name."),
    ]

    private static let destination = [
        Setting("destination.url", "text", "required", "`file:/folder` or `s3://BUCKET/PREFIX`."),
        Setting("destination.region", "text", "`AWS_REGION`", "The region of the bucket."),
        Setting(
            "destination.endpoint", "URL", "`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, else AWS",
            "Another service than AWS that speaks S3."),
        Setting(
            "destination.path_style", "true or false", "as the endpoint suggests",
            "Whether the bucket stands in the path and not in the host name."),
        Setting("destination.access_key_id", "text", "`AWS_ACCESS_KEY_ID`", "The name of the access key."),
        Setting(
            "destination.secret_access_key", "text", "`AWS_SECRET_ACCESS_KEY`",
            "The access key's secret; best written as `${VARIABLE}`. Never shown."),
        Setting(
            "destination.session_token", "text", "`AWS_SESSION_TOKEN`",
            "The token of temporary credentials. Never shown."),
        Setting("destination.part_size", "size, 5MiB to 5GiB", "16MiB", "The size of an upload part."),
        Setting(
            "destination.grace", "time", "1h",
            "How long files that a backfill has replaced stay: readers may hold them."),
    ]

    private static let dataset = [
        Setting(
            "datasets.NAME.table", "SCHEMA.TABLE", "required, or `query`",
            "The table or view; exact, also in upper and lower case."),
        Setting(
            "datasets.NAME.query", "SQL", "none",
            "A SELECT in the table's place; `:low` and `:high` in it are the window's ends. For `cursor: {mode: column}` and `mode: snapshot`."
        ),
        Setting("datasets.NAME.key", "column, or a list", "required", "What identifies a row."),
        Setting(
            "datasets.NAME.mode", "incremental or snapshot", "incremental",
            "What was committed since the last run; or all rows, anew whenever one has changed."),
        Setting("datasets.NAME.cursor", "mapping", "by transaction", "How it is told what is new."),
        Setting(
            "datasets.NAME.cursor.mode", "transaction or column", "transaction",
            "The transaction that wrote a row; or a time column, for views, queries and foreign tables."),
        Setting("datasets.NAME.cursor.column", "column", "none", "The time column, for mode `column`."),
        Setting(
            "datasets.NAME.cursor.settle", "time", "5m",
            "For mode `column`: rows are read when their time is that long past."),
        Setting("datasets.NAME.prune", "mapping", "none", "A time column by which old data need not be read."),
        Setting(
            "datasets.NAME.prune.column", "column", "required",
            "The column; the database itself sets it: `DEFAULT now()`."),
        Setting(
            "datasets.NAME.prune.lookback", "time", "1h", "How far its values may lie before their transaction's start."
        ),
        Setting(
            "datasets.NAME.prune.client_time", "true or false", "false",
            "Clients set the column: what comes later than `lookback` is missed, and found by `tidemark verify --full`."
        ),
        Setting(
            "datasets.NAME.initial", "all, none or a mapping", "all",
            "What the first load takes of the rows that are there already."),
        Setting("datasets.NAME.initial.from", "day or moment", "required", "The first load takes rows from here on."),
        Setting(
            "datasets.NAME.initial.column", "column", "the first in `partition_by` with `by`",
            "The time column that `initial.from` looks at."),
        Setting(
            "datasets.NAME.columns", "list", "all of the table's columns",
            "The columns to write; a plain name is short for `{name: NAME}`, `\"*\"` stands for all others of the table."
        ),
        Setting("datasets.NAME.columns[].name", "text", "required", "The column's name in the files."),
        Setting(
            "datasets.NAME.columns[].from", "path", "the name",
            "The table's column, or a key in a JSON column: `payload.user.id`, `payload.\"user.name\".id`, `payload.items[0].id`."
        ),
        Setting(
            "datasets.NAME.columns[].sql", "SQL", "none",
            "An expression over the table's columns in place of `from`, also a subquery in parentheses."),
        Setting(
            "datasets.NAME.columns[].type", "type", "as the table has it; string for a key in JSON",
            "string, int64, number, decimal(p,s), double, bool, timestamp, date, uuid, json or bytes."),
        Setting(
            "datasets.NAME.flatten", "list", "none",
            "The JSON columns whose keys become columns; a plain name is short for `{column: NAME}`."),
        Setting("datasets.NAME.flatten[].column", "column", "required", "The JSON column."),
        Setting(
            "datasets.NAME.flatten[].prefix", "text", "the column's name and `_`",
            "What the names of its columns begin with."),
        Setting("datasets.NAME.flatten[].separator", "text", "`_`", "What stands between the keys of nested objects."),
        Setting("datasets.NAME.flatten[].depth", "1 to 32", "5", "How many levels of objects are taken apart."),
        Setting(
            "datasets.NAME.flatten[].arrays", "json or explode", "json",
            "What becomes of an array: one JSON value, or rows of a dataset of its own, `NAME__KEYS`."),
        Setting(
            "datasets.NAME.flatten[].json_schema", "file, or a mapping", "none",
            "A JSON Schema whose properties get columns, whether a sample shows them or not; the path starts at the pipeline file."
        ),
        Setting(
            "datasets.NAME.flatten[].json_schema.sql", "SQL", "none", "A SELECT that gives one JSON Schema a row."),
        Setting(
            "datasets.NAME.exclude", "path, or a list", "none",
            "Columns, and places in JSON columns (`payload.user.email`, `payload.items[*].email`), that are left out everywhere."
        ),
        Setting(
            "datasets.NAME.hash", "path, or a list", "none",
            "Columns and places that become their HMAC-SHA-256 under `hash_key`, everywhere."),
        Setting(
            "datasets.NAME.mask", "list", "none",
            "Columns and places whose characters become `*`; a plain path is short for `{path: PATH}`."),
        Setting("datasets.NAME.mask[].path", "path", "required", "The column or place."),
        Setting("datasets.NAME.mask[].keep", "0 to 64", "4", "How many characters stay, at the end."),
        Setting(
            "datasets.NAME.rename", "mapping", "none",
            "Names for columns, by where they come from: `{payload.user.id: user}`."
        ),
        Setting(
            "datasets.NAME.split_by", "column, or a mapping", "none",
            "A column whose values each make a dataset, `NAME/VALUE`, with columns of its own."),
        Setting("datasets.NAME.split_by.column", "column", "required", "The table's column."),
        Setting(
            "datasets.NAME.split_by.max_datasets", "1 to 1000", "100",
            "The most datasets that are made; rows with other values go to `NAME/_other`."),
        Setting(
            "datasets.NAME.partition_by", "list", "none",
            "The folders of a dataset, in order; a plain name is short for `{column: NAME}`."),
        Setting("datasets.NAME.partition_by[].column", "column", "required", "The table's column."),
        Setting(
            "datasets.NAME.partition_by[].by", "year, month, day or hour", "the value itself",
            "How a moment is cut, in UTC."),
        Setting(
            "datasets.NAME.partition_by[].as", "name", "`<column>_<by>`, or the column",
            "The folder's name: `as=value`."),
        Setting(
            "datasets.NAME.where", "SQL", "all rows",
            "A condition on the table's columns, put into every query as it is."),
    ]

    private static let output = [
        Setting("datasets.NAME.format", "ndjson or csv", "ndjson", "How rows are written.", isShared: true),
        Setting(
            "datasets.NAME.nulls", "keep or omit", "keep",
            "For NDJSON: whether NULL is `null`, or absent as a missing key is.", isShared: true),
        Setting(
            "datasets.NAME.bigint_as_string", "true or false", "false",
            "For NDJSON: whether int64, number and decimal columns are strings, for readers that round them.",
            isShared: true),
        Setting(
            "datasets.NAME.csv", "mapping", "none",
            "How CSV is written; a plain word is short for `{preset: WORD}`.", isShared: true),
        Setting(
            "datasets.NAME.csv.preset", "postgres, snowflake, redshift, bigquery or duckdb", "none",
            """
            All of CSV's settings as a loader wants them: postgres and duckdb the defaults, snowflake `quote: all`, redshift \
            and bigquery `null: \\N`. Single settings beside it win.
            """, isShared: true),
        Setting(
            "datasets.NAME.csv.header", "true or false", "true", "Whether a file begins with the column names.",
            isShared: true),
        Setting(
            "datasets.NAME.csv.delimiter", "one character", "`,`", "What stands between fields.", isShared: true),
        Setting("datasets.NAME.csv.null", "text", "empty", "How NULL is written.", isShared: true),
        Setting(
            "datasets.NAME.csv.quote", "minimal or all", "minimal",
            "Whether only what must be is quoted, or every value but NULL.", isShared: true),
        Setting("datasets.NAME.csv.line_end", "lf or crlf", "lf", "What a line ends in.", isShared: true),
        Setting(
            "datasets.NAME.special_values", "null, string or fail", "null",
            "NaN, infinities and years outside 1 to 9999 in the table's own columns: to `_extra`, as text, or an error.",
            isShared: true),
        Setting("datasets.NAME.compression", "mapping", "none", "How files are compressed.", isShared: true),
        Setting(
            "datasets.NAME.compression.codec", "zstd, gzip or none", "zstd", "The codec; BigQuery loads no zstd.",
            isShared: true),
        Setting(
            "datasets.NAME.compression.level", "1 to 19, with gzip to 9", "3, with gzip 6", "From fast to small.",
            isShared: true),
        Setting("datasets.NAME.chunk", "mapping", "none", "When a file is closed.", isShared: true),
        Setting(
            "datasets.NAME.chunk.target_size", "size, 1MiB to 5GiB", "128MiB",
            "The compressed size at which a file is closed.", isShared: true),
        Setting(
            "datasets.NAME.chunk.rows", "1 or more", "any number", "The row count at which a file is closed.",
            isShared: true),
        Setting(
            "datasets.NAME.schema", "evolve or freeze, or a mapping", "evolve",
            "Whether keys that went to `_extra` get columns at the next run, and columns wider types.", isShared: true),
        Setting("datasets.NAME.schema.mode", "evolve or freeze", "evolve", "The same, in a mapping.", isShared: true),
        Setting(
            "datasets.NAME.schema.max_columns", "1 to 10000", "1000",
            "The most columns of a table that get there by themselves.",
            isShared: true),
        Setting(
            "datasets.NAME.schema.min_count", "1 or more", "10",
            "How often a key must have been met before it gets a column.", isShared: true),
        Setting(
            "datasets.NAME.sample", "0 to 10000000", "10000",
            "How many rows are looked at to find the keys of JSON columns.", isShared: true),
        Setting(
            "datasets.NAME.timestamp_zone", "zone", "UTC",
            "The zone that a `timestamp` without time zone is read in.", isShared: true),
    ]
}
