import Foundation
import Lake
import Records
import TestSupport
import Testing

@testable import Warehouses

@Suite("A table that was made for an earlier version of the columns takes the later files")
struct ChangedTableTests {
    /// What a script of the first version loaded, and then one of the third that loads the files since.
    private func scripts(_ warehouse: Warehouse) throws -> (script: String, lake: TemporaryFolder) {
        let sample = try Sample([.ndjson, .csv, .ndjson])
        var first = sample.table
        first.columns = Array(first.columns.prefix(13))
        first.columns[3].type = .int64
        first.columns[3].former = []
        first.versions = Array(first.versions.prefix(1))
        first.files = Array(first.files.prefix(1))
        var later = sample.table
        later.files.removeFirst()
        let texts = try [first, later].map { try sample.script(warehouse, table: $0).write().text }
        return (texts.joined(separator: "\n"), sample.lake)
    }

    private func check(_ rows: [[String?]]) {
        #expect(
            rows == [
                ["-9223372036854775808", "9007199254740993", nil, nil], ["1", "12", nil, nil], ["2", nil, nil, nil],
                ["3", "-7", nil, nil], ["4", "1.10", "by", nil], ["5", "123456789012345678901234567890.50", nil, nil],
                ["6", "1E+2", "", nil], ["7", "text, \"now\"", "#", "0.30"],
                ["8", "", nil, "10000000000000000000000.000"],
            ])
    }

    @Test("DuckDB")
    func duckdb() throws {
        let strange = Warehouse.duckdb.loader.identifier(Sample.strange)
        let (script, lake) = try scripts(.duckdb)
        defer { lake.delete() }
        check(
            try LoadTargets.duckdb(
                script,
                query: """
                    SELECT "id"::VARCHAR, "w", "order", \(strange) FROM "events_page_view" ORDER BY "id"
                    """))
    }

    @Test("ClickHouse")
    func clickhouse() throws {
        let strange = Warehouse.clickhouse.loader.identifier(Sample.strange)
        let (script, lake) = try scripts(.clickhouse)
        defer { lake.delete() }
        check(
            try LoadTargets.clickhouse(
                script,
                query: """
                    SELECT toString(`id`), `w`, `order`, \(strange) FROM `events_page_view` ORDER BY `id`
                    """))
    }

    @Test("PostgreSQL")
    func postgres() throws {
        let strange = Warehouse.postgres.loader.identifier(Sample.strange)
        let (script, lake) = try scripts(.postgres)
        defer { lake.delete() }
        let server = try PostgresServer.shared
        check(
            try LoadTargets.postgres(
                script,
                query: """
                    SELECT "id"::text AS a, "w" AS b, "order" AS c, \(strange)::text AS d FROM "events_page_view"
                    ORDER BY "events_page_view"."id"
                    """, server: server, database: server.createDatabase()))
    }

    @Test("PostgreSQL takes nothing from files that have other rows than the log says")
    func counted() throws {
        let sample = try Sample([.ndjson, .csv, .ndjson])
        var table = sample.table
        table.files[1].rows += 1
        let script = try sample.script(.postgres, table: table).write().text
        let server = try PostgresServer.shared
        let database = try server.createDatabase()
        #expect(throws: (any Error).self) { try server.sql(script, in: database) }
        #expect(
            try server.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'events_page_view'", in: database) == "0\n"
        )
    }

    @Test("ClickHouse reads a lake in an object store, keys with percent signs too")
    func store() throws {
        let server = try MotoServer()
        let sample = try Sample([.ndjson, .csv, .ndjson])
        let bucket = try server.newBucket()
        for file in sample.table.files {
            try LoadTargets.run(
                ["/usr/bin/env"] + server.environment.map { "\($0.key)=\($0.value)" } + [
                    try TestTools.path("python"), "-c",
                    """
                    import boto3, botocore.config, os, sys
                    s3 = boto3.client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL'], region_name=os.environ['AWS_REGION'],
                        config=botocore.config.Config(s3={'addressing_style': 'path'}))
                    s3.put_object(Bucket=sys.argv[1], Key='lake/' + sys.argv[2], Body=open(sys.argv[3], 'rb').read())
                    """, bucket, file.key, sample.lake.path(file.key),
                ])
        }
        let endpoint = try #require(server.environment["AWS_ENDPOINT_URL"])
        let script = try sample.script(.clickhouse, location: "\(endpoint)/\(bucket)/lake").write().text
        let rows = try LoadTargets.clickhouse(
            script,
            query: "SELECT toString(`id`), `kind`, toString(`event_date`) FROM `events_page_view` ORDER BY `id`",
            environment: server.environment)
        #expect(rows.count == Sample.rows.joined().count)
        #expect(rows.first == ["-9223372036854775808", "a/b é", "2026-11-01"])
        #expect(rows.last == ["8", nil, "2026-11-02"])
    }
}
