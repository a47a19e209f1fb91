import Foundation
import TestSupport
import Testing

/// A runner falls asleep at each of its writes in turn, and loses the lock; another does its work; then it wakes in the
/// middle of that write and goes on as if nothing had been.
@Suite("A runner that slept does no harm", .serialized, .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
struct PausedRunnerTests {
    /// On which side of a write it sleeps: before it all was looked up before others worked, behind it comes after them.
    enum Sleep: String, CaseIterable { case before, behind }

    @Test("A runner whose run another has taken over and committed ends by itself; every event is there once")
    func takenOver() throws {
        let shop = try SmallShop()
        try sweep(shop, .before, { shop.lake() }) { lake, after in try others(shop, lake, after) }
    }

    @Test("A runner whose run was given up by hand, and its rows exported by another run, leaves that run alone")
    func givenUp() throws {
        let shop = try SmallShop()
        try sweep(shop, .before, { shop.lake() }) { lake, after in
            let abandon = try shop.tidemark("abandon", to: lake)
            #expect(abandon.status == 0, "\(after): \(abandon.all)")
            try others(shop, lake, after)
        }
    }

    @Test(
        "The same for a runner that had itself taken a run over: between its last chunk and its commit, between commit and clean-up",
        arguments: Sleep.allCases)
    func takenOverTwice(sleep: Sleep) throws {
        let shop = try SmallShop()
        let open = try leftOpen(shop)
        let writes = try sweep(shop, sleep, { try shop.copy(of: open) }) { lake, after in
            try others(shop, lake, after)
        }
        let chunk = try #require(writes.lastIndex { !$0.key.hasPrefix("_tidemark/") && $0.verb == "put" })
        let commit = try #require(writes.lastIndex { $0.key.hasPrefix("_tidemark/log/") })
        let cleanUp = try #require(writes.firstIndex { $0.verb == "delete" }, "a lost attempt's chunk is deleted")
        #expect(chunk < commit && commit < cleanUp, "all three are slept at")
    }

    @Test("`tidemark abandon` that slept deletes nothing of a run that another has taken over and committed")
    func abandonSleeps() throws {
        let shop = try SmallShop()
        let open = try leftOpen(shop)
        try sweep(shop, .before, command: "abandon", { try shop.copy(of: open) }) { lake, after in
            try others(shop, lake, after)
        }
    }

    @Test("A run that slept while it gave another up deletes nothing of what others exported meanwhile")
    func givingUpSleeps() throws {
        let shop = try SmallShop()
        let open = try leftOpen(shop)
        try shop.write(level: 5)
        try sweep(shop, .before, { try shop.copy(of: open) }) { lake, after in try others(shop, lake, after) }
    }

    @Test("On a store that knows no conditional PUT a runner that slept outside the log does no harm either")
    func withoutConditionalPut() throws {
        let shop = try SmallShop()
        let server = try RcloneServer.shared
        // Asleep inside the PUT of an entry or a unit's result it would overwrite: no lock can see that.
        try sweep(
            shop, .before, stride: 3, where: { !$0.key.contains("/log/") && !$0.key.contains("/unit/") },
            { try SmallShop.lake(in: server) }
        ) { lake, after in try others(shop, lake, after) }
    }

    // MARK: -

    /// Another run, on which nothing is to be seen of the sleeper.
    private func others(_ shop: SmallShop, _ lake: SmallShop.Lake, _ after: String) throws {
        let other = try shop.tidemark("run", to: lake)
        #expect(other.status == 0, "\(after): \(other.all)")
    }

    /// A lake with an open run that has a finished unit and chunks of one that is not.
    private func leftOpen(_ shop: SmallShop) throws -> SmallShop.Lake {
        let lake = shop.lake()
        let writes = try FaultHook.writes { try shop.tidemark("run", to: shop.lake(), $0) }
        let unit = try #require(writes.last { $0.key.contains("/unit/") })
        #expect(try shop.tidemark("run", to: lake, FaultHook.crash(at: unit.number - 1)).wasKilled)
        return lake
    }

    /// Puts a run to sleep at each of its writes, lets others work and wakes it again.
    ///
    /// - Returns: the writes of a run that does not sleep.
    @discardableResult
    private func sweep(
        _ shop: SmallShop, _ sleep: Sleep, command: String = "run", stride step: Int = 1,
        where isMeant: (FaultHook.Write) -> Bool = { _ in true }, _ lake: () throws -> SmallShop.Lake,
        meanwhile: (SmallShop.Lake, _ after: String) throws -> Void
    ) throws -> [FaultHook.Write] {
        let writes = try FaultHook.writes { try shop.tidemark(command, to: try lake(), $0) }
        let meant = writes.filter { (writes.count - $0.number) % step == 0 && isMeant($0) }
        // All sleep at once, each at a lake of its own, since waking takes its time.
        let sleepers = try meant.map { write in
            let lake = try lake()
            let pause = sleep == .before ? FaultHook.pause(at: write.number) : FaultHook.pause(after: write.number)
            let run = try shop.start(command, to: lake, pause)
            return (run: run, lake: lake, after: "a sleep \(sleep) \(write)")
        }
        defer { for sleeper in sleepers where sleeper.run.process.isRunning { sleeper.run.signal(SIGKILL) } }
        for sleeper in sleepers {
            try #require(try sleeper.run.waitUntilStopped(), "\(sleeper.after): it ended instead")
        }
        try shop.cutConnections()
        for sleeper in sleepers { try meanwhile(sleeper.lake, sleeper.after) }
        for sleeper in sleepers { sleeper.run.signal(SIGCONT) }
        for sleeper in sleepers {
            let woken = try sleeper.run.wait(atMost: 60)
            #expect(!woken.wasKilled, "\(sleeper.after): \(woken.all)")
        }
        for sleeper in sleepers {
            let next = try shop.tidemark("run", to: sleeper.lake)
            #expect(next.status == 0 && next.output.contains("nothing new"), "\(sleeper.after): \(next.all)")
        }
        try shop.expectWhole(sleepers.map { ($0.lake, $0.after) })
        return writes
    }
}
