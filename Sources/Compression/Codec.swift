/// How a chunk's bytes are compressed.
public enum Codec: String, Sendable, Codable, CaseIterable {
    /// Zstandard: one frame an object, with a content checksum (RFC 8878).
    case zstd
    /// Not compressed.
    case none

    /// What a chunk's name ends in: `.zst`, or nothing.
    public var suffix: String {
        switch self {
        case .zstd: ".zst"
        case .none: ""
        }
    }
}
