import Foundation
import TestSupport
import Testing

@Suite("The source is safe, and says what it does not allow")
struct SourceSafetyTests {
    private func url(_ shop: Shop, user: String) -> [String: String] {
        ["SHOP_DATABASE_URL": shop.database.url.replacingOccurrences(of: "user=postgres", with: "user=\(user)")]
    }

    @Test("A role that may only read is enough; without SELECT the error names the table and nothing is committed")
    func privileges() throws {
        let shop = try Shop()
        try shop.insert(20)
        try shop.sql("CREATE ROLE reader LOGIN")
        let refused = try shop.tidemark("run", environment: url(shop, user: "reader"))
        #expect(refused.status == 1 && refused.errors.contains("events"), "\(refused.all)")
        #expect(refused.errors.contains("GRANT SELECT"), "\(refused.errors)")
        #expect(shop.files().isEmpty)
        try shop.sql("GRANT SELECT ON events TO reader")
        let allowed = try shop.tidemark("run", environment: url(shop, user: "reader"))
        #expect(allowed.status == 0, "\(allowed.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test("Row-level security that would hide rows stops the run; BYPASSRLS lets it go on")
    func rowSecurity() throws {
        let shop = try Shop()
        try shop.insert(20)
        try shop.sql(
            """
            CREATE ROLE tenant LOGIN; GRANT SELECT ON events TO tenant; ALTER TABLE events ENABLE ROW LEVEL SECURITY;
            CREATE POLICY half ON events USING (event_type = 'order_paid');
            """)
        let refused = try shop.tidemark("run", environment: url(shop, user: "tenant"))
        #expect(refused.status == 1 && refused.errors.contains("row-level security"), "\(refused.all)")
        #expect(shop.files().isEmpty)
        try shop.sql("ALTER ROLE tenant BYPASSRLS")
        let allowed = try shop.tidemark("run", environment: url(shop, user: "tenant"))
        #expect(allowed.status == 0, "\(allowed.all)")
        #expect(try shop.exportedIDs().count == 20)
    }

    @Test("validate, plan, preview and status write nothing, neither to the lake nor to the source")
    func readersWriteNothing() throws {
        let shop = try Shop()
        try shop.insert(20)
        let before = try shop.sql(
            "SELECT pg_current_xact_id_if_assigned() IS NULL, pg_snapshot_xmax(pg_current_snapshot())")
        for command in ["validate", "plan", "preview", "status"] {
            let outcome = try shop.tidemark(command)
            #expect(outcome.status == 0, "\(outcome.all)")
        }
        #expect(!FileManager.default.fileExists(atPath: shop.lake))
        let after = try shop.sql(
            "SELECT pg_current_xact_id_if_assigned() IS NULL, pg_snapshot_xmax(pg_current_snapshot())")
        #expect(before == after, "no transaction id was taken")
    }

    @Test("A table that was rewritten since the last run stops the run instead of exporting its rows twice")
    func rewritten() throws {
        let shop = try Shop()
        try shop.insert(20)
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql("VACUUM FULL events")
        try shop.insert(5, from: 100)
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 1 && outcome.errors.contains("rewritten"), "\(outcome.all)")
        #expect(try shop.exportedIDs().count == 20)
    }

    @Test("Another cluster behind the same url stops the run: its transaction ids mean something else")
    func anotherCluster() throws {
        let first = try Shop()
        try first.insert(20)
        #expect(try first.tidemark("run").status == 0)
        let second = try Shop()
        try second.insert(20)
        let outcome = try Tidemark.run(["run", first.pipeline], second.environment)
        #expect(outcome.status == 1 && outcome.errors.contains("cluster"), "\(outcome.all)")
        #expect(try first.exportedIDs().count == 20)
    }
}
