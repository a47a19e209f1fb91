import Foundation
import TestSupport
import Testing

/// The store fails at random, half of the time after it has done what it was asked: its answer is lost.
@Suite("A store that fails for a while", .serialized, .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
struct FaultyStoreTests {
    @Test("Runs get through, and every event is there once, whatever answers were lost")
    func lostAnswers() throws {
        let shop = try SmallShop(rows: 60)
        var ends = (1...4).map { seed in (lake: shop.lake(), after: "faults of seed \(seed) in a folder") }
        let (moto, rclone) = (try MotoServer.shared, try RcloneServer.shared)
        for seed in 1...2 {
            ends.append((try SmallShop.lake(in: moto), "faults of seed \(seed) in moto"))
            ends.append((try SmallShop.lake(in: rclone), "faults of seed \(seed) in rclone"))
        }
        for round in 1...2 {
            // Most of their time goes into waiting until they ask again.
            let runs = try ends.enumerated().map { index, end in
                try shop.start("run", to: end.lake, FaultHook.failures(0.15, seed: 100 * round + index))
            }
            for (run, end) in zip(runs, ends) {
                let outcome = try run.wait(atMost: 120)
                #expect(outcome.status == 0, "\(end.after), round \(round): \(outcome.all)")
                #expect(outcome.errors.contains("the store is asked again"))
            }
            try shop.insert(10)
        }
        for (lake, after) in ends {
            let last = try shop.tidemark("run", to: lake)
            #expect(last.status == 0, "\(after): \(last.all)")
        }
        try shop.expectWhole(ends)
    }

    @Test("A chunk that goes up in parts is whole, whatever answers were lost")
    func multipart() throws {
        let shop = try SmallShop(rows: 0)
        // About 12 MB that zstd cannot make smaller.
        try shop.shop.sql(
            """
            INSERT INTO orders (payload) SELECT jsonb_build_object('x',
                (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 100) i)) FROM generate_series(1, 6000) n
            """)
        var ends: [(lake: SmallShop.Lake, after: String)] = []
        for seed in 1...2 {
            ends.append((try SmallShop.lake(in: MotoServer.shared), "faults of seed \(seed) in moto"))
            ends.append((try SmallShop.lake(in: RcloneServer.shared), "faults of seed \(seed) in rclone"))
        }
        for (index, end) in ends.enumerated() {
            let outcome = try shop.tidemark("run", to: end.lake, FaultHook.failures(0.3, seed: index))
            #expect(outcome.status == 0, "\(end.after): \(outcome.all)")
        }
        try shop.expectWhole(ends)
    }
}
