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
    /// Whole numbers that fit 64 bits.
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

    /// The kind of a value, by its text.
    @inline(__always)
    static func of(_ value: UnsafeBufferPointer<UInt8>) -> JSONKinds {
        guard let first = unsafe value.first else { return [] }
        switch first {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: return unsafe NumberText.int64(value) == nil ? .number : .int
        }
    }
}

/// A path whose values went to `_extra`, and how often.
public struct StrayPath: Sendable, Hashable {
    /// The JSON Pointer, its first step the document's column; ``others`` for those beyond the limit.
    public var pointer: String
    /// How many values no column is planned for.
    public var unplanned: Int64 = 0
    /// How many values did not fit their column's type.
    public var misfits: Int64 = 0
    /// The kinds of value seen.
    public var kinds: JSONKinds = []

    /// What stands for the paths that are not told apart any more.
    public static let others = "(other paths)"
    /// So many paths of a document are told apart.
    public static let limit = 1_000
}
