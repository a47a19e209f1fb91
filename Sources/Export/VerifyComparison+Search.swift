import Foundation
import Lake
import Records
import Synchronization

extension VerifyComparison {
    /// So many buckets there are at most, in all groups: 32 bytes each.
    static let mostBuckets = 1 << 20

    /// Finds out which rows differ.
    ///
    /// - Parameters:
    ///   - findings: what ``read()`` gave.
    ///   - limit: how many are listed.
    ///   - names: the leaves' names, by oid.
    ///   - keysAtOnce: how many keys may be compared at once.
    /// - Returns: the groups that differ, by path.
    /// - Throws: `StoreError`, `PostgresError`, `ExportError`.
    func differences(
        _ findings: Findings, limit: VerifyLimit, names: [UInt32: String], keysAtOnce: Int64
    ) throws -> [VerifyReport.Difference] {
        let differing = findings.groups.indices.filter { findings.groups[$0].lake != findings.groups[$0].source }
            .sorted { findings.groups[$0].path < findings.groups[$1].path }
        guard !differing.isEmpty else { return [] }
        var lists = differing.map { VerifyReport.Difference(findings.groups[$0]) }
        guard limit.perPartition > 0, limit.total > 0 else {
            for index in lists.indices { lists[index].leaveOut() }
            return lists
        }
        let rows = differing.map { max(findings.groups[$0].lake.rows, findings.groups[$0].source.rows) }
        let buckets = try Buckets(self, groups: differing, of: findings.groups.count, rows: rows, atOnce: keysAtOnce)
        var waiting = buckets.candidates[...]
        var isFull = differing.map { _ in false }
        var total = 0
        while !waiting.isEmpty {
            var taken: [Int] = []
            var expected: Int64 = 0
            while let bucket = waiting.first, taken.isEmpty || expected + buckets.rows(bucket) <= keysAtOnce {
                waiting.removeFirst()
                let slot = buckets.slot(of: bucket)
                if isFull[slot] || total >= limit.total {
                    lists[slot].leaveOut()
                    continue
                }
                taken.append(bucket)
                expected += buckets.rows(bucket)
            }
            guard !taken.isEmpty else { continue }
            for (slot, row) in try tally(buckets, taken, names) {
                guard total < limit.total, lists[slot].take(row, limit: limit.perPartition) else {
                    lists[slot].leaveOut(row)
                    continue
                }
                total += 1
            }
            for slot in lists.indices { isFull[slot] = lists[slot].isFull(limit) }
        }
        return lists
    }

    /// Compares the keys of some buckets one by one.
    ///
    /// - Returns: the rows that differ, each with its slot, in the order of their keys.
    private func tally(
        _ buckets: Buckets, _ taken: [Int], _ names: [UInt32: String]
    ) throws -> [(slot: Int, row: VerifyReport.DifferentRow)] {
        let shared = VerifyWork.Shared(Mutex(Tally()))
        var isTaken = [Bool](repeating: false, count: buckets.count)
        for bucket in taken { isTaken[bucket] = true }
        let chosen = isTaken
        try scan(buckets.groups(of: taken)) {
            shared.state.withLock { $0 = Tally() }
        } _: { side, group, hash, key in
            let bucket = buckets.bucket(group, hash)
            guard chosen[bucket] else { return }
            let slot = buckets.slot(of: bucket)
            shared.state.withLock { $0.add(side, slot, hash, key) }
        }
        return shared.state.withLock { $0.different(names) }
    }
}

/// The keys of groups that differ, cut by their hash into buckets of which each either agrees on both sides or does not.
struct Buckets: Sendable {
    /// The buckets that differ, so that all groups get their turn.
    private(set) var candidates: [Int] = []
    private let bits: Int
    private let slots: [Int?]
    private let groups: [Int]
    private let rowsOfGroup: [Int64]

    /// How many there are.
    var count: Int { groups.count << bits }

    /// A bucket's difference: lake less source.
    private struct Sum {
        var rows: Int64 = 0
        var sum: UInt128 = 0
    }

    /// Cuts them, and reads both sides to see which differ, if there are too many keys to compare them all at once.
    ///
    /// - Parameters:
    ///   - comparison: what is read.
    ///   - groups: the groups that differ.
    ///   - count: how many groups there are in all.
    ///   - rows: the rows of each that differs, on the side that has more.
    ///   - atOnce: how many keys may be compared at once.
    init(
        _ comparison: VerifyComparison, groups: [Int], of count: Int, rows: [Int64], atOnce: Int64
    ) throws {
        self.groups = groups
        rowsOfGroup = rows
        var slots = [Int?](repeating: nil, count: count)
        for (slot, group) in groups.enumerated() { slots[group] = slot }
        self.slots = slots
        guard rows.reduce(0, +) > atOnce else {
            bits = 0
            candidates = Array(groups.indices)
            return
        }
        var bits = 16
        while bits > 0, groups.count << bits > VerifyComparison.mostBuckets { bits -= 1 }
        self.bits = bits
        let buckets = self
        let sums = VerifyWork.Shared(Mutex([Sum](repeating: Sum(), count: buckets.count)))
        try comparison.scan(buckets.groups(of: Array(0..<buckets.count))) {
            sums.state.withLock { sums in for index in sums.indices { sums[index] = Sum() } }
        } _: { side, group, hash, _ in
            let bucket = buckets.bucket(group, hash)
            sums.state.withLock { sums in
                if case .lake = side {
                    sums[bucket].rows += 1
                    sums[bucket].sum &+= hash
                } else {
                    sums[bucket].rows -= 1
                    sums[bucket].sum &-= hash
                }
            }
        }
        candidates = sums.state.withLock { sums in
            // Bucket by bucket, so that no group waits for another's end.
            (0..<1 << bits).flatMap { part in
                groups.indices.map { $0 << bits | part }.filter { sums[$0].rows != 0 || sums[$0].sum != 0 }
            }
        }
    }

    /// The bucket of a key.
    func bucket(_ group: Int, _ hash: UInt128) -> Int {
        (slots[group] ?? 0) << bits | Int(truncatingIfNeeded: hash) & (1 << bits - 1)
    }

    /// The place of a bucket's group among those that differ.
    func slot(of bucket: Int) -> Int { bucket >> bits }

    /// How many rows a bucket has, about.
    func rows(_ bucket: Int) -> Int64 { rowsOfGroup[slot(of: bucket)] >> Int64(bits) + 1 }

    /// Which groups some buckets belong to, by number.
    func groups(of buckets: [Int]) -> [Bool] {
        var wanted = [Bool](repeating: false, count: slots.count)
        for bucket in buckets { wanted[groups[slot(of: bucket)]] = true }
        return wanted
    }
}

/// Keys that are compared one by one.
private struct Tally {
    private struct ID: Hashable {
        let hash: UInt128
        let slot: Int
    }

    private struct Entry {
        var inSource = 0
        var inLake = 0
        var leaf: UInt32?
        let start: Int
        let end: Int
    }

    private var entries: [ID: Entry] = [:]
    private var keys: [UInt8] = []

    mutating func add(_ side: VerifyComparison.Side, _ slot: Int, _ hash: UInt128, _ key: RawSpan) {
        let id = ID(hash: hash, slot: slot)
        var entry: Entry
        if let known = entries[id] {
            entry = known
        } else {
            let start = keys.count
            key.withUnsafeBytes { keys.append(contentsOf: $0) }
            entry = Entry(start: start, end: keys.count)
        }
        switch side {
        case .lake: entry.inLake += 1
        case .source(let leaf):
            entry.inSource += 1
            entry.leaf = leaf
        }
        entries[id] = entry
    }

    /// The rows that one side has more often, in the order of their keys.
    func different(_ names: [UInt32: String]) -> [(slot: Int, row: VerifyReport.DifferentRow)] {
        entries.compactMap { id, entry in
            guard entry.inSource != entry.inLake else { return nil }
            let key = KeyBytes.values(keys.span.bytes.extracting(entry.start..<entry.end))
            let row = VerifyReport.DifferentRow(
                key: key, inSource: entry.inSource, inLake: entry.inLake, leaf: entry.leaf,
                leafName: entry.leaf.flatMap { names[$0] })
            return (id.slot, row)
        }.sorted { left, right in
            left.slot != right.slot
                ? left.slot < right.slot
                : left.row.key.map { $0 ?? "" }.lexicographicallyPrecedes(right.row.key.map { $0 ?? "" })
        }
    }
}

extension VerifyReport.Difference {
    init(_ group: VerifyComparison.Group) {
        self.init(
            partition: group.path, rowsInSource: group.source.rows, rowsInLake: group.lake.rows,
            sourceFingerprint: group.source.hexadecimal, lakeFingerprint: group.lake.hexadecimal)
    }

    /// Adds a row to the list of its kind, unless that is full.
    fileprivate mutating func take(_ row: VerifyReport.DifferentRow, limit: Int) -> Bool {
        if row.inLake < row.inSource {
            guard missing.count < limit else { return false }
            missing.append(row)
        } else if row.inSource == 0 {
            guard extra.count < limit else { return false }
            extra.append(row)
        } else {
            guard repeated.count < limit else { return false }
            repeated.append(row)
        }
        return true
    }

    /// Leaves a row out of the lists, or nobody knows how many.
    fileprivate mutating func leaveOut(_ row: VerifyReport.DifferentRow? = nil) {
        isComplete = false
        if row.map({ $0.inLake < $0.inSource }) ?? true { hasAllMissing = false }
    }

    /// Whether there is no need to look for more.
    fileprivate func isFull(_ limit: VerifyLimit) -> Bool {
        missing.count >= limit.perPartition
            || !limit.isThorough && (extra.count >= limit.perPartition || repeated.count >= limit.perPartition)
    }
}
