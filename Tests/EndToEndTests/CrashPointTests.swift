import Foundation
import TestSupport
import Testing

/// A run is killed right after each of its writes in turn: between any two of them the lake is in a state that the next run
/// goes on from.
@Suite("Kill it after any write, run it again", .serialized, .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
struct CrashPointTests {
    @Test("A first run that dies at any write is finished by the next, with every event once and no other file")
    func firstRun() throws {
        let shop = try SmallShop()
        try sweep(shop) { shop.lake() }
    }

    @Test("An increment that dies at any write is finished by the next run")
    func increment() throws {
        let shop = try SmallShop()
        let first = shop.lake()
        #expect(try shop.tidemark("run", to: first).status == 0)
        try shop.insert(40)
        try sweep(shop) { try shop.copy(of: first) }
    }

    @Test("A run that dies at any write and does not fit the settings any more is given up, and all events come once")
    func changedSettings() throws {
        let shop = try SmallShop()
        try sweep(shop, before: { try shop.write(level: 3) }, after: { try shop.write(level: 5) }) { shop.lake() }
    }

    @Test("A run whose recovery dies as well, at any write, is finished by the third")
    func recovery() throws {
        let shop = try SmallShop()
        let writes = try FaultHook.writes { try shop.tidemark("run", to: shop.lake(), $0) }
        var ends: [(SmallShop.Lake, String)] = []
        for first in writes where first.number % 4 == 0 {
            for second in stride(from: 1 + first.number / 4 % 2, to: .max, by: 2) {
                let lake = shop.lake()
                let after = "a crash at \(first) and one of the next run at its write \(second)"
                #expect(try shop.tidemark("run", to: lake, FaultHook.crash(at: first.number)).wasKilled, "\(after)")
                let next = try shop.tidemark("run", to: lake, FaultHook.crash(at: second))
                // Behind its last write there is nothing to die at.
                if !next.wasKilled { break }
                let last = try shop.tidemark("run", to: lake)
                #expect(last.status == 0, "\(after): \(last.all)")
                ends.append((lake, after))
            }
        }
        try shop.expectWhole(ends)
    }

    @Test("A backfill that dies at any write is finished by the same command, and what it replaced is deleted")
    func backfill() throws {
        let shop = try SmallShop()
        let first = shop.lake()
        #expect(try shop.tidemark("run", to: first).status == 0)
        let command = ["backfill", "--from", "2026-11-01", "--to", "2026-11-03"]
        try sweep(shop, command: command, stride: 2) { try shop.copy(of: first) }
    }

    @Test("The same on a store that knows no conditional PUT")
    func withoutConditionalPut() throws {
        let shop = try SmallShop()
        let server = try RcloneServer.shared
        try sweep(shop, stride: 3) { try SmallShop.lake(in: server) }
    }

    /// Kills a run at each write, lets another finish, and looks at the lakes.
    ///
    /// - Parameters:
    ///   - command: what dies, and is called again.
    ///   - stride: from one write that is died at to the next.
    ///   - before: what is done before a run that dies.
    ///   - after: what is done after it.
    ///   - lake: makes the lake that the run begins with.
    private func sweep(
        _ shop: SmallShop, command: [String] = ["run"], stride step: Int = 1, before: () throws -> Void = {},
        after: () throws -> Void = {},
        _ lake: () throws -> SmallShop.Lake
    ) throws {
        let writes = try FaultHook.writes { try shop.tidemark(command, to: try lake(), $0) }
        var ends: [(SmallShop.Lake, String)] = []
        for write in writes where (writes.count - write.number) % step == 0 {
            let lake = try lake()
            try before()
            let killed = try shop.tidemark(command, to: lake, FaultHook.crash(at: write.number))
            #expect(killed.wasKilled && killed.status == SIGKILL, "\(write): \(killed.all)")
            try after()
            let next = try shop.tidemark(command, to: lake)
            #expect(next.status == 0, "\(write): \(next.all)")
            let last = try shop.tidemark("run", to: lake)
            #expect(last.status == 0 && last.output.contains("nothing new"), "\(write): \(last.all)")
            ends.append((lake, "a crash at \(write)"))
        }
        try shop.expectWhole(ends)
    }
}
