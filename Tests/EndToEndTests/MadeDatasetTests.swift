import Foundation
import TestSupport
import Testing

@Suite("Datasets that are made of another: arrays: explode, split_by")
struct MadeDatasetTests {
    private static let table = """
        CREATE TABLE events (id int PRIMARY KEY, event_type text, at timestamptz NOT NULL, payload jsonb);
        INSERT INTO events SELECT n, (ARRAY['page_view', 'Order_Created', 'order_created', '../../x', '', NULL, 'rare'])
                [CASE WHEN n = 60 THEN 7 ELSE 1 + n % 6 END],
            timestamptz '2026-11-01 00:00Z' + n % 3 * interval '1 day',
            jsonb_build_object('n', n, 'items', CASE n % 5 WHEN 0 THEN '[]' WHEN 1 THEN 'null' ELSE (
                SELECT jsonb_agg(jsonb_build_object('sku', 's' || k, 'price', k || '.50', 'parts',
                    (SELECT coalesce(jsonb_agg(p * 10), '[]') FROM generate_series(1, k % 3) p)))
                FROM generate_series(1, n % 4) k) END)
            FROM generate_series(1, 60) n
        """

    private func rows(_ shop: Shop, _ sql: String, _ table: String) throws -> [[String?]] {
        let files = try shop.liveFiles().filter { $0.hasPrefix(table + "/") }.map { "'\(shop.lake)/\($0)'" }
        return try DuckDB.query(
            sql.replacing("FILES", with: "read_json([\(files.joined(separator: ", "))], union_by_name = true)"))
    }

    private func lines(_ text: String) -> [[String?]] {
        text.split(separator: "\n", omittingEmptySubsequences: true).map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).map { $0.isEmpty ? nil : String($0) }
        }
    }

    @Test(
        "Elements are rows of their own to any depth, with the row's key and their places; a backfill rewrites them all"
    )
    func explode() throws {
        let shop = try Shop(
            table: Self.table,
            dataset: """
                events:
                    table: public.events
                    key: id
                    flatten: [{column: payload, arrays: explode}]
                    partition_by: [{column: at, by: day, as: day}]
                """)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        #expect(first.output.contains("events__items__parts"))
        try check(shop)
        let verified = try shop.tidemark("verify", "--full")
        #expect(verified.status == 0, "\(verified.all)")
        // An UPDATE makes a new row version, which comes again; the backfill leaves one of each.
        try shop.sql("UPDATE events SET payload = payload || '{\"items\": [{\"sku\": \"mended\"}]}' WHERE id % 10 = 4")
        #expect(try shop.tidemark("run").status == 0)
        let backfill = try shop.tidemark("backfill", "--from", "2026-11-01", "--to", "2026-11-04", "--allow-fewer")
        #expect(backfill.status == 0, "\(backfill.all)")
        try check(shop)
        #expect(try shop.tidemark("verify", "--full").status == 0)
        // What no entry names goes, also in the folders of made datasets; what is live stays.
        let stray = "\(shop.lake)/events__items/day=2026-11-01/000001-0001-0099.ndjson.zst"
        try Data("x".utf8).write(to: URL(fileURLWithPath: stray))
        let cleaned = try shop.tidemark("clean", "--grace", "0s")
        #expect(cleaned.status == 0, "\(cleaned.all)")
        #expect(!FileManager.default.fileExists(atPath: stray))
        try check(shop)
        let listed = try shop.tidemark("files", "--dataset", "events__items").output
        #expect(!listed.isEmpty && listed.split(separator: "\n").allSatisfy { $0.contains("/events__items/") })
    }

    private func check(_ shop: Shop) throws {
        #expect(
            try rows(shop, "SELECT id, payload_items_count FROM FILES ORDER BY id", "events")
                == lines(
                    shop.sql(
                        """
                        SELECT id, CASE jsonb_typeof(payload->'items') WHEN 'array' THEN jsonb_array_length(payload->'items') END
                        FROM events ORDER BY id
                        """)))
        #expect(
            try rows(shop, "SELECT id, _index, sku, price, parts_count, day FROM FILES ORDER BY 1, 2", "events__items")
                == lines(
                    shop.sql(
                        """
                        SELECT id, i - 1, e->>'sku', e->>'price', jsonb_array_length(e->'parts'), (at AT TIME ZONE 'UTC')::date
                        FROM events, jsonb_array_elements(CASE jsonb_typeof(payload->'items') WHEN 'array'
                            THEN payload->'items' ELSE '[]' END) WITH ORDINALITY AS x(e, i) ORDER BY 1, 2
                        """)))
        #expect(
            try rows(shop, "SELECT id, _parent, _index, value FROM FILES ORDER BY 1, 2, 3", "events__items__parts")
                == lines(
                    shop.sql(
                        """
                        SELECT id, x.i - 1, y.i - 1, p
                        FROM events, jsonb_array_elements(CASE jsonb_typeof(payload->'items') WHEN 'array'
                            THEN payload->'items' ELSE '[]' END) WITH ORDINALITY AS x(e, i),
                            jsonb_array_elements(coalesce(e->'parts', '[]')) WITH ORDINALITY AS y(p, i) ORDER BY 1, 2, 3
                        """)))
    }

    @Test("Each value of a column has a dataset of its own, and new values get theirs with the run that brings them")
    func split() throws {
        let shop = try Shop(
            table: Self.table,
            dataset: """
                events:
                    table: public.events
                    key: id
                    flatten: [payload]
                    split_by: {column: event_type, max_datasets: 7}
                    schema: {min_count: 2}
                    partition_by: [{column: at, by: day, as: day}]
                """)
        let first = try shop.tidemark("run")
        #expect(first.status == 0, "\(first.all)")
        try shop.sql(
            """
            INSERT INTO events SELECT 100 + n, CASE WHEN n % 2 = 0 THEN 'brand_new' ELSE 'page_view' END, now(),
                jsonb_build_object('n', n, 'fresh', n) FROM generate_series(1, 8) n
            """)
        let second = try shop.tidemark("run")
        #expect(second.status == 0, "\(second.all)")
        // The cap of seven is reached by the first run: a value beyond it has no dataset.
        let folders = Set(try shop.liveFiles().map { $0.split(separator: "/").dropLast(2).joined(separator: "/") })
        #expect(folders.count == 8, "\(folders)")
        #expect(folders.contains("events/_other") && folders.contains("events/%2E.%2F..%2Fx"))
        #expect(folders.contains("events/_null") && folders.contains("events/_empty"))
        #expect(Set(folders.map { $0.lowercased() }).count == folders.count, "\(folders)")
        var found: [String?] = []
        for folder in folders {
            let types = try rows(shop, "SELECT DISTINCT event_type FROM FILES", folder).map { $0[0] }
            #expect(types.count == 1, "\(folder): \(types)")
            found += try rows(shop, "SELECT id FROM FILES", folder).map { $0[0] }
        }
        #expect(
            found.compactMap { $0 }.sorted()
                == (try shop.sql("SELECT id FROM events").split(separator: "\n").map(String.init).sorted()))
        // The third run gives the new key a column where it was met: in page_view, and in _other, for brand_new.
        try shop.sql("INSERT INTO events VALUES (200, 'page_view', now(), '{\"n\": 1, \"fresh\": 7}')")
        #expect(try shop.tidemark("run").status == 0)
        let schema = try shop.tidemark("schema").output
        #expect(schema.components(separatedBy: "payload_fresh: new, int64").count == 3, "\(schema)")
        #expect(try shop.tidemark("verify", "--full").status == 0)
        let listed = try shop.tidemark("files", "--dataset", "events").output
        #expect(listed.split(separator: "\n").count == (try shop.liveFiles().count), "the split dataset stands for all")
        let manifest = try shop.tidemark("files", "--format", "redshift", "--dataset", "events")
        #expect(manifest.status == 2 && manifest.all.contains("events/page_view"), "a manifest is for one table")
        let preview = try shop.tidemark("preview", "--dataset", "events/page_view")
        #expect(preview.status == 0 && preview.output.contains("\"event_type\":\"page_view\""), "\(preview.all)")
    }
}
