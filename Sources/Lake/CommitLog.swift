import Foundation
import ObjectStore

/// The log of a lake, read and written by one runner.
///
/// Each entry is put at head + 1 if nothing is there; who is refused reads the new entry, checks that what it wants is
/// still right, and tries the next number. An instance is used by one thread at a time.
public final class CommitLog {
    /// The state after the last entry that was read.
    public private(set) var state = LakeState()
    /// Whether the store is known to refuse a second PUT of a name; nil before it was tried.
    public private(set) var isConditional: Bool?
    /// What an earlier runner found of that, as the hint at the newest checkpoint has it. Each runner finds out for itself,
    /// since a lake may have been moved to another store.
    public private(set) var wasConditional: Bool?
    /// Called before each write, to see that this runner still holds the pipeline; it throws when not.
    public var guardWrite: @Sendable () throws -> Void = {}

    private let objects: StateObjects
    private var fileList: FileList
    private let pipeline: String

    /// Makes a log that has read nothing yet.
    ///
    /// - Parameters:
    ///   - store: the destination.
    ///   - pipeline: the pipeline that the destination must belong to.
    public init(store: any ObjectStore, pipeline: String) {
        objects = StateObjects(store: store)
        fileList = FileList(objects: objects)
        self.pipeline = pipeline
    }

    /// Reads the log up to its head.
    ///
    /// It begins at the newest checkpoint that the hint names and probes forward from there.
    ///
    /// - Throws: `StoreError`; `LakeError` when an entry is not understood or belongs to another pipeline.
    public func load() throws {
        if state.version == 0, let latest = try objects.read(Latest.self, at: Layout.latest),
            let checkpoint = try objects.read(LakeState.self, at: Layout.checkpoint(latest.checkpoint)),
            try objects.exists(Layout.entry(latest.checkpoint))
        {
            state = checkpoint
            wasConditional = latest.isConditional
        }
        while let entry = try objects.read(LogEntry.self, at: Layout.entry(state.version + 1)) {
            try state.apply(entry, number: state.version + 1)
        }
        if let owner = state.pipeline, owner != pipeline {
            throw LakeError(
                operation: "use", object: objects.store.location,
                reason: "it belongs to the pipeline \(owner), not to \(pipeline)",
                hint: "Give each pipeline a destination of its own, or set its `pipeline:` name back.")
        }
    }

    /// Appends an entry.
    ///
    /// - Parameters:
    ///   - source: the source as it is now.
    ///   - decide: what to append, given the state; called again when another runner's entry came first. It returns nil
    ///     when there is nothing to say any more, and throws when what was wanted is not right any more.
    /// - Returns: the entry's number; nil when `decide` returned nil.
    /// - Throws: `StoreError`, `LakeError`, or what `decide` or ``guardWrite`` throws.
    @discardableResult
    public func append(
        source: SourceIdentity, _ decide: (LakeState) throws -> LogEntry.Change?
    ) throws -> Int? {
        while let change = try decide(state) {
            let entry = LogEntry(time: Date(), pipeline: pipeline, source: source, change: change)
            let number = state.version + 1
            let key = Layout.entry(number)
            try guardWrite()
            switch try objects.create(entry, at: key, conditional: isConditional) {
            case .ours:
                // Applied as it will be read again: moments are rounded on the way.
                try state.apply(
                    try LakeJSON.decode(LogEntry.self, from: try LakeJSON.encode(entry), object: key), number: number)
                return number
            case .theirs(let other):
                try state.apply(other, number: number)
            }
        }
        return nil
    }

    /// Finds out, after an entry of ours was written, whether the store refuses a second PUT.
    ///
    /// The same bytes are put once more under the same name, which changes nothing where the store lets it happen.
    ///
    /// - Parameter number: an entry that this runner has just written.
    /// - Throws: `StoreError`.
    public func probeConditionalPut(entry number: Int) throws {
        guard isConditional == nil else { return }
        isConditional = try objects.refusesSecondPut(at: Layout.entry(number))
    }

    /// Writes the state after the last entry, and the hint at it, so that nobody reads the log from its beginning.
    ///
    /// - Throws: `StoreError`. The log is whole without it.
    public func writeCheckpoint() throws {
        let number = state.version
        try guardWrite()
        try fileList.settle(&state)
        try objects.replace(state, at: Layout.checkpoint(number))
        try objects.replace(
            Latest(checkpoint: number, isConditional: isConditional ?? wasConditional), at: Layout.latest)
    }

    /// All live files, in the order of the commits that added them.
    ///
    /// - Throws: `StoreError`; `LakeError` when a piece of the list is missing.
    public func liveFiles() throws -> [LiveFile] { try fileList.live(state) }

    /// Writes a run's plan.
    ///
    /// - Parameters:
    ///   - bytes: the plan as ``LakeJSON`` encodes it; its SHA-256 is in the run's `open` entry.
    ///   - run: the run's number.
    /// - Throws: `StoreError`.
    public func writePlan(_ bytes: [UInt8], run: Int) throws {
        _ = try objects.store.put(Layout.plan(run: run), bytes, .none)
    }

    /// Reads a run's plan.
    ///
    /// - Parameter run: the run.
    /// - Returns: the plan; nil when the runner that opened the run died before it wrote it.
    /// - Throws: `StoreError`; `LakeError` when the plan is not the one that the log names.
    public func plan(of run: OpenRun) throws -> RunPlan? {
        let key = Layout.plan(run: run.number)
        guard let bytes = try objects.store.get(key, range: nil) else { return nil }
        guard Checksum.sha256(bytes) == run.plan else {
            throw LakeError(
                operation: "read the plan", object: key, reason: "its checksum is not the one in the log",
                hint: "Was it changed by hand? `tidemark run` gives the run up when the plan is removed.")
        }
        return try LakeJSON.decode(RunPlan.self, from: bytes, object: key)
    }

    /// The results of a run's units, which several workers write.
    ///
    /// - Parameter run: the run's number.
    public func results(run: Int) -> UnitResults {
        UnitResults(objects: objects, run: run, isConditional: isConditional == true, guardWrite: guardWrite)
    }

    /// Reads an entry.
    ///
    /// - Parameter number: the entry's number, 1 to the lake's version.
    /// - Throws: `StoreError`; `LakeError` when it is missing or not understood.
    public func entry(_ number: Int) throws -> LogEntry {
        let key = Layout.entry(number)
        guard let entry = try objects.read(LogEntry.self, at: key) else {
            throw LakeError(
                operation: "read", object: key, reason: "it is missing, though later entries exist",
                hint: "The log must never be pruned by hand or by a lifecycle rule.")
        }
        return entry
    }

    /// Whether a step after a run's commit has been done.
    public func isDone(_ step: String, run: Int) throws -> Bool { try objects.exists(Layout.step(run: run, step)) }

    /// Says that a step after a run's commit has been done.
    public func markDone(_ step: String, run: Int) throws {
        try objects.replace(Done(step: step, time: Date()), at: Layout.step(run: run, step))
    }

    /// Writes a manifest.
    public func write(_ manifest: Manifest) throws {
        try objects.replace(manifest, at: Layout.manifest(dataset: manifest.dataset, entry: manifest.version))
    }

    /// The hint at the newest checkpoint.
    private struct Latest: Codable {
        var format = 1
        var checkpoint: Int
        /// Whether the store was seen to refuse a second PUT.
        var isConditional: Bool?
    }

    /// What says that a step is done.
    private struct Done: Codable {
        var step: String
        var time: Date
    }
}
