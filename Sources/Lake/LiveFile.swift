/// A file that a reader of the lake takes: added by a commit, and not removed by a later one.
public struct LiveFile: Codable, Hashable, Sendable {
    /// The entry of the commit that added it.
    public var version: Int
    /// The file.
    public var chunk: ChunkRecord

    /// Makes a live file.
    public init(version: Int, chunk: ChunkRecord) {
        self.version = version
        self.chunk = chunk
    }
}

/// What a stretch of the log changed in the list of live files.
public struct FileChanges: Codable, Sendable {
    /// The files added and still live at the stretch's end, in the order of their commits.
    public var added: [LiveFile] = []
    /// The keys of files that were added before the stretch and removed in it, in the order of their removal.
    public var removed: [String] = []

    /// No changes.
    public init() {}

    /// How many changes they are.
    public var count: Int { added.count + removed.count }

    /// Adds what one commit did.
    mutating func apply(_ commit: LogEntry.Commit, entry: Int) {
        remove(commit.removed)
        added += commit.added.map { LiveFile(version: entry, chunk: $0) }
    }

    /// Adds what a later stretch did.
    mutating func append(_ later: FileChanges) {
        remove(later.removed)
        added += later.added
    }

    private mutating func remove(_ keys: [String]) {
        guard !keys.isEmpty else { return }
        var gone = Set(keys)
        added.removeAll { gone.remove($0.chunk.key) != nil }
        removed += keys.filter { gone.contains($0) }
    }
}

/// A piece of the file list in an object of its own, so that a checkpoint stays small.
///
/// Segments follow one another without gaps from the log's first entry, the older the larger: a new one takes up those
/// before it that are not larger than itself. So there are few of them, and each file is written again only as often as the
/// list has doubled.
public struct FileSegment: Codable, Hashable, Sendable {
    /// The first entry whose changes it holds.
    public var from: Int
    /// The last one.
    public var through: Int
    /// How many changes it holds.
    public var count: Int

    /// The key of the object with the changes. They are the same whoever writes them, so the range names them.
    public var key: String { Layout.segment(from: from, through: through) }
}
