import Foundation
import TestSupport
import Testing

@Suite("Nothing disappears silently")
struct DocumentTests {
    @Test("Columns and _extra together rebuild every document exactly, also those of later shapes")
    func rebuild() throws {
        let shop = try Shop(
            table: "CREATE TABLE events (id int PRIMARY KEY, payload jsonb)",
            dataset: "events: {table: public.events, key: id, flatten: [{column: payload, depth: 3}]}")
        let documents = [
            #"{"a": 1, "b": "x", "c": {"d": 1.50, "e": [1, {"f": null}]}}"#, #"{"a": 2, "c": {"d": 2}}"#, #"{}"#,
            #"{"a": null, "b": "", "c": null}"#, #"{"c": {}}"#, #"{"c": {"g": {"h": {"i": {"j": 1}}}}}"#, #"[1, 2]"#,
            #""text""#,
            #"{"a/b": 1, "m~n": 2, "q\"r": 3, "é": 4, "": 5, "a.b": {"a": 6}}"#,
        ]
        func insert(_ documents: [String], from first: Int) throws {
            for (index, document) in documents.enumerated() {
                try shop.sql("INSERT INTO events VALUES (\(first + index), $json$\(document)$json$)")
            }
        }
        try insert(documents, from: 1)
        try shop.sql("INSERT INTO events VALUES (100, NULL)")
        #expect(try shop.tidemark("run").status == 0)
        // After the columns are fixed: new keys, other types, numbers that no 64 bits hold.
        let later = [
            #"{"a": "now a text", "b": 7, "new": {"deep": {"er": true}}}"#,
            #"{"a": 123456789012345678901234567890.10}"#,
            #"{"a": 1.5, "c": [1], "z": [{"y": null}]}"#, #"{"c": {"d": "x", "k": {}}}"#,
        ]
        try insert(later, from: 200)
        let second = try shop.tidemark("run", "--json")
        #expect(second.status == 0, "\(second.all)")
        #expect(second.output.contains("\"pointer\" : \"/payload/new/deep/er\""))
        try check(shop, documents: documents + later)
    }

    /// Rebuilds each row's document from its columns and `_extra`, and compares it with PostgreSQL's.
    private func check(_ shop: Shop, documents: [String]) throws {
        let schema = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: shop.lake + "/_tidemark/run/0000000001/plan.json")))
        let dataset = ((schema as? [String: Any])?["datasets"] as? [[String: Any]])?[0]
        let table = (dataset?["tables"] as? [[String: Any]])?[0]
        let columns = (table?["schema"] as? [String: Any])?["columns"]
        let paths = try JSONSerialization.data(withJSONObject: try #require(columns))
        let text = try DuckDB.python(
            """
            import glob, json, subprocess, sys
            columns = {c['name']: c.get('path') for c in json.loads(sys.argv[2]) if c.get('path')}
            class Raw(str): pass
            def load(t): return json.loads(t, parse_int=Raw, parse_float=Raw)
            def dump(v):
                if isinstance(v, Raw): return str(v)
                if isinstance(v, dict): return '{' + ','.join(sorted(json.dumps(k) + ':' + dump(x) for k, x in v.items())) + '}'
                if isinstance(v, list): return '[' + ','.join(map(dump, v)) + ']'
                return json.dumps(v)
            def put(doc, path, value):
                for key in path[:-1]: doc = doc.setdefault(key, {})
                doc[path[-1]] = value
            out = {}
            for f in glob.glob(sys.argv[1] + '/**/*.zst', recursive=True):
                for line in subprocess.run(['zstd', '-dcq', f], capture_output=True, check=True).stdout.decode().split('\\n')[:-1]:
                    row = load(line); doc = {}; whole = None; touched = False
                    for name, value in row.items():
                        if name in columns: put(doc, columns[name], value); touched = True
                    for pointer, value in (row.get('_extra') or {}).items():
                        path = [p.replace('~1', '/').replace('~0', '~') for p in pointer.split('/')[2:]]
                        if path: put(doc, path, value); touched = True
                        else: whole = (value,)
                    out[row['id']] = dump(whole[0]) if whole else dump(doc) if touched else None
            print(json.dumps(out))
            """, arguments: [shop.lake + "/events", String(decoding: paths, as: UTF8.self)])
        let rebuilt = try JSONDecoder().decode([String: String?].self, from: Data(text.utf8))
        let normal = try DuckDB.python(
            """
            import json, sys
            class Raw(str): pass
            def dump(v):
                if isinstance(v, Raw): return str(v)
                if isinstance(v, dict): return '{' + ','.join(sorted(json.dumps(k) + ':' + dump(x) for k, x in v.items())) + '}'
                if isinstance(v, list): return '[' + ','.join(map(dump, v)) + ']'
                return json.dumps(v)
            print(json.dumps({k: None if v is None else dump(json.loads(v, parse_int=Raw, parse_float=Raw)) for k, v in json.load(sys.stdin).items()}))
            """, input: try shop.sql("SELECT json_object_agg(id, payload::text) FROM events"))
        let wanted = try JSONDecoder().decode([String: String?].self, from: Data(normal.utf8))
        #expect(rebuilt.count == documents.count + 1)
        for (id, document) in wanted { #expect(rebuilt[id] == document, "row \(id)") }
    }

    @Test("A secret column that is excluded leaves no trace, and no password reaches any file or log")
    func secrets() throws {
        let shop = try Shop(
            table: """
                CREATE TABLE events (id int PRIMARY KEY, api_key text, payload jsonb);
                INSERT INTO events SELECT n, 'ak_live_' || n, '{"ok": true}' FROM generate_series(1, 50) n
                """,
            dataset: "events: {table: public.events, key: id, exclude: [api_key], compression: {codec: none}}")
        let url = shop.database.tcpURL
        var all = ""
        for command in [
            ["validate"], ["plan", "--json", "-v"], ["run", "-v", "--json"], ["status", "--json"], ["preview", "-v"],
        ] {
            let outcome = try Tidemark.run(command + [shop.pipeline], ["SHOP_DATABASE_URL": url])
            #expect(outcome.status == 0, "\(outcome.all)")
            all += outcome.all
        }
        for case let file as String in try #require(FileManager.default.enumerator(atPath: shop.lake)) {
            all += (try? String(contentsOfFile: shop.lake + "/" + file, encoding: .utf8)) ?? ""
        }
        #expect(all.contains("\"ok\":true") || all.contains("{\"ok\": true}"), "the scan sees the data")
        #expect(!all.contains("ak_live_"))
        #expect(!all.contains(PostgresServer.password))
    }
}
