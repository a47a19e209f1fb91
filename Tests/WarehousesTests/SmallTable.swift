import Lake
import Records

@testable import Warehouses

/// A table of which only the log's side is there: for texts.
enum SmallTable {
    /// Columns of two versions, and files of both.
    ///
    /// - Parameters:
    ///   - formats: how the files of each version are written: `csv` or `ndjson`.
    ///   - codec: how they are compressed.
    ///   - files: how many of the second version.
    static func table(
        formats: [String] = ["csv", "ndjson"], codec: String = "gzip", null: String = "", files: Int = 1,
        columns: [PlannedColumn] = columns, partitions: [LoadTable.Partition] = [.init(name: "event_date", isDay: true)]
    ) -> LoadTable {
        let plans = formats.map { format in
            OutputPlan(
                format: format, header: true, delimiter: ",", null: null, codec: codec, level: 3, chunkBytes: 1,
                chunkRows: nil)
        }
        let suffix = ["gzip": ".gz", "zstd": ".zst", "none": ""][codec] ?? ""
        func file(_ run: String, _ version: Int, _ day: String) -> LoadTable.File {
            let folder = partitions.isEmpty ? "" : "event_date=\(day)/"
            return LoadTable.File(
                key: "events/\(folder)\(run)-0001-0001.\(formats[version - 1])\(suffix)", schema: version, rows: 10,
                bytes: 1_000)
        }
        let second = (0..<files).map { number in
            file(
                Layout.padded(number + 3, 6), 2,
                number == 0 ? PartitionPath.null : "2026-11-\(Layout.padded(number % 30 + 1, 2))")
        }
        return LoadTable(
            name: "events", columns: columns, partitions: partitions,
            versions: plans.enumerated().map { index, plan in
                SchemaVersion(
                    version: index + 1, entry: index + 2, columns: index == 0 ? 3 : columns.count, output: plan,
                    changes: [])
            }, files: [file("000001", 1, "2026-11-01")] + second)
    }

    static let columns = [
        PlannedColumn(name: "id", type: .int64, field: "id"),
        PlannedColumn(name: "amount", type: .string, field: "amount", former: [.int64]),
        PlannedColumn(name: "_extra", type: .json, field: nil),
        PlannedColumn(name: "at", type: .timestamp, field: "at"),
        PlannedColumn(name: "raw", type: .bytes, field: "raw"),
    ]

    static func script(
        _ warehouse: Warehouse, _ table: LoadTable, since: Int? = nil, location: String? = nil, schema: String? = nil
    ) -> LoadScript {
        let places: [Warehouse: String] = [
            .bigquery: "gs://lake/shop", .duckdb: "file:/srv/lake", .clickhouse: "file:/srv/lake",
        ]
        return LoadScript(
            warehouse: warehouse, pipeline: "shop", location: location ?? places[warehouse] ?? "s3://lake/shop",
            schema: schema, since: since, through: 4, tables: [(table, "events")])
    }
}
