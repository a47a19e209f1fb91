import Foundation
import Lake
import Records
import TestSupport

@testable import Warehouses

/// A table with a column of each type, three versions of its columns, and rows of each version in files of its own.
struct Sample {
    /// How a version's files are written.
    enum Style: String, CaseIterable {
        case ndjson, plainJSON, gzipJSON, quotedJSON, csv, markedCSV, bareCSV, gzipCSV, quotedCSV

        var plan: OutputPlan {
            let codec =
                switch self {
                case .plainJSON, .bareCSV: "none"
                case .gzipJSON, .gzipCSV: "gzip"
                default: "zstd"
                }
            return OutputPlan(
                format: isCSV ? "csv" : "ndjson", header: self != .bareCSV, delimiter: self == .bareCSV ? ";" : ",",
                null: self == .markedCSV ? "\\N" : "", quote: self == .quotedCSV ? "all" : "minimal",
                lineEnd: self == .quotedCSV ? "crlf" : "lf", bigintAsString: self == .quotedJSON, codec: codec,
                level: 3, chunkBytes: 1 << 27, chunkRows: nil)
        }

        var isCSV: Bool { ![.ndjson, .plainJSON, .gzipJSON, .quotedJSON].contains(self) }
        var suffix: String {
            (isCSV ? ".csv" : ".ndjson") + (plan.codec == "zstd" ? ".zst" : plan.codec == "gzip" ? ".gz" : "")
        }
    }

    /// A name that quotes, comments and lines of psql must hold.
    static let strange = "strange \"name\" `x`\\\nDROP TABLE events_page_view; --'"
    static let columns = [
        column("id", .int64), column("Text", .string), column("n", .number), column("w", .string, [.int64, .number]),
        column("dec", .decimal(precision: 30, scale: 10)), column("f", .double), column("ok", .bool),
        column("at", .timestamp), column("day", .date), column("u", .uuid), column("doc", .json),
        column("raw", .bytes), column("_extra", .json), column("order", .string),
        column(strange, .number),
    ]
    /// How many columns each version has, and the type of `w` in it.
    static let versions: [(columns: Int, w: ColumnType)] = [(13, .int64), (14, .number), (15, .string)]

    private static func column(_ name: String, _ type: ColumnType, _ former: [ColumnType] = []) -> PlannedColumn {
        PlannedColumn(name: name, type: type, field: name == "_extra" ? nil : name, former: former)
    }

    /// The values of a row by column; what is not there is missing, nil is NULL.
    typealias Row = [String: String?]

    /// The rows of each version.
    static let rows: [[Row]] = [
        [
            [
                "id": "1", "Text": "plain", "n": "123456789012345678901234567890.10", "w": "12",
                "dec": "12345678901234567890.1234567890", "f": "0.1", "ok": "true", "at": "2026-01-01T00:00:00.123456Z",
                "day": "2026-02-28", "u": "c806afe9-75bd-49a1-8bd2-f4bc56b1d84c",
                "doc": ##"{"a":1.50,"b":[123456789012345678901234567890,"#5#",{"c#":null}],"":"\"#7\" , 8"}"##,
                "raw": "\\x00ff41", "_extra": #"{"/payload/z":0.10}"#,
            ],
            [
                "id": "-9223372036854775808", "Text": "", "n": "1e400", "w": "9007199254740993", "dec": "-0.0000000001",
                "f": "1.7976931348623157e+308", "ok": "false", "at": "1970-01-01T00:00:00.000000Z", "day": "1999-12-31",
                "u": "00000000-0000-0000-0000-000000000000", "doc": #""a \"string\" 12#""#, "raw": "\\x",
                "_extra": nil,
            ],
            ["id": "2", "Text": nil, "n": nil, "w": nil, "doc": nil, "at": nil],
            [
                "id": "3", "Text": "line\nbreak, \"quotes\"; 'apostrophes' \\ \\N # back\\\" Zoë 🦉\t", "n": "-0.10",
                "w": "-7",
                "f": "NaN", "doc": "[1.0,[],{},true]", "raw": "\\xdeadbeef", "at": "0001-01-01T00:00:00.000000Z",
                "day": "0001-01-01",
            ],
        ],
        [
            [
                "id": "4", "Text": " padded ", "n": "5", "w": "1.10", "f": "Infinity", "doc": "12.50", "order": "by",
                "at": "9999-12-31T23:59:59.999999Z", "day": "9999-12-31",
            ],
            ["id": "5", "Text": "\\.", "w": "123456789012345678901234567890.50", "f": "5e-324", "doc": "true"],
            ["id": "6", "Text": "null", "doc": #""""#, "w": "1E+2", "order": ""],
        ],
        [
            [
                "id": "7", "Text": "#8#", "w": "text, \"now\"", Sample.strange: "0.30", "doc": #""12""#,
                "order": "#",
            ],
            ["id": "8", "Text": "true", "w": "", Sample.strange: "10000000000000000000000.000", "doc": "{}"],
        ],
    ]

    /// The partition folders of each version's file, and what they mean.
    static let folders: [(path: String, day: String?, kind: String?)] = [
        ("event_date=2026-11-01/kind=a%2Fb%20%C3%A9", "2026-11-01", "a/b é"),
        ("event_date=__HIVE_DEFAULT_PARTITION__/kind=plain", nil, "plain"),
        ("event_date=2026-11-02/kind=__HIVE_DEFAULT_PARTITION__", "2026-11-02", nil),
    ]

    let table: LoadTable
    let lake: TemporaryFolder

    /// Writes the files.
    ///
    /// - Parameter styles: how the files of each version are written.
    init(_ styles: [Style], partitions: Bool = true) throws {
        lake = try TemporaryFolder()
        var files: [LoadTable.File] = []
        for (index, style) in styles.enumerated() {
            let folder = partitions ? Self.folders[index].path + "/" : ""
            let key = "events/page_view/\(folder)00000\(index + 1)-0001-0001\(style.suffix)"
            let columns = Array(Self.columns.prefix(Self.versions[index].columns))
            let lines = Self.rows[index].map {
                style.isCSV
                    ? Self.csv($0, columns, style.plan)
                    : Self.json($0, columns, style.plan, wType: Self.versions[index].w)
            }
            let header =
                style.isCSV && style.plan.header
                ? columns.map { Self.field($0.name, style.plan) }.joined(separator: style.plan.delimiter)
                    + style.plan.end : ""
            try lake.write(Array((header + lines.joined()).utf8), to: key + ".plain")
            let program = ["zstd": "zstd -q", "gzip": "gzip -c", "none": "cat"][style.plan.codec] ?? ""
            try LoadTargets.run(["/bin/sh", "-c", "\(program) < '\(lake.path(key)).plain' > '\(lake.path(key))'"])
            files.append(
                LoadTable.File(
                    key: key, schema: index + 1, rows: Int64(lines.count), bytes: Int64(try lake.read(key).count)))
        }
        table = LoadTable(
            name: "events/page_view", columns: Self.columns,
            partitions: partitions ? [.init(name: "event_date", isDay: true), .init(name: "kind", isDay: false)] : [],
            versions: zip(Self.versions, styles).enumerated().map { index, version in
                SchemaVersion(
                    version: index + 1, entry: index + 2, columns: version.0.columns, output: version.1.plan,
                    changes: [])
            }, files: files)
    }

    /// A row as the exporter writes it in NDJSON.
    private static func json(_ row: Row, _ columns: [PlannedColumn], _ plan: OutputPlan, wType: ColumnType) -> String {
        let cells = columns.compactMap { column -> String? in
            guard let cell = row[column.name] else { return nil }
            let key = SQLText.json(column.name)
            guard let text = cell else { return "\(key):null" }
            switch column.name == "w" ? wType : column.type {
            case .int64 where plan.bigintAsString, .number where plan.bigintAsString,
                .decimal where plan.bigintAsString:
                return "\(key):\"\(text)\""
            case .int64, .number, .decimal, .bool, .json: return "\(key):\(text)"
            case .double: return "\(key):\(["NaN", "Infinity"].contains(text) ? "\"\(text)\"" : text)"
            default: return "\(key):\(SQLText.json(text))"
            }
        }
        return "{\(cells.joined(separator: ","))}\n"
    }

    /// A row as the exporter writes it in CSV.
    private static func csv(_ row: Row, _ columns: [PlannedColumn], _ plan: OutputPlan) -> String {
        columns.map { column in (row[column.name] ?? nil).map { field($0, plan) } ?? plan.null }
            .joined(separator: plan.delimiter) + plan.end
    }

    private static func field(_ text: String, _ plan: OutputPlan) -> String {
        let needsQuotes =
            plan.quote == "all" || text.isEmpty || text == plan.null || text == "\\."
            || text.unicodeScalars.contains { "\"\r\n".unicodeScalars.contains($0) || String($0) == plan.delimiter }
        return needsQuotes ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
    }

    /// The script for it.
    func script(_ warehouse: Warehouse, location: String? = nil, table: LoadTable? = nil) -> LoadScript {
        LoadScript(
            warehouse: warehouse, pipeline: "shop", location: location ?? "file:\(lake.path)", through: 7,
            tables: [(table ?? self.table, "events_page_view")])
    }
}

extension OutputPlan {
    /// What a line of CSV ends in.
    fileprivate var end: String { lineEnd == "crlf" ? "\r\n" : "\n" }
}
