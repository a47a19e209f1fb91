import Foundation
import Lake
import Records
import Synchronization

/// How many differing rows are listed.
public struct VerifyLimit: Sendable {
    /// Of each kind in each output partition.
    public var perPartition: Int
    /// In all.
    public var total: Int
    /// Whether the search goes on to the last missing row within these limits, also where enough of another kind was found.
    public var isThorough: Bool

    /// Makes a limit.
    public init(perPartition: Int = 20, total: Int = 10_000, isThorough: Bool = false) {
        self.perPartition = perPartition
        self.total = total
        self.isThorough = isThorough
    }

    /// As many missing rows as one repair exports.
    public static let repair = VerifyLimit(perPartition: 100_000, total: 100_000, isThorough: true)
}

/// The rows of files beside the rows of leaves, by output partition.
///
/// First each side is read once, and each output partition gets a fingerprint of either side. Where the two differ, both
/// are read again and their keys' hashes cut into buckets, to see which buckets differ; then the keys in those are
/// compared one by one, so many buckets at a time that memory stays bounded.
final class VerifyComparison: Sendable {
    /// A file and how to read it.
    struct File: Sendable {
        let chunk: ChunkRecord
        let layout: DatasetPlan
        /// The key's columns in it.
        let key: [Int]
        /// The output partition that it belongs to; nil for a file that is only read, not compared.
        let partition: String?
    }

    /// One output partition.
    struct Group {
        let path: String
        var lake = KeyFingerprint()
        var source = KeyFingerprint()
    }

    /// What the first reading showed.
    struct Findings {
        var groups: [Group] = []
        var problems: [FileProblem] = []
        /// The rows of the leaves that lie below the watermark and are wanted.
        var rowsInSource: Int64 = 0
        /// The rows above the watermark, where they are read.
        var newer: Int64 = 0
        /// The rows that the pipeline leaves out, where they are read.
        var leftOut: Int64 = 0
        fileprivate var numbers: [String: Int] = [:]
        /// The files whose keys cannot be had.
        fileprivate var unreadable: Set<String> = []
        /// The groups that each unit has rows of.
        fileprivate var groupsOfUnit: [Int: Set<Int>] = [:]

        fileprivate mutating func number(_ path: String) -> Int {
            if let number = numbers[path] { return number }
            groups.append(Group(path: path))
            numbers[path] = groups.count - 1
            return groups.count - 1
        }
    }

    let work: VerifyWork
    let files: [File]
    let units: [VerifyUnit]
    private let state = Mutex(Findings())

    init(work: VerifyWork, files: [File], units: [VerifyUnit]) {
        self.work = work
        self.files = files
        self.units = units
    }

    // MARK: - The first reading

    private enum Piece {
        case file(Int)
        case unit(Int)
    }

    /// Reads everything once.
    ///
    /// - Throws: `StoreError`, `PostgresError`, `ExportError`. Damage in files is no error.
    func read() throws -> Findings {
        let pieces = units.indices.map(Piece.unit) + files.indices.map(Piece.file)
        try work.each(pieces, threads: work.workers) { piece, tools in
            switch piece {
            case .file(let index): try self.readFile(self.files[index], tools)
            case .unit(let index): try self.readUnit(index, tools)
            }
        }
        return state.withLock { $0 }
    }

    private func readFile(_ file: File, _ tools: VerifyTools) throws {
        var sum = KeyFingerprint()
        let isCompared = file.partition != nil
        let reading = try tools.read(file.chunk, file.layout, key: isCompared ? file.key : []) { key in
            if isCompared { sum.add(KeyHash.hash(key)) }
        }
        state.withLock { findings in
            findings.problems += reading.problems
            if !reading.isReadable { findings.unreadable.insert(file.chunk.key) }
            guard let partition = file.partition, reading.isReadable else { return }
            findings.groups[findings.number(partition)].lake.add(sum)
        }
    }

    private func readUnit(_ index: Int, _ tools: VerifyTools) throws {
        var sums: [Group] = []
        var newer: Int64 = 0
        var leftOut: Int64 = 0
        try units[index].read(tools) {
            sums = []
            newer = 0
            leftOut = 0
        } _: { row, key in
            if row.partition == sums.count { sums.append(Group(path: row.folders.joined(separator: "/"))) }
            if !row.isWanted {
                leftOut += 1
            } else if !row.isOld {
                newer += 1
            } else {
                sums[row.partition].source.add(KeyHash.hash(key))
            }
        }
        state.withLock { findings in
            findings.newer += newer
            findings.leftOut += leftOut
            var groups: Set<Int> = []
            for sum in sums where sum.source.rows > 0 {
                let number = findings.number(sum.path)
                findings.groups[number].source.add(sum.source)
                findings.rowsInSource += sum.source.rows
                groups.insert(number)
            }
            findings.groupsOfUnit[index] = groups
        }
    }

    // MARK: - Reading again

    /// Where a row was met.
    enum Side: Sendable {
        case source(leaf: UInt32)
        case lake
    }

    /// The source had to be read again in the middle of a pass that cannot take back what it counted.
    private struct Restart: Error, CustomStringConvertible {
        var description: String { "The source broke off again and again while differing rows were looked for." }
    }

    private static let passTries = 3

    /// Reads what holds rows of some groups.
    ///
    /// - Parameters:
    ///   - wanted: the groups, by number.
    ///   - begin: forgets what was counted, when the pass starts or starts anew.
    ///   - visit: called with each row of them, from several threads at once.
    func scan(
        _ wanted: [Bool], begin: () -> Void, _ visit: @escaping @Sendable (Side, Int, UInt128, RawSpan) throws -> Void
    ) throws {
        let findings = state.withLock { $0 }
        let pieces =
            units.indices.filter { findings.groupsOfUnit[$0]?.contains { wanted[$0] } == true }.map(Piece.unit)
            + files.indices.filter { index in
                guard let path = files[index].partition, !findings.unreadable.contains(files[index].chunk.key),
                    let group = findings.numbers[path]
                else { return false }
                return wanted[group]
            }.map(Piece.file)
        for attempt in 1... {
            begin()
            do {
                return try work.each(pieces, threads: work.workers) { piece, tools in
                    switch piece {
                    case .file(let index):
                        let file = self.files[index]
                        guard let path = file.partition, let group = findings.numbers[path] else { return }
                        _ = try tools.read(file.chunk, file.layout, key: file.key) { key in
                            try visit(.lake, group, KeyHash.hash(key), key)
                        }
                    case .unit(let index): try self.scanUnit(index, findings, wanted, tools, visit)
                    }
                }
            } catch let error where error is Restart && attempt < Self.passTries {
                work.log.warning("looking for differing rows begins anew")
            }
        }
    }

    private func scanUnit(
        _ index: Int, _ findings: Findings, _ wanted: [Bool], _ tools: VerifyTools,
        _ visit: (Side, Int, UInt128, RawSpan) throws -> Void
    ) throws {
        let unit = units[index]
        var hasBegun = false
        var groups: [Int?] = []
        try unit.read(tools) {
            if hasBegun { throw Restart() }
            hasBegun = true
        } _: { row, key in
            if row.partition == groups.count { groups.append(findings.numbers[row.folders.joined(separator: "/")]) }
            guard row.isOld, row.isWanted, let group = groups[row.partition], wanted[group] else { return }
            try visit(.source(leaf: unit.leaf.oid), group, KeyHash.hash(key), key)
        }
    }
}
