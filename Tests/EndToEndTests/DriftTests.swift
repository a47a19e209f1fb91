import Foundation
import TestSupport
import Testing

@Suite("Documents whose keys come, go, change their type and collide")
struct DriftTests {
    private static let runs = 10
    private static let rowsPerRun = 40

    /// The documents of a run: seeded by the row's number, so that every run of the test has the same.
    private static func document(_ n: Int, run: Int) -> String {
        var members = ["\"stable\": \(n)", "\"k\(run)\": {\"deep\": [\(n), null], \"of\": \"run \(run)\"}"]
        if run < 4 { members.append("\"gone\": \"\(n)\"") }
        if run >= 2 { members.append("\"late\": \(n % 3 == 0 ? "null" : "\(n)")") }
        // Whole numbers, then others, then texts, and now and then a number again.
        members.append(
            "\"num\": \(run < 3 ? "\(n)" : run < 5 ? "\(n).50" : n % 5 == 0 ? "12345678901234567890.0\(n)" : "\"\(n)\"")"
        )
        members.append("\"flag\": \(run < 5 ? "\(n % 2 == 0)" : n % 2 == 0 ? "\"yes\"" : "true")")
        if run >= 3 { members += ["\"Case\": \(n)", "\"case\": \"\(n)\""] }
        members += n % 2 == 0 ? ["\"a_b\": \(n)"] : ["\"a\": {\"b\": \(run), \"c d\": [{}]}"]
        members.append("\"obj\": \(run < 5 ? "\(n)" : n % 2 == 0 ? "{\"x\": \(n), \"y\": {}}" : "[\(n)]")")
        if run >= 6, n % 4 == 0 { members.append("\"stable\": \"last one counts\"") }
        if n % 7 == 0 { members.append("\"one_\(n)\": \"seen once\"") }
        return "{" + members.joined(separator: ", ") + "}"
    }

    @Test("Over ten runs no value is lost, and old files load beside new ones", arguments: ["ndjson", "csv"])
    func tenRuns(format: String) throws {
        let shop = try Shop(
            table: "CREATE TABLE events (id int PRIMARY KEY, payload json)",
            dataset: """
                events:
                    table: public.events
                    key: id
                    format: \(format)
                    flatten: [{column: payload}]
                    schema: {min_count: 5}
                """)
        var orders: [[String]] = []
        for run in 0..<Self.runs {
            let rows = (0..<Self.rowsPerRun).map { row in
                let n = run * Self.rowsPerRun + row
                return "(\(n), $json$\(Self.document(n, run: run))$json$)"
            }
            try shop.sql("INSERT INTO events VALUES \(rows.joined(separator: ", "))")
            let outcome = try shop.tidemark("run")
            try #require(outcome.status == 0, "\(outcome.all)")
            orders.append(try columns(shop))
        }
        for (before, after) in zip(orders, orders.dropFirst()) {
            #expect(Array(after.prefix(before.count)) == before, "the order never changes")
        }
        let last = try #require(orders.last)
        #expect(Set(last.map { $0.lowercased() }).count == last.count, "no two names differ by case only")
        for name in ["payload_k8_of", "payload_late", "payload_case_2", "payload_a_b_2", "payload_obj_x"] {
            #expect(last.contains(name), "\(name) in \(last)")
        }
        try checkHistory(shop)
        let verified = try shop.tidemark("verify", "--full")
        #expect(verified.status == 0, "\(verified.all)")
        if format == "ndjson" { try rebuild(shop) }
        try load(shop, format)
    }

    /// The columns, as `schema` tells them.
    private func columns(_ shop: Shop) throws -> [String] {
        let table = try history(shop)
        return (table["columns"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
    }

    private func history(_ shop: Shop) throws -> [String: Any] {
        let text = try shop.tidemark("schema", "--json").output
        let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return try #require((document?["tables"] as? [[String: Any]])?.first)
    }

    /// Each version says what was changed and why, and types only became wider.
    private func checkHistory(_ shop: Shop) throws {
        let table = try history(shop)
        let versions = try #require(table["versions"] as? [[String: Any]])
        #expect(versions.compactMap { $0["version"] as? Int } == Array(1...versions.count))
        let changes = versions.flatMap { $0["changes"] as? [[String: Any]] ?? [] }
        func told(of column: String) -> [String] {
            changes.filter { $0["column"] as? String == column }.compactMap { $0["change"] as? String }
        }
        #expect(told(of: "payload_num") == ["int64 → number", "number → string"])
        #expect(told(of: "payload_flag") == ["bool → string"])
        #expect(told(of: "payload_k3_of") == ["new, string"])
        #expect(changes.allSatisfy { ($0["reason"] as? String)?.isEmpty == false })
        let text = try shop.tidemark("schema").output
        #expect(text.contains("number → string") && text.contains("values did not fit"))
    }

    /// Rebuilds each document from its columns and `_extra`: what stands in `_extra` is how it was.
    private func rebuild(_ shop: Shop) throws {
        let text = try DuckDB.python(
            """
            import glob, json, os, subprocess, sys
            lake = sys.argv[1]
            class Raw(str): pass
            def load(t): return json.loads(t, parse_int=Raw, parse_float=Raw)
            def dump(v):
                if isinstance(v, Raw): return str(v)
                if isinstance(v, dict): return '{' + ','.join(sorted(json.dumps(k) + ':' + dump(x) for k, x in v.items())) + '}'
                if isinstance(v, list): return '[' + ','.join(map(dump, v)) + ']'
                return json.dumps(v)
            def put(doc, path, value):
                for key in path[:-1]:
                    if not isinstance(doc.get(key), dict): doc[key] = {}
                    doc = doc[key]
                doc[path[-1]] = value
            out = {}
            for f in glob.glob(lake + '/events/**/*.zst', recursive=True):
                run = int(os.path.basename(f).split('-')[0])
                plan = json.load(open(f'{lake}/_tidemark/run/{run:010d}/plan.json'))
                columns = {c['name']: c['path'] for c in plan['datasets'][0]['tables'][0]['schema']['columns'] if c.get('path')}
                for line in subprocess.run(['zstd', '-dcq', f], capture_output=True, check=True).stdout.decode().split('\\n')[:-1]:
                    row = load(line); doc = {}
                    for name, value in row.items():
                        if name in columns: put(doc, columns[name], value)
                    for pointer, value in (row.get('_extra') or {}).items():
                        put(doc, [p.replace('~1', '/').replace('~0', '~') for p in pointer.split('/')[2:]], value)
                    out[row['id']] = dump(doc)
            wanted = {k: dump(load(v)) for k, v in json.load(sys.stdin).items()}
            wrong = [k for k in wanted if out.get(k) != wanted[k]]
            for k in wrong[:3]: print(k, out.get(k), wanted[k], sep='\\n')
            print(len(out), len(wanted), len(wrong))
            """, input: try shop.sql("SELECT json_object_agg(id, payload::text) FROM events"), arguments: [shop.lake])
        let rows = Self.runs * Self.rowsPerRun
        #expect(text.split(separator: "\n").last.map(String.init) == "\(rows) \(rows) 0", "\(text)")
    }

    /// Files of all versions load together, with every column.
    private func load(_ shop: Shop, _ format: String) throws {
        // What is in _extra may have keys that differ by case only, which a guess at its type cannot take.
        let names = ["id", "payload_num", "payload_gone", "payload_late"]
        let types = names.map { "\($0): 'VARCHAR'" }.joined(separator: ", ")
        let reader = format == "csv" ? "read_csv" : "read_json"
        let all = format == "csv" ? ", all_varchar = true" : ", columns = {\(types)}"
        let rows = try DuckDB.query(
            """
            SELECT count(*), count(DISTINCT id), count(payload_gone), count(payload_num), count(payload_late)
            FROM \(reader)('\(shop.lake)/events/**/*.zst', union_by_name = true\(all))
            """)
        let counts = try #require(rows.first).compactMap { $0.flatMap(Int.init) }
        let wanted = try shop.sql(
            """
            SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE payload->>'gone' IS NOT NULL) FROM events
            """)
        let numbers = wanted.split(whereSeparator: { "|\n".contains($0) }).compactMap { Int($0) }
        #expect(counts.prefix(3) == numbers.prefix(3))
        // What did not fit yet when it came is in _extra; the next run has the wider column.
        #expect(counts[3] > 300 && counts[4] > 150, "columns that came or were widened later are filled in later files")
    }

    @Test("Frozen columns stay: what is new is in _extra, run after run")
    func freeze() throws {
        let shop = try Shop(
            table: "CREATE TABLE events (id int PRIMARY KEY, payload jsonb)",
            dataset: """
                events: {table: public.events, key: id, flatten: [payload], schema: {mode: freeze, min_count: 1}}
                """)
        for run in 0..<3 {
            try shop.sql(
                "INSERT INTO events SELECT n, '{\"a\": 1, \"k\(run)\": 2}' FROM generate_series(\(run)0, \(run)9) n")
            #expect(try shop.tidemark("run").status == 0)
        }
        #expect(try columns(shop) == ["id", "payload_a", "payload_k0", "_extra"])
        let text = try shop.tidemark("schema").output
        #expect(text.contains("/payload/k1") && text.contains("/payload/k2"))
    }

    @Test("A column of the table that is added, widened or dropped goes on in the lake")
    func table() throws {
        let shop = try Shop(
            table: "CREATE TABLE events (id int PRIMARY KEY, n int, old text); INSERT INTO events VALUES (1, 5, 'x')",
            dataset: "events: {table: public.events, key: id}")
        #expect(try shop.tidemark("run").status == 0)
        // No rewrite of the table: its rows keep their transactions.
        try shop.sql("ALTER TABLE events ADD added text, DROP old; INSERT INTO events VALUES (2, 6, 'new')")
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql(
            """
            ALTER TABLE events RENAME n TO was; ALTER TABLE events ADD n numeric;
            INSERT INTO events VALUES (3, 0, 'z', 12345678901234567890.5)
            """)
        let third = try shop.tidemark("run")
        #expect(third.status == 0, "\(third.all)")
        #expect(try columns(shop) == ["id", "n", "old", "_extra", "added", "was"])
        let rows = try DuckDB.query(
            """
            SELECT id, old, added, json FROM (SELECT json, json->>'id' AS id, json->>'old' AS old, json->>'added' AS added
                FROM read_json_objects('\(shop.lake)/events/*.zst')) ORDER BY id
            """)
        #expect(rows.map { $0.prefix(3) } == [["1", "x", nil], ["2", nil, "new"], ["3", nil, "z"]])
        for (row, digits) in zip(rows, ["5", "6", "12345678901234567890.5"]) {
            #expect(row[3]?.contains("\"n\":\(digits)") == true, "\(row)")
        }
    }
}
