import Foundation
import TestSupport
import Testing

/// A run is given up while somebody is killed right after each write in turn: its files still vanish.
@Suite("Giving a run up, killed after any write", .serialized, .enabled(if: FaultHook.isBuiltIn, FaultHook.reason))
struct AbandonCrashTests {
    @Test("A run that dies while it gives another up, at any write, leaves no file of it behind")
    func changedSettings() throws {
        let shop = try SmallShop()
        let writes = try FaultHook.writes { try shop.tidemark("run", to: shop.lake(), $0) }
        var ends: [(SmallShop.Lake, String)] = []
        for first in writes where first.number % 4 == 0 {
            for second in stride(from: 1 + first.number / 4 % 2, to: .max, by: 2) {
                let lake = shop.lake()
                let after = "a crash at \(first) and one of the next run at its write \(second)"
                try shop.write(level: 3)
                #expect(try shop.tidemark("run", to: lake, FaultHook.crash(at: first.number)).wasKilled, "\(after)")
                try shop.write(level: 5)
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

    @Test("`tidemark abandon` that dies at any write is finished by the next run, with no file of the run left")
    func abandon() throws {
        let shop = try SmallShop()
        let writes = try FaultHook.writes { try shop.tidemark("run", to: shop.lake(), $0) }
        let unit = try #require(writes.last { $0.key.contains("/unit/") })
        var ends: [(SmallShop.Lake, String)] = []
        for number in 1... {
            let lake = shop.lake()
            let after = "a crash at \(unit) and one of `tidemark abandon` at its write \(number)"
            #expect(try shop.tidemark("run", to: lake, FaultHook.crash(at: unit.number)).wasKilled, "\(after)")
            let abandon = try shop.tidemark("abandon", to: lake, FaultHook.crash(at: number))
            if !abandon.wasKilled { break }
            let last = try shop.tidemark("run", to: lake)
            #expect(last.status == 0, "\(after): \(last.all)")
            ends.append((lake, after))
        }
        #expect(ends.count > 3, "it writes its entry, deletes the files, writes a checkpoint")
        try shop.expectWhole(ends)
    }
}
