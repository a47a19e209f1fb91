/// What a warehouse loads after a commit: the files that it added to one dataset, which may be one made of another.
public struct Manifest: Codable, Sendable {
    /// The version of this format.
    public var format = 1
    /// The dataset's name.
    public var dataset: String
    /// The run's number.
    public var run: Int
    /// The entry that committed the run: the lake's version from then on.
    public var version: Int
    /// The version of the dataset's columns.
    public var schema: Int
    /// The files, their keys relative to the destination.
    public var files: [File]
    /// The keys of files that these replace, and that readers no longer take.
    public var replaces: [String]

    /// One file of a manifest.
    public struct File: Codable, Hashable, Sendable {
        /// The key in the destination.
        public var key: String
        /// The rows in it.
        public var rows: Int64
        /// The size in bytes.
        public var bytes: Int64
        /// The SHA-256 in hexadecimal.
        public var sha256: String
    }

    /// Makes the manifest of a commit.
    ///
    /// - Parameters:
    ///   - table: the table.
    ///   - commit: the commit.
    ///   - version: the commit's entry.
    ///   - schema: the version of the table's columns.
    public init(table: String, commit: LogEntry.Commit, version: Int, schema: Int) {
        self.dataset = table
        self.run = commit.run
        self.version = version
        self.schema = schema
        files = commit.added.filter { $0.table == table }
            .map { File(key: $0.key, rows: $0.rows, bytes: $0.bytes, sha256: $0.sha256) }
        replaces = commit.removed.filter { Layout.table(of: $0) == table }
    }
}
