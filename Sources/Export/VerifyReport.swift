import Foundation
import Lake

/// What a verification found.
public struct VerifyReport: Codable, Sendable {
    /// How much was looked at.
    public enum Mode: String, Codable, Sendable {
        /// Whether each file is there, with its size.
        case quick
        /// Each file's content, and its rows against the source's.
        case full
    }

    /// What it comes to.
    public enum Verdict: String, Codable, Sendable {
        /// Nothing is wrong.
        case fine
        /// Something is missing, damaged, or not what the source has.
        case different
        /// Nothing wrong was found, but not all could be looked at.
        case incomplete
    }

    /// The pipeline's name.
    public var pipeline: String
    /// The destination's location.
    public var destination: String
    /// The lake's version that was verified.
    public var version: Int
    /// How much was looked at.
    public var mode: Mode
    /// When it was finished.
    public var checkedAt = Date()
    /// How long it took, in seconds.
    public var seconds = 0.0
    /// The datasets, by name.
    public var datasets: [Dataset]

    /// What it comes to.
    public var verdict: Verdict {
        if datasets.contains(where: { !$0.problems.isEmpty || $0.comparison?.differences.isEmpty == false }) {
            return .different
        }
        return datasets.allSatisfy(\.unchecked.isEmpty) ? .fine : .incomplete
    }

    /// The rows that the source has and the lake has not, as far as they were listed: what a repair exports.
    public var missingKeys: [MissingKey] {
        datasets.flatMap { dataset in
            (dataset.comparison?.differences ?? []).flatMap { difference in
                difference.missing.compactMap { row in
                    row.leaf.map {
                        MissingKey(dataset: dataset.name, partition: difference.partition, leaf: $0, key: row.key)
                    }
                }
            }
        }
    }

    /// A dataset's share.
    public struct Dataset: Codable, Sendable {
        /// Its name.
        public var name: String
        /// Its live files.
        public var files = 0
        /// Their rows, as the log has them.
        public var rows: Int64 = 0
        /// Their bytes, likewise.
        public var bytes: Int64 = 0
        /// What is wrong with files.
        public var problems: [FileProblem] = []
        /// The lake beside the source; nil where they were not compared.
        public var comparison: Comparison?
        /// What should have been looked at and could not be, in sentences.
        public var unchecked: [String] = []
        /// What else the operator should know.
        public var notes: [String] = []
    }

    /// A dataset's rows in the source beside those in the lake.
    public struct Comparison: Codable, Sendable {
        /// The columns of the key, in order.
        public var key: [String]
        /// The leaves that were read.
        public var leaves = 0
        /// The output partitions that were compared.
        public var partitions = 0
        /// The rows of the leaves that belong to the lake's version.
        public var rowsInSource: Int64 = 0
        /// The rows of the files that were exported from those leaves.
        public var rowsInLake: Int64 = 0
        /// What the lake holds of leaves that the source has no more.
        public var gone = Gone()
        /// The output partitions that differ.
        public var differences: [Difference] = []
    }

    /// What cannot be compared, since the source has it no more.
    public struct Gone: Codable, Sendable {
        /// The leaves' names.
        public var leaves: [String] = []
        /// Their live files, all of which were read.
        public var files = 0
        /// The rows in them.
        public var rows: Int64 = 0
    }

    /// An output partition whose rows are not the source's.
    public struct Difference: Codable, Sendable {
        /// Its folders, such as `event_date=2026-11-01`; empty for a dataset that is compared as a whole.
        public var partition: String
        /// The rows in the source.
        public var rowsInSource: Int64
        /// The rows in the lake.
        public var rowsInLake: Int64
        /// The sum of the keys' hashes in the source, in hexadecimal.
        public var sourceFingerprint: String
        /// The same for the lake.
        public var lakeFingerprint: String
        /// Rows that the source has, and the lake has not, or not as often.
        public var missing: [DifferentRow] = []
        /// Rows that the lake has, and the source has not.
        public var extra: [DifferentRow] = []
        /// Rows that the lake has more often than the source.
        public var repeated: [DifferentRow] = []
        /// Whether these are all; false when there are more than were asked for.
        public var isComplete = true
        /// Whether ``missing`` are all that are missing.
        public var hasAllMissing = true
    }

    /// A row that differs.
    public struct DifferentRow: Codable, Hashable, Sendable {
        /// The values of its key as the files have them; nil is NULL.
        public var key: [String?]
        /// How often the source has it.
        public var inSource: Int
        /// How often the lake has it.
        public var inLake: Int
        /// The oid of the leaf that the source has it in.
        public var leaf: UInt32?
        /// That leaf's name.
        public var leafName: String?
    }
}

/// What is wrong with a file of the lake.
public struct FileProblem: Codable, Hashable, Sendable {
    /// The kinds of damage.
    public enum Kind: String, Codable, Sendable {
        /// It is not there.
        case missing
        /// Its size is not the one in the log.
        case size
        /// Its bytes are not those that were written.
        case checksum
        /// It cannot be decompressed, or its rows not be read.
        case unreadable
        /// It has not the number of rows that the log says.
        case rows
    }

    /// The file's key.
    public var key: String
    /// What is wrong.
    public var kind: Kind
    /// The same in words.
    public var message: String
}

/// A row that the source has and the lake has not.
public struct MissingKey: Codable, Hashable, Sendable {
    /// The dataset's name.
    public var dataset: String
    /// The output partition that it belongs to.
    public var partition: String
    /// The oid of the leaf that holds it.
    public var leaf: UInt32
    /// The values of its key as the files would have them, which PostgreSQL reads as its column's type; nil is NULL.
    public var key: [String?]
}
