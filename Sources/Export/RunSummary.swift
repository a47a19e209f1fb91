import Lake

/// What `tidemark run` did with a pipeline.
public struct RunSummary: Codable, Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The destination's location.
    public let destination: String
    /// The lake's version now.
    public let version: Int
    /// The runs that were committed: one taken over, one of its own or several of a large load, none when nothing was new.
    public let runs: [RunReport]
    /// What holds the horizon back, so that later rows come with a later run.
    public let heldBack: Horizon.Holder?
    /// How long it took.
    public let seconds: Double

    /// Rows written in all.
    public var rows: Int64 { runs.reduce(0) { $0 + $1.rows } }
}

/// One committed run.
public struct RunReport: Codable, Sendable {
    /// The run's number.
    public let run: Int
    /// The entry that committed it: the lake's version from then on.
    public let version: Int
    /// How many attempts it took.
    public let attempt: Int
    /// The end of its windows.
    public let high: Int64
    /// What was exported, by dataset.
    public let datasets: [String: LogEntry.Counts]
    /// How many files it replaced.
    public let removed: Int
    /// What was updated and deleted in the source since the last run, by dataset, where anything was.
    public let changes: [String: LeafChanges]
    /// How long this attempt took.
    public let seconds: Double

    /// Rows written in all.
    public var rows: Int64 { datasets.values.reduce(0) { $0 + $1.rows } }

    init(_ commit: LogEntry.Commit, _ plan: RunPlan, version: Int, changes: [String: LeafChanges], seconds: Double) {
        run = commit.run
        self.version = version
        attempt = commit.attempt
        high = plan.window.high
        datasets = commit.counts
        removed = commit.removed.count
        self.changes = changes
        self.seconds = seconds
    }
}
