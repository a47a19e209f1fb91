import Testing

@testable import Warehouses

/// Statements that nobody here can run, as they were read once against the makers' pages.
@Suite("Load scripts for warehouses that are services: their text, without comments")
struct GoldenTests {
    @Test("as it was checked", arguments: [Warehouse.snowflake, .bigquery, .redshift, .spark])
    func text(_ warehouse: Warehouse) throws {
        let texts: [Warehouse: String] = [
            .snowflake: Self.snowflake, .bigquery: Self.bigquery, .redshift: Self.redshift, .spark: Self.spark,
        ]
        let script = try SmallTable.script(warehouse, SmallTable.table()).write()
        let lines = script.text.split(separator: "\n").filter { !$0.hasPrefix("--") }
        #expect(lines.joined(separator: "\n") == texts[warehouse])
        #expect(script.text.hasSuffix("tidemark load-sql … --for \(warehouse.rawValue) --since 4\n"))
    }

    /// https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: "Data load with transformation", its functions from
    /// https://docs.snowflake.com/en/user-guide/data-load-transform.
    private static let snowflake = #"""
        CREATE STAGE IF NOT EXISTS "tidemark_shop"
            URL = 's3://lake/shop/'
            STORAGE_INTEGRATION = <your storage integration>;
        CREATE TABLE IF NOT EXISTS "events" (
            "id" NUMBER(19, 0),
            "amount" VARCHAR,
            "_extra" VARIANT,
            "at" TIMESTAMP_TZ(6),
            "raw" BINARY,
            "event_date" DATE
        );
        ALTER TABLE "events" ADD COLUMN IF NOT EXISTS "at" TIMESTAMP_TZ(6);
        ALTER TABLE "events" ADD COLUMN IF NOT EXISTS "raw" BINARY;
        COPY INTO "events" ("id", "amount", "_extra", "event_date")
        FROM (
            SELECT
                $1::NUMBER(19, 0),
                $2::VARCHAR,
                PARSE_JSON($3),
                NULLIF(REGEXP_SUBSTR(METADATA$FILENAME, '^.*/event_date=([^/]*)/', 1, 1, 'e', 1), '__HIVE_DEFAULT_PARTITION__')::DATE
            FROM @"tidemark_shop"
        )
        FILES = (
            'events/event_date=2026-11-01/000001-0001-0001.csv.gz'
        )
        FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FIELD_DELIMITER = ',' SKIP_HEADER = 1 ESCAPE_UNENCLOSED_FIELD = NONE TRIM_SPACE = FALSE FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE ENCODING = 'UTF8')
        ON_ERROR = ABORT_STATEMENT;
        COPY INTO "events" ("id", "amount", "_extra", "at", "raw", "event_date")
        FROM (
            SELECT
                $1:"id"::NUMBER(19, 0),
                $1:"amount"::VARCHAR,
                $1:"_extra",
                $1:"at"::VARCHAR::TIMESTAMP_TZ(6),
                TO_BINARY(SUBSTR($1:"raw"::VARCHAR, 3), 'HEX'),
                NULLIF(REGEXP_SUBSTR(METADATA$FILENAME, '^.*/event_date=([^/]*)/', 1, 1, 'e', 1), '__HIVE_DEFAULT_PARTITION__')::DATE
            FROM @"tidemark_shop"
        )
        FILES = (
            'events/event_date=__HIVE_DEFAULT_PARTITION__/000003-0001-0001.ndjson.gz'
        )
        FILE_FORMAT = (TYPE = JSON COMPRESSION = GZIP)
        ON_ERROR = ABORT_STATEMENT;
        """#

    /// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_external_table_statement and
    /// …/json_functions, …/string_functions#regexp_replace.
    private static let bigquery = #"""
        CREATE TABLE IF NOT EXISTS `events` (
            `id` INT64,
            `amount` STRING,
            `_extra` STRING,
            `at` TIMESTAMP,
            `raw` BYTES,
            `event_date` DATE
        );
        ALTER TABLE `events` ADD COLUMN IF NOT EXISTS `at` TIMESTAMP;
        ALTER TABLE `events` ADD COLUMN IF NOT EXISTS `raw` BYTES;
        CREATE OR REPLACE EXTERNAL TABLE `events_tidemark_1` (c1 STRING, c2 STRING, c3 STRING)
        OPTIONS (
            format = 'CSV',
            compression = 'GZIP',
            field_delimiter = ',',
            quote = '"',
            allow_quoted_newlines = true,
            skip_leading_rows = 1,
            uris = [
                'gs://lake/shop/events/event_date=2026-11-01/000001-0001-0001.csv.gz'
            ]
        );
        INSERT INTO `events` (`id`, `amount`, `_extra`, `event_date`)
        SELECT
            CAST(c1 AS INT64),
            c2,
            c3,
            CAST(NULLIF(REGEXP_EXTRACT(file, '^.*/event_date=([^/]*)/'), '__HIVE_DEFAULT_PARTITION__') AS DATE)
        FROM (SELECT *, _FILE_NAME AS file FROM `events_tidemark_1`);
        DROP EXTERNAL TABLE `events_tidemark_1`;
        CREATE OR REPLACE EXTERNAL TABLE `events_tidemark_2` (line STRING)
        OPTIONS (
            format = 'CSV',
            compression = 'GZIP',
            field_delimiter = '\x01',
            quote = '',
            uris = [
                'gs://lake/shop/events/event_date=__HIVE_DEFAULT_PARTITION__/000003-0001-0001.ndjson.gz'
            ]
        );
        INSERT INTO `events` (`id`, `amount`, `_extra`, `at`, `raw`, `event_date`)
        SELECT
            CAST(REPLACE(c1, '#', '') AS INT64),
            CASE WHEN ENDS_WITH(c2, '#') THEN LEFT(c2, LENGTH(c2) - 1) WHEN STARTS_WITH(c2, '#') THEN SUBSTR(c2, 2) ELSE c2 END,
            REPLACE(REGEXP_REPLACE(c3, '"#([-+0-9.eE]+)"', '\\1'), '#"', '"'),
            CAST(REPLACE(c4, '#', '') AS TIMESTAMP),
            FROM_HEX(SUBSTR(REPLACE(c5, '#', ''), 3)),
            CAST(NULLIF(REGEXP_EXTRACT(file, '^.*/event_date=([^/]*)/'), '__HIVE_DEFAULT_PARTITION__') AS DATE)
        FROM (
            SELECT
                JSON_VALUE(line, '$."id#"') AS c1,
                JSON_VALUE(line, '$."amount#"') AS c2,
                NULLIF(JSON_QUERY(line, '$."_extra#"'), 'null') AS c3,
                JSON_VALUE(line, '$."at#"') AS c4,
                JSON_VALUE(line, '$."raw#"') AS c5,
                file
            FROM (SELECT REGEXP_REPLACE(line, '"((?:[^"\\\\]|\\\\.)*)"|(-?[0-9][-+0-9.eE]*)', '"\\1#\\2"') AS line, _FILE_NAME AS file FROM `events_tidemark_2`)
        );
        DROP EXTERNAL TABLE `events_tidemark_2`;
        """#

    /// https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html: "COPY table-name [ column-list ] FROM data_source authorization
    /// [ [ FORMAT ] [ AS ] data_format ] [ parameter [ argument ] [, ... ] ]".
    private static let redshift = #"""
        BEGIN;
        CREATE TABLE IF NOT EXISTS "events" (
            "id" BIGINT,
            "amount" VARCHAR(65535),
            "_extra" SUPER,
            "at" TIMESTAMPTZ,
            "raw" VARCHAR(65535),
            "event_date" DATE
        );
        CREATE TEMP TABLE "events_tidemark" (LIKE "events");
        COPY "events_tidemark" ("id", "amount", "_extra")
        FROM 's3://<your bucket>/<folder of the manifests>/events-4-1.manifest'
        IAM_ROLE '<the ARN of your role>'
        FORMAT AS CSV DELIMITER AS ','
        MANIFEST
        IGNOREHEADER AS 1
        EMPTYASNULL
        GZIP
        DATEFORMAT AS 'auto'
        TIMEFORMAT AS 'auto';
        INSERT INTO "events" ("id", "amount", "_extra", "event_date")
        SELECT "id", "amount", "_extra", CAST('2026-11-01' AS DATE)
        FROM "events_tidemark";
        DROP TABLE "events_tidemark";
        CREATE TEMP TABLE "events_tidemark" (LIKE "events");
        COPY "events_tidemark" ("id", "amount", "_extra", "at", "raw")
        FROM 's3://<your bucket>/<folder of the manifests>/events-4-2.manifest'
        IAM_ROLE '<the ARN of your role>'
        FORMAT AS JSON 'auto'
        MANIFEST
        GZIP
        DATEFORMAT AS 'auto'
        TIMEFORMAT AS 'auto';
        INSERT INTO "events" ("id", "amount", "_extra", "at", "raw", "event_date")
        SELECT "id", "amount", "_extra", "at", "raw", NULL
        FROM "events_tidemark";
        DROP TABLE "events_tidemark";
        COMMIT;
        """#

    /// https://spark.apache.org/docs/latest/sql-data-sources-csv.html and …-json.html: `CREATE TEMPORARY VIEW … USING … OPTIONS`.
    private static let spark = #"""
        CREATE TABLE IF NOT EXISTS `events` (
            `id` BIGINT,
            `amount` STRING,
            `_extra` STRING,
            `at` TIMESTAMP,
            `raw` BINARY,
            `event_date` DATE
        )
        USING parquet;
        CREATE OR REPLACE TEMPORARY VIEW `events_tidemark_1` (c1 STRING, c2 STRING, c3 STRING)
        USING csv
        OPTIONS (
            'path' = 's3a://lake/shop/events/event_date=2026-11-01/000001-0001-0001.csv.gz',
            'sep' = ',',
            'quote' = '"',
            'escape' = '"',
            'header' = 'true',
            'nullValue' = '',
            'emptyValue' = '',
            'multiLine' = 'true',
            'mode' = 'FAILFAST'
        );
        INSERT INTO `events` (`id`, `amount`, `_extra`, `event_date`)
        SELECT
            CAST(c1 AS BIGINT),
            c2,
            c3,
            CAST(nullif(nullif(regexp_extract(url_decode(input_file_name()), '^.*/event_date=([^/]*)/', 1), ''), '__HIVE_DEFAULT_PARTITION__') AS DATE)
        FROM `events_tidemark_1`;
        DROP VIEW `events_tidemark_1`;
        CREATE OR REPLACE TEMPORARY VIEW `events_tidemark_2` (`id` STRING, `amount` STRING, `_extra` STRING, `at` STRING, `raw` STRING)
        USING json
        OPTIONS (
            'path' = 's3a://lake/shop/events/event_date=__HIVE_DEFAULT_PARTITION__/000003-0001-0001.ndjson.gz',
            'mode' = 'FAILFAST'
        );
        INSERT INTO `events` (`id`, `amount`, `_extra`, `at`, `raw`, `event_date`)
        SELECT
            CAST(`id` AS BIGINT),
            `amount`,
            `_extra`,
            CAST(`at` AS TIMESTAMP),
            unhex(substring(`raw`, 3)),
            CAST(nullif(nullif(regexp_extract(url_decode(input_file_name()), '^.*/event_date=([^/]*)/', 1), ''), '__HIVE_DEFAULT_PARTITION__') AS DATE)
        FROM `events_tidemark_2`;
        DROP VIEW `events_tidemark_2`;
        """#
}
