import Lake

/// Refuses a source that the watermarks were not taken from.
enum SourceGuard {
    /// Compares the source with what the lake's log says of it.
    ///
    /// - Parameter accept: whether the operator goes on with another one.
    /// - Returns: whether it is another one, whose transaction ids have nothing to do with the watermarks. A failover of
    ///   the same cluster whose ids went on is none.
    /// - Throws: `ExportError` when it is another cluster, database or timeline, or its transaction ids went back.
    @discardableResult
    static func check(
        _ state: LakeState, _ identity: SourceIdentity, _ horizon: Horizon, _ source: Source, accept: Bool = false
    ) throws -> Bool {
        guard let known = state.source else { return false }
        let last =
            state.datasets.values.flatMap(\.watermarks.values).filter { $0.column == nil }.map(\.high).max() ?? 0
        let reason: String
        var isOther = true
        if known.systemIdentifier != identity.systemIdentifier || known.database != identity.database {
            reason = "the lake was filled from \(known), and this is \(identity)"
        } else if horizon.window.high < last {
            reason = "the source's oldest transaction is \(horizon.window.high), below the watermark \(last)"
        } else if known.timeline != identity.timeline {
            reason =
                "the source was on timeline \(known.timeline) and is on \(identity.timeline): a failover or restore"
            isOther = false
        } else {
            return false
        }
        if accept { return isOther }
        throw ExportError(
            operation: "go on exporting from", object: source.connection.target, reason: reason,
            hint: isOther
                ? """
                The watermarks mean nothing there. `tidemark run --accept-source` exports its tables anew, in place of the files \
                of tables of the same name; or connect to the former source.
                """
                : """
                `tidemark run --accept-source` goes on from the watermarks; what the failover lost stays in the lake, and \
                `tidemark verify --full` finds it.
                """)
    }
}
