import Foundation
import Lake

/// What is known of one leaf before it is dropped: whether every row of it is in the lake.
public struct VerifyCertificate: Codable, Sendable {
    /// The pipeline's name.
    public var pipeline: String
    /// The dataset's name.
    public var dataset: String
    /// The destination's location.
    public var destination: String
    /// The lake's version.
    public var version: Int
    /// The source.
    public var source: SourceIdentity
    /// The leaf's name.
    public var leaf: String
    /// Its oid.
    public var oid: UInt32
    /// The table that it is a partition of; nil for one that is detached, or a plain table.
    public var parent: String?
    /// The end of its last committed window; nil when it was never exported.
    public var watermark: Int64?
    /// The columns of the key.
    public var key: [String] = []
    /// The rows visible in it.
    public var rowsInSource: Int64 = 0
    /// Of those, the rows that the pipeline leaves out on purpose: by `where` or `initial`.
    public var leftOut: Int64 = 0
    /// Of those, the rows that landed after the last run.
    public var newer: Int64 = 0
    /// The rows of the live files that were exported from it.
    public var rowsInLake: Int64 = 0
    /// Those files.
    public var files = 0
    /// The sum of the keys' hashes in the source, of the rows that should be in the lake, in hexadecimal.
    public var sourceFingerprint = ""
    /// The same for the lake.
    public var lakeFingerprint = ""
    /// Why it must not be dropped, in sentences; none when it may.
    public var reasons: [String] = []
    /// What else the operator should know.
    public var notes: [String] = []
    /// What is wrong with files.
    public var problems: [FileProblem] = []
    /// Where source and lake differ.
    public var difference: VerifyReport.Difference?
    /// When the leaf was read.
    public var checkedAt = Date()

    /// Whether every row that should be in the lake is there.
    public var isSafe: Bool { reasons.isEmpty }
    /// The same in words.
    public var verdict: String { isSafe ? "safe to drop" : "not safe to drop" }
}
