import Foundation
import TestSupport

/// A database with an events table, a pipeline over it and a lake in a folder: what most tests here need.
final class Shop: Sendable {
    let server: PostgresServer
    let database: PostgresServer.Database
    let folder: String
    var lake: String { folder + "/lake" }
    var pipeline: String { folder + "/pipeline.yaml" }

    /// Each has a server of its own: an open transaction anywhere in a cluster holds back the windows of all its databases.
    init(server: PostgresServer? = nil, table: String = Shop.table, dataset: String = Shop.dataset) throws {
        self.server =
            try server
            ?? PostgresServer(
                settings: ["max_prepared_transactions": "5", "autovacuum": "off"])
        database = try self.server.createDatabase()
        folder = "/tmp/tm-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try sql(table)
        try write(pipeline: dataset)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    static let table = """
        CREATE TABLE events (event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_type text NOT NULL,
            occurred_at timestamptz NOT NULL, payload jsonb);
        """

    static let dataset = """
        events:
            table: public.events
            key: event_id
            flatten: [{column: payload}]
            partition_by: [{column: occurred_at, by: day, as: event_date}]
        """

    /// Writes the pipeline file anew.
    func write(pipeline dataset: String, destination: String? = nil, extra: String = "") throws {
        let text = """
            pipeline: shop
            source: {url: "${SHOP_DATABASE_URL}"}
            destination: \(destination ?? "{url: \"file:\(lake)\"}")
            \(extra)
            datasets:
              \(dataset.replacingOccurrences(of: "\n", with: "\n  "))
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: pipeline))
    }

    @discardableResult
    func sql(_ statements: String) throws -> String { try server.sql(statements, in: database) }

    /// Adds events; their payloads tell them apart.
    func insert(_ count: Int, from first: Int = 1, days: Int = 3) throws {
        try sql(
            """
            INSERT INTO events (event_type, occurred_at, payload)
            SELECT (ARRAY['order_created', 'order_paid'])[1 + n % 2], timestamptz '2026-11-01 00:00Z' + n % \(days) * interval '1 day',
                jsonb_build_object('n', n, 'amount', n / 8.0, 'customer', jsonb_build_object('name', 'Zoë ' || n, 'vip', n % 3 = 0))
            FROM generate_series(\(first), \(first + count - 1)) n
            """)
    }

    var environment: [String: String] { ["SHOP_DATABASE_URL": database.url] }

    func tidemark(_ arguments: String..., environment more: [String: String] = [:]) throws -> Tidemark.Outcome {
        try Tidemark.run(arguments + [pipeline], environment.merging(more) { $1 })
    }

    func start(_ arguments: String...) throws -> Tidemark.Running {
        try Tidemark.start(arguments + [pipeline], environment)
    }

    /// The event ids in the lake's files, as somebody who globs reads them.
    func exportedIDs() throws -> [String] {
        guard !files().isEmpty else { return [] }
        return try DuckDB.query(
            "SELECT event_id FROM read_json('\(lake)/events/**/*.ndjson.zst', hive_partitioning = true, union_by_name = true)"
        ).compactMap { $0[0] }
    }

    /// The event ids in the files that the log calls live.
    func liveIDs(_ dataset: String = "events", key: String = "event_id") throws -> [String] {
        let files = try liveFiles().filter { $0.hasPrefix(dataset + "/") }
        guard !files.isEmpty else { return [] }
        let list = files.map { "'\(lake)/\($0)'" }.joined(separator: ", ")
        return try DuckDB.query("SELECT \(key) FROM read_json([\(list)], union_by_name = true)").compactMap { $0[0] }
    }

    /// The keys that commits added and none removed.
    func liveFiles() throws -> [String] {
        var live: Set<String> = []
        for commit in try commits() {
            live.subtract(commit["removed"] as? [String] ?? [])
            live.formUnion((commit["added"] as? [[String: Any]] ?? []).compactMap { $0["key"] as? String })
        }
        return live.sorted()
    }

    /// The log's entries as they lie there, in order.
    func log() throws -> [String] {
        let folder = lake + "/_tidemark/log"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try String(contentsOfFile: folder + "/" + $0, encoding: .utf8)
        }
    }

    /// The log's commits, in order.
    private func commits() throws -> [[String: Any]] {
        let log = lake + "/_tidemark/log"
        return try FileManager.default.contentsOfDirectory(atPath: log).sorted().compactMap { name in
            let data = try Data(contentsOf: URL(fileURLWithPath: log + "/" + name))
            let entry = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            return (entry?["change"] as? [String: Any])?["commit"] as? [String: Any]
        }
    }

    /// The same from thousands of small files, for which DuckDB takes 32 MiB each.
    func exportedIDsOfManyFiles() throws -> [String] {
        let text = try DuckDB.python(
            """
            import glob, json, subprocess, sys
            files = sorted(glob.glob(sys.argv[1] + '/events/**/*.ndjson.zst', recursive=True))
            ids = []
            for i in range(0, len(files), 500):
                text = subprocess.run(['zstd', '-dcq'] + files[i:i + 500], capture_output=True, check=True).stdout.decode()
                ids += [str(json.loads(line)['event_id']) for line in text.split('\\n')[:-1]]
            print(json.dumps(ids))
            """, arguments: [lake])
        return try JSONDecoder().decode([String].self, from: Data(text.utf8))
    }

    func tableIDs() throws -> [String] {
        try sql("SELECT event_id FROM events").split(separator: "\n").map(String.init)
    }

    /// The keys of all files below the dataset.
    func files(_ dataset: String = "events") -> [String] {
        let all = FileManager.default.enumerator(atPath: lake)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasPrefix(dataset + "/") && $0.hasSuffix(".zst") }.sorted()
    }

    /// The keys that the log's commits name.
    func committedFiles() throws -> [String] {
        try commits().flatMap { commit in
            (commit["added"] as? [[String: Any]] ?? []).compactMap { $0["key"] as? String }
        }.sorted()
    }
}
