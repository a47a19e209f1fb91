/// How a chunk's bytes are compressed.
public enum Codec: String, Sendable, Codable, CaseIterable {
    /// Zstandard: one frame an object, with a content checksum (RFC 8878).
    case zstd
    /// Gzip: one member an object (RFC 1952).
    case gzip
    /// Not compressed.
    case none

    /// What a chunk's name ends in: `.zst`, `.gz`, or nothing.
    public var suffix: String {
        switch self {
        case .zstd: ".zst"
        case .gzip: ".gz"
        case .none: ""
        }
    }
}
