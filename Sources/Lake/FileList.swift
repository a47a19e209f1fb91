/// The list of live files: pieces in objects of their own, and what a checkpoint holds of the latest changes.
struct FileList {
    let objects: StateObjects
    /// The segments that were read, by key: they never change.
    private var known: [String: FileChanges] = [:]

    init(objects: StateObjects) { self.objects = objects }

    /// So many changes stay in the checkpoint.
    static let recentCount = 200
    /// A segment of this size stays as it is: taking it up would cost more memory than another request costs time.
    private static let largestCount = 50_000

    /// All live files.
    mutating func live(_ state: LakeState) throws -> [LiveFile] {
        var all = FileChanges()
        for segment in state.segments { all.append(try read(segment)) }
        all.append(state.recent)
        return all.added
    }

    /// Moves the latest changes into a segment when they have become many.
    ///
    /// The segment's object is written before the checkpoint that names it. Two runners may do this at once: equal ranges
    /// hold equal changes, and each checkpoint names segments that follow on one another.
    mutating func settle(_ state: inout LakeState) throws {
        guard state.recent.count > Self.recentCount else { return }
        var segments = state.segments
        var changes = state.recent
        var from = (segments.last?.through ?? 0) + 1
        // Each is at least as large as the next, so a file is written again only as often as the list has doubled.
        while let last = segments.last, last.count <= changes.count, last.count + changes.count <= Self.largestCount {
            var older = try read(last)
            older.append(changes)
            changes = older
            from = last.from
            segments.removeLast()
        }
        let segment = FileSegment(from: from, through: state.version, count: changes.count)
        try objects.replace(changes, at: segment.key)
        known = [:]
        state.segments = segments + [segment]
        state.recent = FileChanges()
    }

    private mutating func read(_ segment: FileSegment) throws -> FileChanges {
        if let changes = known[segment.key] { return changes }
        guard let changes = try objects.read(FileChanges.self, at: segment.key) else {
            throw LakeError(
                operation: "read", object: "\(objects.store.location)/\(segment.key)",
                reason: "it is missing, though the checkpoint names it",
                hint: "Checkpoints must not be pruned by hand or by a lifecycle rule; delete _tidemark/latest.json to "
                    + "have the list made anew from the log.")
        }
        known[segment.key] = changes
        return changes
    }
}
