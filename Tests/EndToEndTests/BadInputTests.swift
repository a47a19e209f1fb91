import Foundation
import TestSupport
import Testing

@Suite("Bad input gets a clear error and counts nothing")
struct BadInputTests {
    /// The run fails with a code and says why, shows no secret, and leaves no entry in the log.
    private func expectFailure(
        _ outcome: Tidemark.Outcome, status: Int32, _ words: [String], in shop: Shop,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == status && !outcome.wasKilled, "\(outcome.all)", sourceLocation: location)
        for word in words {
            #expect(outcome.errors.contains(word), "\(word) is not in: \(outcome.errors)", sourceLocation: location)
        }
        #expect(!outcome.all.contains(PostgresServer.password), sourceLocation: location)
        #expect(!outcome.all.contains("Fatal error"), sourceLocation: location)
        #expect(shop.files().isEmpty, sourceLocation: location)
        let log = try? FileManager.default.contentsOfDirectory(atPath: shop.lake + "/_tidemark/log")
        #expect((log ?? []).isEmpty, "a run that cannot work is not opened", sourceLocation: location)
    }

    @Test("What the database refuses: a wrong password, no such database, no server")
    func database() throws {
        let shop = try Shop()
        try shop.insert(3)
        let wrong = shop.database.tcpURL.replacingOccurrences(of: PostgresServer.password, with: "wrong-secret-word")
        let password = try shop.tidemark("run", environment: ["SHOP_DATABASE_URL": wrong])
        expectFailure(password, status: 1, ["password", "127.0.0.1"], in: shop)
        #expect(!password.all.contains("wrong-secret-word"))
        let missing = shop.server.database("no_such_database").url
        expectFailure(
            try shop.tidemark("run", environment: ["SHOP_DATABASE_URL": missing]), status: 1, ["no_such_database"],
            in: shop)
        let away = "postgresql://u:wrong-secret-word@127.0.0.1:1/db"
        let unreachable = try shop.tidemark("run", environment: ["SHOP_DATABASE_URL": away])
        expectFailure(unreachable, status: 1, ["127.0.0.1:1"], in: shop)
        #expect(!unreachable.all.contains("wrong-secret-word"))
    }

    @Test("What the table does not have: itself, a column, a document")
    func table() throws {
        let shop = try Shop()
        try shop.insert(3)
        try shop.write(pipeline: "events: {table: public.evnts, key: event_id}")
        expectFailure(try shop.tidemark("run"), status: 1, ["evnts", "no such table", "events"], in: shop)
        try shop.write(pipeline: "events: {table: public.events, key: no_such_key}")
        expectFailure(try shop.tidemark("run"), status: 2, ["no_such_key", "event_type"], in: shop)
        try shop.write(pipeline: "events: {table: public.events, key: event_id, columns: [{name: x, from: nothing}]}")
        expectFailure(try shop.tidemark("run"), status: 2, ["nothing", "event_type"], in: shop)
        try shop.write(pipeline: "events: {table: public.events, key: event_id, flatten: [{column: event_type}]}")
        expectFailure(try shop.tidemark("run"), status: 2, ["event_type", "json"], in: shop)
        try shop.write(
            pipeline: "events: {table: public.events, key: event_id, partition_by: [{column: event_type, by: day}]}")
        expectFailure(try shop.tidemark("run"), status: 2, ["event_type", "day"], in: shop)
        try shop.sql("CREATE VIEW seen AS SELECT * FROM events")
        try shop.write(pipeline: "events: {table: public.seen, key: event_id}")
        expectFailure(try shop.tidemark("run"), status: 1, ["seen", "view"], in: shop)
    }

    @Test("A filter that is no SQL fails with the server's words, and a mended file is enough to go on")
    func filter() throws {
        let shop = try Shop()
        try shop.insert(8)
        try shop.write(pipeline: Shop.dataset + "\n    where: event_type = = 'x'")
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 1, "\(outcome.all)")
        #expect(outcome.errors.contains("syntax error"))
        try shop.write(pipeline: Shop.dataset + "\n    where: event_type = 'order_paid' -- only these")
        let mended = try shop.tidemark("run")
        #expect(mended.status == 0, "\(mended.all)")
        #expect(try shop.exportedIDs().count == 4)
    }

    @Test("What is wrong in the YAML is named by line and column: an unknown key, bad syntax, an unset variable")
    func yaml() throws {
        let shop = try Shop()
        try shop.insert(3)
        try shop.write(pipeline: "events: {table: public.events, key: event_id, fromat: csv}")
        expectFailure(try shop.tidemark("run"), status: 2, ["pipeline.yaml:6:", "fromat", "format"], in: shop)
        try shop.write(pipeline: "events: {table: [")
        expectFailure(try shop.tidemark("run"), status: 2, ["pipeline.yaml:"], in: shop)
        try shop.write(pipeline: "events: {table: public.events, key: event_id, where: \"${NO_SUCH_VARIABLE}\"}")
        expectFailure(try shop.tidemark("run"), status: 2, ["NO_SUCH_VARIABLE", "pipeline.yaml:6:"], in: shop)
        let absent = try Tidemark.run(["run", "/nowhere/pipeline.yaml"])
        #expect(absent.status == 2 && absent.errors.contains("/nowhere/pipeline.yaml"))
    }

    @Test("Wrong usage exits 2 and says what is right; help and version exit 0")
    func usage() throws {
        let unknown = try Tidemark.run(["exprot"])
        #expect(unknown.status == 2 && unknown.errors.contains("Usage"))
        #expect(try Tidemark.run(["run"]).status == 2)
        #expect(try Tidemark.run(["run", "--wait", "soon", "x.yaml"]).status == 2)
        let help = try Tidemark.run(["--help"])
        #expect(help.status == 0)
        for command in ["validate", "preview", "plan", "run", "status"] { #expect(help.output.contains(command)) }
        let version = try Tidemark.run(["--version"])
        #expect(version.status == 0 && version.output.hasPrefix("tidemark "))
    }

    @Test("A folder that cannot be written fails with its name; after it was mended all rows come")
    func readOnlyFolder() throws {
        let shop = try Shop()
        try shop.insert(5)
        // A file where a folder must be: refused also to root, whom permissions do not stop.
        try Data().write(to: URL(fileURLWithPath: shop.lake))
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 1, "\(outcome.all)")
        #expect(outcome.errors.contains(shop.lake))
        try FileManager.default.removeItem(atPath: shop.lake)
        #expect(try shop.tidemark("run").status == 0)
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
    }

    @Test(
        "A full disk fails with a clear word, and the run is finished when there is room again",
        .enabled(if: getuid() == 0, "A small disk can be mounted by root only; CI runs this always."))
    func fullDisk() throws {
        let shop = try Shop()
        try shop.insert(60_000)
        try FileManager.default.createDirectory(atPath: shop.lake, withIntermediateDirectories: true)
        try command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", shop.lake)
        defer { try? command("umount", shop.lake) }
        let outcome = try shop.tidemark("run")
        #expect(outcome.status == 1, "\(outcome.all)")
        #expect(outcome.errors.contains("No space left") || outcome.errors.contains("full"), "\(outcome.errors)")
        try command("mount", "-o", "remount,size=100m", shop.lake)
        let next = try shop.tidemark("run")
        #expect(next.status == 0, "\(next.all)")
        #expect(try shop.exportedIDs().sorted() == shop.tableIDs().sorted())
        #expect(try shop.files() == shop.committedFiles())
    }

    @Test("A destination with data but without a log is refused, and so is another pipeline's")
    func strangersData() throws {
        let shop = try Shop()
        try shop.insert(5)
        try FileManager.default.createDirectory(atPath: shop.lake + "/events", withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: shop.lake + "/events/old.parquet"))
        let strange = try shop.tidemark("run")
        #expect(strange.status == 1 && strange.errors.contains("old.parquet"), "\(strange.all)")
        try FileManager.default.removeItem(atPath: shop.lake + "/events")
        #expect(try shop.tidemark("run").status == 0)
        let text = try String(contentsOfFile: shop.pipeline, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "pipeline: shop", with: "pipeline: other").utf8)
            .write(to: URL(fileURLWithPath: shop.pipeline))
        let other = try shop.tidemark("run")
        #expect(other.status == 1 && other.errors.contains("belongs to the pipeline shop"), "\(other.all)")
    }

    private func command(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments) failed; the test needs root for it")
    }
}
