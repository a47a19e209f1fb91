import Lake

/// Refuses a source that the watermarks were not taken from.
enum SourceGuard {
    /// Compares the source with what the lake's log says of it.
    ///
    /// - Throws: `ExportError` when it is another cluster, database or timeline, or its transaction ids went back.
    static func check(
        _ state: LakeState, _ identity: SourceIdentity, _ horizon: Horizon, _ source: Source
    ) throws {
        guard let known = state.source else { return }
        let last = state.datasets.values.flatMap(\.watermarks.values).map(\.high).max() ?? 0
        let reason: String
        if known.systemIdentifier != identity.systemIdentifier || known.database != identity.database {
            reason = "the lake was filled from \(known), and this is \(identity)"
        } else if known.timeline != identity.timeline {
            reason =
                "the source was on timeline \(known.timeline) and is on \(identity.timeline): a failover or restore"
        } else if horizon.window.high < last {
            reason = "the source's oldest transaction is \(horizon.window.high), below the watermark \(last)"
        } else {
            return
        }
        throw ExportError(
            operation: "go on exporting from", object: source.connection.target, reason: reason,
            hint: "The watermarks mean nothing there. Export to a new destination, or connect to the former source.")
    }
}
