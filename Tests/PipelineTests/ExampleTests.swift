import Records
import Testing

@testable import Pipeline

@Suite("A pipeline file becomes a specification")
struct ExampleTests {
    @Test("the design's example is read as it is meant")
    func example() throws {
        let spec = try load(
            """
            pipeline: eventflow
            source:
              url: ${EVENTFLOW_DATABASE_URL}
            destination:
              url: s3://lake/eventflow            # also file:, gs:, az:, http(s): (PUT)
            defaults:
              format: ndjson
              compression: {codec: zstd, level: 3}
            datasets:
              events:
                table: public.events
                key: event_id
                mode: incremental
                flatten:
                  - {column: payload}
                  - {column: context, prefix: context_}
                partition_by: [{column: occurred_at, by: day, as: event_date}]
            """, ["EVENTFLOW_DATABASE_URL": "postgresql://reader@db/eventflow"])
        #expect(
            spec
                == PipelineSpec(
                    name: "eventflow", file: "p.yaml", source: SourceSpec(url: "postgresql://reader@db/eventflow"),
                    destination: DestinationSpec(url: "s3://lake/eventflow"),
                    datasets: [
                        DatasetSpec(
                            name: "events", table: TableName(schema: "public", name: "events"), key: ["event_id"],
                            flatten: [
                                FlattenSpec(column: "payload", prefix: "payload_"),
                                FlattenSpec(column: "context", prefix: "context_"),
                            ],
                            partitionBy: [PartitionSpec(column: "occurred_at", by: .day, name: "event_date")])
                    ]))
    }

    @Test("what is left out has the documented default")
    func defaults() throws {
        let spec = try load(Sample.dataset("flatten: [{column: payload}]\npartition_by: [{column: at, by: hour}, org]"))
        #expect(spec.workers == nil)
        #expect(spec.source.statementTimeout.seconds == 3_600)
        #expect(spec.source.lockTimeout.seconds == 10)
        #expect(spec.source.applicationName == "tidemark")
        let destination = spec.destination
        #expect(destination.region == nil && destination.endpoint == nil && destination.pathStyle == nil)
        #expect(destination.accessKeyID == nil && destination.secretAccessKey == nil && destination.sessionToken == nil)
        #expect(destination.partSize == 16_777_216)
        let dataset = try #require(spec.datasets.first)
        #expect(dataset.mode == .incremental)
        #expect(dataset.columns == nil && dataset.excluded.isEmpty && dataset.filter == nil)
        #expect(dataset.sample == 10_000)
        #expect(dataset.format == .ndjson)
        #expect(dataset.compression == CompressionSpec(codec: .zstd, level: 3))
        #expect(dataset.chunk.targetSize == 134_217_728 && dataset.chunk.rows == nil)
        #expect(dataset.timestampZone == "UTC")
        let flatten = try #require(dataset.flatten.first)
        #expect(flatten.prefix == "payload_" && flatten.separator == "_" && flatten.depth == 5)
        #expect(flatten.arrays == .json)
        #expect(dataset.partitionBy.map(\.name) == ["at_hour", "org"])
        #expect(dataset.partitionBy.map(\.by) == [.hour, nil])
    }

    @Test("CSV has a header, commas and empty NULLs unless told otherwise")
    func csvDefaults() throws {
        let spec = try load(Sample.dataset("format: csv"))
        #expect(spec.datasets[0].format == .csv(CSVSpec(header: true, delimiter: ",", null: "")))
    }

    @Test("every setting of the source and the destination is taken over")
    func connections() throws {
        let spec = try load(
            """
            pipeline: p
            workers: 64
            source: {url: "host=db dbname=x", statement_timeout: 0, lock_timeout: 500ms, application_name: night}
            destination:
              url: s3://lake
              region: eu-north-1
              endpoint: http://127.0.0.1:9000
              path_style: true
              access_key_id: id
              secret_access_key: ${KEY}
              session_token: token
              part_size: 5GiB
            datasets: {e: {table: events, key: [a, b]}}
            """, ["KEY": "s3cret"])
        #expect(spec.workers == 64)
        #expect(
            spec.source
                == SourceSpec(
                    url: "host=db dbname=x", statementTimeout: TimeSpan(milliseconds: 0),
                    lockTimeout: TimeSpan(milliseconds: 500), applicationName: "night"))
        #expect(
            spec.destination
                == DestinationSpec(
                    url: "s3://lake", region: "eu-north-1", endpoint: "http://127.0.0.1:9000", pathStyle: true,
                    accessKeyID: "id", secretAccessKey: "s3cret", sessionToken: "token", partSize: 5 << 30))
        #expect(spec.datasets[0].table == TableName(name: "events"))
        #expect(spec.datasets[0].key == ["a", "b"])
    }

    @Test("every setting of a dataset is taken over")
    func dataset() throws {
        let spec = try load(
            Sample.dataset(
                """
                columns:
                  - event_id
                  - {name: user, from: payload."user.name".id, type: int64}
                  - {name: price, from: payload.price, type: "decimal(10,2)"}
                flatten:
                  - context
                  - {column: payload, prefix: "", separator: __, depth: 32, arrays: json}
                sample: 1_000
                partition_by: [{column: at, by: month}, {column: org, as: tenant}]
                where: "event_type <> 'test'"
                format: csv
                csv: {header: false, delimiter: \\t, null: NULL, quote: all, line_end: crlf}
                special_values: string
                compression: {codec: none}
                chunk: {target_size: 64MB, rows: 5}
                timestamp_zone: Europe/Berlin
                """))
        #expect(
            spec.datasets == [
                DatasetSpec(
                    name: "events", table: TableName(schema: "public", name: "events"), key: ["event_id"],
                    columns: [
                        ColumnSpec(name: "event_id"),
                        ColumnSpec(
                            name: "user", from: FieldPath(column: "payload", steps: ["user.name", "id"]), type: .int64),
                        ColumnSpec(
                            name: "price", from: FieldPath(column: "payload", steps: ["price"]),
                            type: .decimal(precision: 10, scale: 2)),
                    ],
                    flatten: [
                        FlattenSpec(column: "context"),
                        FlattenSpec(column: "payload", prefix: "", separator: "__", depth: 32),
                    ],
                    sample: 1_000,
                    partitionBy: [
                        PartitionSpec(column: "at", by: .month, name: "at_month"),
                        PartitionSpec(column: "org", name: "tenant"),
                    ],
                    format: .csv(CSVSpec(header: false, delimiter: "\t", null: "NULL", quote: .all, lineEnd: .crlf)),
                    specialValues: .string,
                    compression: CompressionSpec(codec: .none, level: 3),
                    chunk: ChunkSpec(targetSize: 64_000_000, rows: 5), timestampZone: "Europe/Berlin",
                    filter: "event_type <> 'test'")
            ])
    }

    @Test("a dataset's settings win over `defaults`, each by itself, and datasets keep the file's order")
    func overriding() throws {
        let spec = try load(
            Sample.head + """
                defaults:
                  format: csv
                  csv: {delimiter: ;, null: \\N}
                  compression: {level: 9}
                  chunk: {rows: 7}
                  sample: 0
                  timestamp_zone: Asia/Tokyo
                datasets:
                  zebra: {table: z, key: k, csv: {null: ""}, compression: {codec: none}, chunk: {target_size: 1MiB}}
                  ant: {table: a, key: k, format: ndjson, sample: 1, timestamp_zone: utc}
                """)
        #expect(spec.datasets.map(\.name) == ["zebra", "ant"])
        let zebra = spec.datasets[0]
        #expect(zebra.format == .csv(CSVSpec(delimiter: ";", null: "")))
        #expect(zebra.compression == CompressionSpec(codec: .none))
        #expect(zebra.chunk == ChunkSpec(targetSize: 1 << 20, rows: 7))
        #expect(zebra.sample == 0 && zebra.timestampZone == "Asia/Tokyo")
        let ant = spec.datasets[1]
        #expect(ant.format == .ndjson && ant.sample == 1 && ant.timestampZone == "UTC")
        #expect(ant.compression.level == 9)
    }

    @Test(
        "a preset is a plain word, and what stands beside it wins",
        arguments: [
            ("postgres", CSVSpec()), ("duckdb", CSVSpec()), ("snowflake", CSVSpec(quote: .all)),
            ("redshift", CSVSpec(null: "\\N")), ("bigquery", CSVSpec(null: "\\N")),
            ("{preset: redshift, header: false, quote: all}", CSVSpec(header: false, null: "\\N", quote: .all)),
            ("{header: false}", CSVSpec(header: false, delimiter: ";")),
        ])
    func presets(text: String, expected: CSVSpec) throws {
        let spec = try load(
            Sample.head + """
                defaults: {format: csv, csv: {delimiter: ;}}
                datasets:
                  a: {table: t, key: k, csv: \(text)}
                """)
        #expect(spec.datasets[0].format == .csv(expected))
    }

    @Test("a level belongs to its codec, and a codec has its own default")
    func levels() throws {
        let spec = try load(
            Sample.head + """
                defaults: {compression: {level: 19}}
                datasets:
                  a: {table: t, key: k, compression: {codec: gzip}}
                  b: {table: t, key: k, compression: {codec: gzip, level: 9}}
                  c: {table: t, key: k, compression: {codec: zstd}}
                """)
        #expect(spec.datasets.map(\.compression.codec) == [.gzip, .gzip, .zstd])
        #expect(spec.datasets.map(\.compression.level) == [6, 9, 19])
    }

    @Test("NDJSON's settings and those of special values are taken over, also from `defaults`")
    func json() throws {
        let spec = try load(
            Sample.head + """
                defaults: {nulls: omit, special_values: fail}
                datasets:
                  a: {table: t, key: k, bigint_as_string: true, special_values: null}
                  b: {table: t, key: k, format: csv}
                """)
        #expect(spec.datasets[0].format == .json(JSONSpec(nulls: .omit, bigintAsString: true)))
        #expect(spec.datasets[0].specialValues == .null)
        #expect(spec.datasets[1].format == .csv(CSVSpec()) && spec.datasets[1].specialValues == .fail)
    }

    @Test("anchors and aliases work, and an alias may be used twice")
    func aliases() throws {
        let spec = try load(
            Sample.head + """
                datasets:
                  a: &shared {table: t, key: k}
                  b: *shared
                """)
        #expect(spec.datasets.map(\.table.name) == ["t", "t"])
    }

    @Test(
        "a path's steps are parted by dots, and quotes keep a dot, a bracket or a quote in a step",
        arguments: [
            ("payload", ["payload"]), ("payload.user.id", ["payload", "user", "id"]),
            ("payload.\"user.name\".id", ["payload", "user.name", "id"]),
            ("payload.\"a[0]\"", ["payload", "a[0]"]), ("\"My Col\".x", ["My Col", "x"]),
            ("payload.\"say \"\"hi\"\"\"", ["payload", "say \"hi\""]),
            ("p.größe.a-b.$c.@d", ["p", "größe", "a-b", "$c", "@d"]),
        ])
    func path(text: String, steps: [String]) throws {
        let path = try FieldPath(parsing: text)
        #expect(path == FieldPath(column: steps[0], steps: steps.dropFirst().map { .key($0) }))
        #expect(path.description == text, "it is shown as it is written")
    }

    @Test("places in arrays stand in brackets")
    func places() throws {
        let path = try FieldPath(parsing: "payload.items[0][12].\"a.b\"[*].c")
        #expect(path.steps == ["items", .index(0), .index(12), "a.b", .each, "c"])
        #expect(path.description == "payload.items[0][12].\"a.b\"[*].c")
    }
}
