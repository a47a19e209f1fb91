import Testing

@testable import Pipeline

@Suite("The canonical text tells whether an open run still fits the file")
struct CanonicalTextTests {
    @Test("it is spelled in one way, which does not change between versions by accident")
    func text() throws {
        let spec = try load(
            Sample.dataset(
                """
                columns: [event_id, {name: 'a"b', from: payload."x.y", type: int64}]
                flatten: [payload]
                partition_by: [{column: at, by: day, as: d}, org]
                where: "a = 'x\\\\'\\nor b"
                format: csv
                chunk: {rows: 9}
                """))
        #expect(
            spec.canonicalText == #"""
                settings 1
                pipeline "eventflow"
                dataset "events"
                 table "public" "events"
                 key "event_id"
                 mode incremental
                 column "event_id" as-found from "event_id"
                 column "a\"b" int64 from "payload.\"x.y\""
                 flatten "payload" prefix "payload_" separator "_" depth 5 arrays json
                 schema evolve columns 1000 count 10
                 sample 10000
                 partition "at" by day as "d"
                 partition "org" by value as "org"
                 format csv header true delimiter "," null "" quote minimal line_end lf
                 special_values null
                 compression zstd 3
                 chunk 134217728 rows 9
                 timestamp_zone "UTC"
                 where "a = 'x\\'\nor b"

                """#)
    }

    @Test(
        "any setting that shapes the output changes it",
        arguments: [
            "mode: incremental\nsample: 9", "exclude: a", "columns: [a]", "flatten: [a]", "partition_by: [a]",
            "where: a", "format: csv", "format: csv\ncsv: snowflake", "format: csv\ncsv: redshift",
            "format: csv\ncsv: {line_end: crlf}", "nulls: omit", "bigint_as_string: true", "special_values: string",
            "compression: {codec: none}", "compression: {level: 4}",
            "exclude: a.b", "mask: [a]", "mask: [{path: a, keep: 1}]", "rename: {a: b}", "schema: freeze",
            "split_by: a",
            "flatten: [{column: a, arrays: explode}]", "flatten: [{column: a, json_schema: f.json}]",
            "columns: [{name: a, sql: b}]", "schema: {min_count: 3}", "chunk: {target_size: 1MiB}", "chunk: {rows: 1}",
            "timestamp_zone: Asia/Tokyo",
        ])
    func changes(settings: String) throws {
        #expect(try load(Sample.dataset(settings)).canonicalText != load(Sample.dataset()).canonicalText)
    }

    @Test("connections, limits, spelling and the order of datasets do not change it")
    func same() throws {
        let one = try load(Sample.head + "datasets: {a: {table: t, key: k}, b: {table: t, key: k, sample: 5}}")
        let other = try load(
            """
            pipeline: eventflow
            workers: 3
            source: {url: "host=elsewhere", statement_timeout: 1m}
            destination: {url: "s3://lake", part_size: 5MiB}
            defaults: {sample: 5, csv: {null: x}, compression: {level: 03}}
            datasets:
              b: {table: t, key: [k], format: ndjson}
              a: {table: '"t"', key: k, sample: 10_000}
            """)
        #expect(one.canonicalText == other.canonicalText)
    }
}
