import Foundation
import TestSupport
import Testing

/// Runs of one pipeline that begin at the same moment, as when cron and a person start them.
@Suite("One pipeline is run by one at a time", .serialized)
struct ConcurrencyTests {
    enum Store: String, CaseIterable { case folder, moto, rclone }

    private func lake(_ shop: SmallShop, _ store: Store) throws -> SmallShop.Lake {
        switch store {
        case .folder: shop.lake()
        case .moto: try SmallShop.lake(in: try MotoServer.shared)
        case .rclone: try SmallShop.lake(in: try RcloneServer.shared)
        }
    }

    @Test(
        "Of runs started together one wins, and the others exit 4 and name its host, its process and its start",
        .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
    func held() throws {
        let shop = try SmallShop()
        for (store, count) in [(Store.folder, 2), (.folder, 5), (.moto, 5), (.rclone, 5)] {
            let lake = try lake(shop, store)
            // Whoever wins sleeps at its first write behind the log's first entry and the plan, so that the others meet it.
            let runs = try (1...count).map { _ in try shop.start("run", to: lake, FaultHook.pause(after: 2)) }
            defer { for run in runs where run.process.isRunning { run.signal(SIGKILL) } }
            let deadline = Date(timeIntervalSinceNow: 30)
            while runs.filter(\.process.isRunning).count > 1, Date() < deadline { usleep(10_000) }
            let winner = try #require(runs.first { $0.process.isRunning }, "one of them holds the pipeline")
            let who = "process \(winner.process.processIdentifier) on \(ProcessInfo.processInfo.hostName), since 20"
            for run in runs where run !== winner {
                let refused = try run.wait(atMost: 10)
                #expect(refused.status == 4, "\(refused.all)")
                #expect(refused.errors.contains(who) && refused.errors.contains("--wait"), "\(refused.all)")
            }
            winner.signal(SIGCONT)
            let won = try winner.wait(atMost: 60)
            #expect(won.status == 0, "\(won.all)")
            try shop.expectWhole([(lake, "\(count) runs at once into \(store)")])
        }
    }

    @Test("Runs started together, over and over, leave every event there once")
    func together() throws {
        let shop = try SmallShop()
        let lakes = try Store.allCases.map { (lake: try lake(shop, $0), after: "runs at once into \($0)") }
        for _ in 1...3 {
            try shop.insert(50)
            for (lake, after) in lakes {
                let runs = try (1...5).map { _ in try shop.start("run", to: lake) }
                let outcomes = try runs.map { try $0.wait(atMost: 60) }
                let all = outcomes.map(\.all).joined()
                #expect(outcomes.allSatisfy { [0, 4].contains($0.status) }, "\(after): \(all)")
                #expect(outcomes.filter { $0.output.contains("committed") }.count == 1, "\(after): \(all)")
            }
        }
        try shop.expectWhole(lakes)
    }

    @Test("Of runs started together with --wait each ends with 0, and every event is there once")
    func waiting() throws {
        let shop = try SmallShop(rows: 5_000)
        var ends: [(SmallShop.Lake, String)] = []
        for (store, count) in [(Store.folder, 2), (.folder, 5), (.moto, 5), (.rclone, 5)] {
            let lake = try lake(shop, store)
            let runs = try (1...count).map { _ in try shop.start("run", "--wait", "1m", to: lake) }
            let outcomes = try runs.map { try $0.wait(atMost: 60) }
            for outcome in outcomes { #expect(outcome.status == 0, "\(outcome.all)") }
            #expect(outcomes.filter { $0.output.contains("committed") }.count == 1)
            #expect(outcomes.filter { $0.output.contains("nothing new") }.count == count - 1)
            ends.append((lake, "\(count) runs one after another into \(store)"))
        }
        try shop.expectWhole(ends)
    }

    @Test("A run of the same pipeline into another destination is no concern of this one")
    func otherDestination() throws {
        let shop = try SmallShop(rows: 5_000)
        let lakes = [shop.lake(), shop.lake()]
        let runs = try lakes.map { try shop.start("run", to: $0) }
        for run in runs {
            let outcome = try run.wait(atMost: 60)
            #expect(outcome.status == 0, "\(outcome.all)")
        }
        try shop.expectWhole(lakes.map { ($0, "two runs at once") })
    }
}
