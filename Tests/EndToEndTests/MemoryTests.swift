import Foundation
import TestSupport
import Testing

@Suite("Memory does not grow with the data")
struct MemoryTests {
    /// The most memory that a run takes, in MiB, as the kernel counts it.
    private func peak(_ shop: Shop) throws -> Int {
        let running = try shop.start("run")
        var peak = 0
        while running.process.isRunning {
            if let status = try? String(
                contentsOfFile: "/proc/\(running.process.processIdentifier)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
                let kilobytes = Int(line.split(separator: " ")[1])
            {
                peak = max(peak, kilobytes >> 10)
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        let outcome = try running.wait()
        #expect(outcome.status == 0, "\(outcome.all)")
        return peak
    }

    @Test("Four times the rows, spread over many partitions, take no more memory, and less than 150 MiB")
    func flat() throws {
        var peaks: [Int] = []
        for rows in [30_000, 120_000] {
            let shop = try Shop()
            try shop.sql(
                """
                INSERT INTO events (event_type, occurred_at, payload)
                SELECT 'wide', timestamptz '2026-01-01Z' + (n * 7919 % 60) * interval '1 day',
                    jsonb_build_object('n', n, 'text', repeat(md5(n::text), 13))
                FROM generate_series(1, \(rows)) n
                """)
            peaks.append(try peak(shop))
        }
        #expect(peaks[1] < 150, "\(peaks) MiB")
        #expect(peaks[1] < peaks[0] + 40, "\(peaks) MiB")
    }

    @Test("A unit whose rows fall into 5,000 partitions stays under 200 MiB and loses nothing")
    func manyPartitions() throws {
        let shop = try Shop()
        try shop.sql(
            """
            INSERT INTO events (event_type, occurred_at, payload)
            SELECT 'wild', timestamptz '2010-01-01Z' + (n::bigint * 7919 % 5000) * interval '1 day',
                jsonb_build_object('n', n, 'text', repeat(md5(n::text), 16))
            FROM generate_series(1, 40000) n
            """)
        let peak = try peak(shop)
        #expect(peak < 200, "\(peak) MiB")
        let files = shop.files()
        #expect(Set(files.map { $0.split(separator: "/")[1] }).count == 5_000)
        #expect(Set(files.map { $0.split(separator: "/")[2].split(separator: "-")[1] }).count == 1, "one unit")
        #expect(try Set(shop.exportedIDsOfManyFiles()) == Set(shop.tableIDs()))
    }
}
