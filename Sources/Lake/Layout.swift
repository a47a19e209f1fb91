/// Where everything lies in a destination: keys relative to its root.
public enum Layout {
    /// The folder that holds all state; readers of the data never look into it.
    public static let stateFolder = "_tidemark"
    /// The hint at the newest entry: the one object that is ever overwritten.
    public static let latest = "_tidemark/latest.json"

    /// The key of a log entry.
    ///
    /// - Parameter number: the entry's number, from 1.
    public static func entry(_ number: Int) -> String { "_tidemark/log/\(padded(number, 10)).json" }

    /// The key of the state after an entry.
    public static func checkpoint(_ number: Int) -> String { "_tidemark/checkpoint/\(padded(number, 10)).json" }

    /// A piece of the file list.
    public static func segment(from: Int, through: Int) -> String {
        "_tidemark/checkpoint/files-\(padded(from, 10))-\(padded(through, 10)).json"
    }

    /// The key of a run's plan.
    public static func plan(run: Int) -> String { "\(runFolder(run))/plan.json" }

    /// The key of a finished unit's result.
    public static func unit(run: Int, unit: Int) -> String { "\(runFolder(run))/unit/\(padded(unit, 6)).json" }

    /// The key that says a step after a run's commit has been done.
    public static func step(run: Int, _ step: String) -> String { "\(runFolder(run))/done/\(step).json" }

    /// The key of the manifest that a commit leaves for a dataset.
    public static func manifest(dataset: String, entry: Int) -> String {
        "_tidemark/manifest/\(dataset)/\(padded(entry, 10)).json"
    }

    /// The table that a file belongs to, by its key: the folders before the partition's.
    public static func table(of key: String) -> String {
        let folders = key.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return folders.prefix { !$0.contains("=") }.joined(separator: "/")
    }

    /// The partition's folders of a file, by its key.
    public static func partition(of key: String) -> String {
        key.split(separator: "/").dropLast().drop { !$0.contains("=") }.joined(separator: "/")
    }

    /// The key of a chunk.
    ///
    /// - Parameters:
    ///   - table: the table's name.
    ///   - partition: its partition folders, such as `event_date=2026-11-01`, each already path-safe.
    ///   - name: whose chunk it is.
    ///   - suffix: what the name ends in, such as `.ndjson.zst`.
    public static func chunk(table: String, partition: [String], name: ChunkName, suffix: String) -> String {
        ([table] + partition + [name.description + suffix]).joined(separator: "/")
    }

    /// What the names of all chunks of a run begin with.
    public static func chunkPrefix(run: Int) -> String { "\(padded(run, 6))-" }

    static func runFolder(_ run: Int) -> String { "_tidemark/run/\(padded(run, 10))" }

    /// A number with zeros before it.
    ///
    /// - Parameters:
    ///   - number: the number, 0 or more.
    ///   - width: how many digits at least.
    public static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// A chunk's name: which attempt at which unit of which run wrote it, so that no name ever has two writers.
public struct ChunkName: Sendable, CustomStringConvertible {
    /// The run's number.
    public let run: Int
    /// The unit's number within the run, from 1.
    public let unit: Int
    /// The chunk's number within the unit, from 1.
    public let chunk: Int
    /// Which holder of the run writes: 1 for who opened it, then one more with each `take` entry.
    public let attempt: Int

    /// Names a chunk.
    public init(run: Int, unit: Int, chunk: Int, attempt: Int) {
        self.run = run
        self.unit = unit
        self.chunk = chunk
        self.attempt = attempt
    }

    /// The name without its suffix: `000042-0007-0001`, and `.a2` behind it for a second attempt.
    public var description: String {
        let name = "\(Layout.chunkPrefix(run: run))\(Layout.padded(unit, 4))-\(Layout.padded(chunk, 4))"
        return attempt > 1 ? "\(name).a\(attempt)" : name
    }
}
