import Lake
import Logging
import ObjectStore
import Pipeline

/// Reads what a pipeline's lake holds, for whoever loads its files.
///
/// It needs the destination only, and a few requests however long the log is: a hint, a checkpoint, the entries behind it.
public final class LakeReader {
    /// The destination's location.
    public let location: String
    private let lake: CommitLog

    /// Reads the log up to its head.
    ///
    /// - Throws: `StoreError`, `LakeError`.
    public init(of spec: PipelineSpec, log: Logger) throws {
        let store = try Destination.open(spec, log: log)
        location = store.location
        lake = CommitLog(store: store, pipeline: spec.name)
        try lake.load()
    }

    /// Reads a lake in any store.
    ///
    /// - Parameters:
    ///   - store: the destination.
    ///   - pipeline: the pipeline that it belongs to.
    public init(store: any ObjectStore, pipeline: String) throws {
        location = store.location
        lake = CommitLog(store: store, pipeline: pipeline)
        try lake.load()
    }

    /// The lake's state at its head.
    public var state: LakeState { lake.state }

    /// The number of the log's last entry.
    public var version: Int { lake.state.version }

    /// All files that make up the lake now, in the order of the commits that added them.
    public func liveFiles() throws -> [LiveFile] { try lake.liveFiles() }

    /// What was committed after an entry.
    public struct Changes: Codable, Sendable {
        /// The files that were added by commits which removed none.
        public var added: [LiveFile] = []
        /// What was written anew: who has loaded the old files takes them out for the new ones.
        public var replaces: [Replacement] = []
        /// The last entry that was read: the version to ask from next time.
        public var through: Int
    }

    /// A commit that wrote rows anew.
    public struct Replacement: Codable, Sendable {
        /// The commit's entry.
        public var version: Int
        /// The files that came.
        public var added: [LiveFile]
        /// The keys of the files that went.
        public var removed: [String]
    }

    /// Reads what was committed after an entry, one request an entry.
    ///
    /// - Parameter version: the entry that was seen last, 0 to ``version``.
    /// - Throws: `StoreError`; `LakeError`; `ExportError` when the lake has no such version yet.
    public func changes(since version: Int) throws -> Changes {
        guard (0...self.version).contains(version) else {
            throw ExportError(
                .configuration, operation: "list files since version \(version) of", object: location,
                reason: "the lake is at version \(self.version)")
        }
        var changes = Changes(through: self.version)
        for number in version..<self.version {
            guard case .commit(let commit) = try lake.entry(number + 1).change else { continue }
            let added = commit.added.map { LiveFile(version: number + 1, chunk: $0) }
            if commit.removed.isEmpty {
                changes.added += added
            } else {
                changes.replaces.append(Replacement(version: number + 1, added: added, removed: commit.removed))
            }
        }
        return changes
    }
}
