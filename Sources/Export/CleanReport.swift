import Foundation

/// What `tidemark clean` removed, or would remove.
public struct CleanReport: Codable, Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The destination's location.
    public let destination: String
    /// Whether nothing was removed.
    public let isDry: Bool
    /// The lake's version; 0 for a destination without a log, in which nothing is touched.
    public var version = 0
    /// What was removed, by key.
    public var items: [Item] = []
    /// How much is nobody's, but younger than the grace.
    public var young = Total()
    /// How many files in the datasets' folders, and uploads to the destination, are not Tidemark's; they are not touched.
    public var strange = 0
    /// The names of some of them.
    public var strangeNames: [String] = []
    /// Why unfinished uploads could not be looked for; nil if they were.
    public var uploadsProblem: String?

    /// One thing that is nobody's.
    public struct Item: Codable, Hashable, Sendable {
        /// What it is.
        public let kind: Kind
        /// Its key in the destination.
        public let key: String
        /// Its size; nil for an upload, whose parts nobody counts.
        public let bytes: Int64?
        /// When it was written, or an upload begun.
        public let modified: Date
        /// Why it may go.
        public let why: String
        /// For an upload: the store's name for it.
        public var upload: String?
    }

    /// The kinds of things that are nobody's after a while.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// A data file.
        case file
        /// The result of a unit of a run that has ended.
        case result
        /// A former state.
        case checkpoint
        /// A piece of the file list that former states had.
        case fileList
        /// An upload that nobody ends.
        case upload
    }

    /// So many things of so many bytes.
    public struct Total: Codable, Hashable, Sendable {
        /// How many.
        public var count = 0
        /// Their size.
        public var bytes: Int64 = 0

        mutating func add(_ bytes: Int64?) {
            count += 1
            self.bytes += bytes ?? 0
        }
    }

    /// What was removed, by kind.
    public var totals: [Kind: Total] {
        var totals: [Kind: Total] = [:]
        for item in items { totals[item.kind, default: Total()].add(item.bytes) }
        return totals
    }

    init(pipeline: String, destination: String, isDry: Bool) {
        self.pipeline = pipeline
        self.destination = destination
        self.isDry = isDry
    }
}
