import Foundation
import TestSupport
import Testing

@Suite("What must not be seen is not written anywhere")
struct PrivacyTests {
    private static let table = """
        CREATE TABLE events (email text PRIMARY KEY, phone text, card bigint, note text, payload jsonb);
        INSERT INTO events SELECT 'user' || n || '@secret.example', '+49-30-5550' || n, 4000123412340000 + n, 'kept ' || n,
            jsonb_build_object('email', 'user' || n || '@secret.example', 'card', 4000123412340000 + n, 'ok', n,
                'people', jsonb_build_array(jsonb_build_object('email', 'user' || n || '@secret.example', 'ssn', 'ssn-77-' || n)),
                'odd', jsonb_build_object('ssn', 'ssn-77-' || n, 'deep', jsonb_build_object('ssn', 'ssn-77-' || n)))
            FROM generate_series(10, 40) n;
        """
    private static let dataset = """
        events:
            table: public.events
            key: email
            flatten: [{column: payload, depth: 1}]
            exclude: ["payload.people[*].ssn", payload.odd.ssn, payload.odd.deep]
            hash: [email, payload.email, "payload.people[*].email"]
            mask: [{path: phone, keep: 2}, card, payload.card]
            rename: {note: remark, payload.ok: fine}
            compression: {codec: none}
        """

    private func shop() throws -> Shop {
        let shop = try Shop(table: Self.table)
        try shop.write(pipeline: Self.dataset, extra: "hash_key: ${HASH_KEY}")
        return shop
    }
    private static let key = ["HASH_KEY": "0123456789abcdef-a-long-key"]

    @Test("Hashed, masked and excluded values leave no trace in files, plans, the log or what is printed")
    func traces() throws {
        let shop = try shop()
        var all = ""
        for command in [
            ["discover"], ["preview"], ["plan", "--json", "-v"], ["run", "-v", "--json"], ["schema"], ["status"],
        ] {
            let outcome = try Tidemark.run(command + [shop.pipeline], shop.environment.merging(Self.key) { $1 })
            #expect(outcome.status == 0, "\(outcome.all)")
            all += outcome.all
        }
        // New keys and odd types take the same way.
        try shop.sql(
            """
            INSERT INTO events SELECT 'late' || n || '@secret.example', '+49-30-5550' || n, 4000123412340000 + n, '',
                jsonb_build_object('odd', jsonb_build_array(n), 'people', jsonb_build_object('ssn', 'kept: not in an array'),
                    'email', jsonb_build_object('of', 'user' || n || '@secret.example')) FROM generate_series(10, 40) n
            """)
        let second = try shop.tidemark("run", "-v", environment: Self.key)
        #expect(second.status == 0, "\(second.all)")
        all += second.all
        for case let file as String in try #require(FileManager.default.enumerator(atPath: shop.lake)) {
            all += (try? String(contentsOfFile: shop.lake + "/" + file, encoding: .utf8)) ?? ""
        }
        #expect(all.contains("\"remark\":\"kept 10\"") && all.contains("\"fine\":10"), "the scan sees the data")
        for secret in ["secret.example", "ssn-77", "555010", "40001234123400", Self.key["HASH_KEY"] ?? ""] {
            #expect(!all.contains(secret), "\(secret) is somewhere")
        }
        #expect(all.contains("*") && all.contains("************0010"))
        let verified = try shop.tidemark("verify", "--full", environment: Self.key)
        #expect(verified.all.contains("its key (email) is not in its files"), "\(verified.all)")
    }

    @Test("A hash is the HMAC-SHA-256 of the text, the same in a column and in a document, run after run")
    func hashes() throws {
        let shop = try shop()
        #expect(try shop.tidemark("run", environment: Self.key).status == 0)
        let rows = try DuckDB.query(
            "SELECT email, payload_email, payload_people[1].email, remark FROM read_json('\(shop.lake)/events/*.ndjson') ORDER BY remark"
        )
        let wanted = try DuckDB.python(
            """
            import hashlib, hmac, json, sys
            print(json.dumps([hmac.new(sys.argv[1].encode(), f'user{n}@secret.example'.encode(), hashlib.sha256).hexdigest() for n in range(10, 41)]))
            """, arguments: [Self.key["HASH_KEY"] ?? ""])
        let hashes = try JSONDecoder().decode([String].self, from: Data(wanted.utf8))
        #expect(rows.map { $0[0] } == hashes)
        #expect(rows.map { $0[1] } == hashes)
        #expect(rows.map { $0[2] } == hashes)
    }

    @Test("Documents that stay whole are cleaned, too, whatever type they are written as")
    func whole() throws {
        for columns in [
            "[remark, payload]", "[remark, {name: payload, type: string}]",
            "[remark, {name: d, from: payload.odd, type: json}, {name: p, from: payload.people, type: json}]",
        ] {
            let shop = try Shop(
                table: Self.table.replacing("note text", with: "remark text"),
                dataset: """
                    events:
                        table: public.events
                        key: email
                        columns: \(columns)
                        exclude: [payload.email, payload.card, "payload.people[*]", payload.odd.ssn]
                        mask: [payload.odd.deep]
                        compression: {codec: none}
                    """)
            let run = try shop.tidemark("run")
            #expect(run.status == 0, "\(run.all)")
            var all = ""
            for case let file as String in try #require(FileManager.default.enumerator(atPath: shop.lake)) {
                all += (try? String(contentsOfFile: shop.lake + "/" + file, encoding: .utf8)) ?? ""
            }
            #expect(all.contains("\"remark\":\"kept 10\"") && all.contains("***"), "the scan sees the data")
            for secret in ["secret.example", "ssn-77", "40001234123400"] {
                #expect(!all.contains(secret), "\(columns)")
            }
        }
    }

    @Test("Another key is refused, since old and new hashes would not match, and nothing is written")
    func otherKey() throws {
        let shop = try shop()
        #expect(try shop.tidemark("run", environment: Self.key).status == 0)
        try shop.sql("INSERT INTO events VALUES ('x', 'y', 1, 'z', '{}')")
        let before = try shop.log().count
        let refused = try shop.tidemark("run", environment: ["HASH_KEY": "another-key-of-enough-length"])
        #expect(refused.status == 2, "\(refused.all)")
        #expect(refused.all.contains("hash_key") && !refused.all.contains("another-key"))
        #expect(try shop.log().count == before)
        #expect(try shop.tidemark("run", environment: Self.key).status == 0)
    }
}
