/// The kinds of JSON value, as a set.
public struct JSONKinds: OptionSet, Sendable, Hashable {
    /// One bit a kind.
    public let rawValue: UInt8
    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `null`.
    public static let null = JSONKinds(rawValue: 1)
    /// `true` and `false`.
    public static let bool = JSONKinds(rawValue: 2)
    /// Whole numbers that an `int64` column takes.
    public static let int = JSONKinds(rawValue: 4)
    /// Other numbers.
    public static let number = JSONKinds(rawValue: 8)
    /// Strings.
    public static let string = JSONKinds(rawValue: 16)
    /// Arrays.
    public static let array = JSONKinds(rawValue: 32)
    /// Objects.
    public static let object = JSONKinds(rawValue: 64)

    private static let allNames: [(JSONKinds, String)] = [
        (.null, "null"), (.bool, "bool"), (.int, "int"), (.number, "number"), (.string, "string"), (.array, "array"),
        (.object, "object"),
    ]

    /// The kinds' names.
    public var names: [String] { Self.allNames.filter { contains($0.0) }.map(\.1) }
}
