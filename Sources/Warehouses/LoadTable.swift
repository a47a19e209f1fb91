import Lake
import Pipeline
import Records

/// An output table of the lake, and which of its files are loaded.
public struct LoadTable: Sendable {
    /// The table's name in the lake: `events`, `events/page_view`, `events__items`.
    public var name: String
    /// The columns at present.
    public var columns: [PlannedColumn]
    /// The values that only the path holds.
    public var partitions: [Partition]
    /// The versions of the columns, oldest first.
    public var versions: [SchemaVersion]
    /// The files, in the order of the commits that added them.
    public var files: [File]

    /// A file of the table.
    public struct File: Hashable, Sendable {
        /// The key in the destination.
        public var key: String
        /// The version of the columns that it has.
        public var schema: Int
        /// The rows in it.
        public var rows: Int64
        /// The size in bytes.
        public var bytes: Int64

        /// Describes a file.
        public init(key: String, schema: Int, rows: Int64, bytes: Int64) {
            self.key = key
            self.schema = schema
            self.rows = rows
            self.bytes = bytes
        }
    }

    /// A value that stands in the path: `event_date=2026-11-01`.
    public struct Partition: Hashable, Sendable {
        /// The folder's name, before the `=`.
        public var name: String
        /// Whether the values are days; others are text.
        public var isDay: Bool

        /// Describes a part of the path.
        public init(name: String, isDay: Bool) {
            self.name = name
            self.isDay = isDay
        }
    }

    /// Makes a table.
    public init(
        name: String, columns: [PlannedColumn], partitions: [Partition], versions: [SchemaVersion],
        files: [File]
    ) {
        self.name = name
        self.columns = columns
        self.partitions = partitions
        self.versions = versions
        self.files = files
    }

    /// Makes a table of what the log says.
    ///
    /// - Parameters:
    ///   - name: the table's name in the lake.
    ///   - state: its columns and their history.
    ///   - spec: the dataset's settings, which say what the folders of the path mean; nil for one that is there no more.
    ///   - files: the files to load.
    public init(name: String, state: TableState, spec: DatasetSpec?, files: [File]) {
        let columns = state.schema.columns
        let taken = Set(columns.map { $0.name.lowercased() })
        var partitions = (spec?.partitionBy ?? []).map { Partition(name: $0.name, isDay: $0.by == .day) }
        // Files of an older layout may have other folders.
        for file in files {
            for folder in PartitionPath.folders(of: file.key)
            where !partitions.contains(where: { $0.name == folder.name }) {
                partitions.append(Partition(name: folder.name, isDay: false))
            }
        }
        partitions.removeAll { taken.contains($0.name.lowercased()) }
        self.init(
            name: name, columns: columns, partitions: partitions, versions: state.history, files: files)
    }

    /// The columns that tables made for an earlier version do not have.
    var addedColumns: Range<Int> {
        let first = min(versions.first?.columns ?? columns.count, columns.count)
        return first..<columns.count
    }
}
