/// One step of a path into a JSON document.
public enum PathStep: Hashable, Sendable {
    /// A key of an object, decoded.
    case key(String)
    /// A place in an array, from 0.
    case index(Int)
    /// Every element of an array.
    case each
}

extension PathStep: ExpressibleByStringLiteral {
    /// Makes a key.
    public init(stringLiteral key: String) { self = .key(key) }
}

extension PathStep: Codable {
    /// Decodes a key from a string, a place from a number, every element from `null`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .each
        } else if let index = try? container.decode(Int.self) {
            self = .index(index)
        } else {
            self = .key(try container.decode(String.self))
        }
    }

    /// Encodes what ``init(from:)`` decodes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .key(let key): try container.encode(key)
        case .index(let index): try container.encode(index)
        case .each: try container.encodeNil()
        }
    }
}

extension PathStep: CustomStringConvertible {
    /// The step as paths are shown: `key`, `[0]`, `[*]`.
    public var description: String {
        switch self {
        case .key(let key): key
        case .index(let index): "[\(index)]"
        case .each: "[*]"
        }
    }
}

extension PathStep {
    /// The key, where it is one.
    public var key: String? {
        if case .key(let key) = self { return key }
        return nil
    }
}
