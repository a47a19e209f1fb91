/// What of a document nobody may see, and what stands in its place.
public struct RedactionRule: Codable, Hashable, Sendable {
    /// What is done with a value. `null` stays `null` unless it is excluded.
    public enum Action: Codable, Hashable, Sendable {
        /// A member is taken out with its key; an element of an array, or a whole document, becomes `null`, so that the
        /// places of the elements behind it stay.
        case exclude
        /// The value becomes the 64 hexadecimal digits of an HMAC-SHA-256 (RFC 2104): of a string over its UTF-8, so that
        /// it equals that of the same text in a text column; of other values over their JSON text without white space
        /// between tokens.
        case hash
        /// Each Unicode scalar but the last ones of a string, a number or a truth value becomes `*`; all of them when
        /// there are no more than are kept. Objects and arrays become `***`.
        case mask(keep: Int)
    }

    /// The steps that lead to the values; none for the whole document.
    public var path: [PathStep]
    /// What is done with them.
    public var action: Action

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - path: the steps that lead to the values.
    ///   - action: what is done with them; a mask keeps 0 scalars or more.
    public init(path: [PathStep], action: Action) {
        self.path = path
        self.action = action
    }
}
