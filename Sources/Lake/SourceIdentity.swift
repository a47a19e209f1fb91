/// Which database a lake was filled from.
public struct SourceIdentity: Codable, Hashable, Sendable, CustomStringConvertible {
    /// The cluster's identifier (`pg_control_system`), the same on all its standbys.
    public var systemIdentifier: String
    /// The database's name.
    public var database: String
    /// The cluster's timeline, which a failover raises.
    public var timeline: Int

    /// Names a source.
    public init(systemIdentifier: String, database: String, timeline: Int) {
        self.systemIdentifier = systemIdentifier
        self.database = database
        self.timeline = timeline
    }

    /// The identity as messages have it.
    public var description: String { "database \(database) of cluster \(systemIdentifier), timeline \(timeline)" }
}
