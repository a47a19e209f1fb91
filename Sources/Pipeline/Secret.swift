/// A text that no message, dump or log shows.
///
/// There is no way to it but `value`, so that each use can be found by searching for that.
public struct Secret: Hashable, Sendable, ExpressibleByStringLiteral {
    /// The text itself: only for who connects or signs with it.
    public let value: String

    /// Makes a secret.
    public init(_ value: String) {
        self.value = value
    }

    /// Makes a secret of a literal.
    public init(stringLiteral value: String) {
        self.value = value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `(secret)`.
    public var description: String { "(secret)" }

    /// Always `(secret)`.
    public var debugDescription: String { "(secret)" }

    /// A mirror without children, so that `dump` has nothing to show.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
