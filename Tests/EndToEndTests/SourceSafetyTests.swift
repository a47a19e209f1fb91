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
        try shop.sql("ALTER TABLE events ALTER event_type TYPE varchar(99) USING event_type || ''")
        try shop.insert(5, from: 100)
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 1 && outcome.errors.contains("rewritten"), "\(outcome.all)")
        #expect(outcome.errors.contains("--re-export public.events"), "\(outcome.all)")
        #expect(try shop.exportedIDs().count == 20)
    }

    @Test("VACUUM FULL and CLUSTER keep the rows' transaction ids: the run sees that and goes on by itself")
    func harmlessRewrite() throws {
        let shop = try Shop()
        try shop.insert(20)
        #expect(try shop.tidemark("run").status == 0)
        for statement in ["VACUUM FULL events", "CLUSTER events USING events_pkey"] {
            try shop.sql(statement)
            try shop.insert(5, from: 100)
            let outcome = try shop.tidemark("run")
            #expect(outcome.status == 0 && outcome.errors.contains("kept their transaction ids"), "\(outcome.all)")
            #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        }
        try shop.sql("TRUNCATE events")
        #expect(try shop.tidemark("run").status == 0, "an empty table has nothing to bring twice")
    }

    @Test("A leaf that was rewritten can be exported anew, in place of its files, or accepted as it is")
    func reExport() throws {
        let shop = try Shop()
        try shop.insert(20)
        #expect(try shop.tidemark("run").status == 0)
        let old = try shop.committedFiles()
        try shop.sql("ALTER TABLE events ALTER event_type TYPE varchar(99) USING event_type || ''")
        try shop.insert(5, from: 100)
        let outcome = try shop.tidemark("run", "--re-export", "events")
        #expect(outcome.status == 0 && outcome.output.contains("in place of 3 files"), "\(outcome.all)")
        #expect(try shop.liveIDs().sorted() == shop.tableIDs().sorted())
        #expect(Set(shop.files()).isSuperset(of: old), "readers may hold the old files for a while")
        try shop.sql("TRUNCATE events")
        try shop.insert(7, from: 200)
        #expect(try shop.tidemark("run").status == 1, "nothing is left that tells whether the rows came already")
        let accepted = try shop.tidemark("run", "--accept-rewrite", "public.events")
        #expect(accepted.status == 0, "\(accepted.all)")
        #expect(try shop.liveIDs().count == 32)
        let wrong = try shop.tidemark("run", "--re-export", "evnets")
        #expect(wrong.status == 2 && wrong.errors.contains("no such leaf"), "\(wrong.all)")
    }

    @Test("What a source's statistics say of updates and deletes is told after the run")
    func updatesAndDeletes() throws {
        let shop = try Shop()
        try shop.insert(20)
        #expect(try shop.tidemark("run").status == 0)
        try shop.sql("UPDATE events SET event_type = 'x' WHERE payload->>'n' IN ('1', '2')")
        try shop.sql("DELETE FROM events WHERE payload->>'n' = '3'")
        try shop.sql("SELECT pg_stat_force_next_flush()")
        let outcome = try shop.tidemark("run")
        #expect(outcome.output.contains("2 rows were updated and 1 deleted"), "\(outcome.all)")
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
        // Accepted, the other's table takes the place of the one of the same name.
        let accepted = try Tidemark.run(["run", "--accept-source", first.pipeline], second.environment)
        #expect(accepted.status == 0, "\(accepted.all)")
        #expect(try first.liveIDs().sorted() == second.tableIDs().sorted())
        try second.insert(3, from: 50)
        #expect(try Tidemark.run(["run", first.pipeline], second.environment).status == 0)
        #expect(try first.liveIDs().sorted() == second.tableIDs().sorted())
    }
}
