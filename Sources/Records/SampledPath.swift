/// A path that a sample of documents shows.
public struct SampledPath: Sendable, Hashable {
    /// The keys that lead to the value, decoded; none for a document, or an element of an array, that is no object.
    public var path: [String]
    /// In how many documents, or elements, it was seen; a key that an object repeats counts each time.
    public var count: Int64
    /// The kinds of value seen; an object that is taken apart is none, an empty one is.
    public var kinds: JSONKinds
    /// Whether there are paths below it.
    public var isBranch: Bool
    /// The paths seen in the elements of arrays here, each from the element on, when the sampler takes arrays apart and
    /// there were any; nil otherwise.
    public var items: [SampledPath]?
    /// How many elements those arrays had.
    public var elements: Int64
    /// Some values other than `null`, as their JSON text: up to three different ones, scalars and arrays of at most
    /// ``longestExample`` bytes.
    public var examples: [String]

    /// A longer value, in bytes, is no example.
    public static let longestExample = 60

    /// Makes a path.
    public init(
        path: [String], count: Int64, kinds: JSONKinds, isBranch: Bool = false, items: [SampledPath]? = nil,
        elements: Int64 = 0, examples: [String] = []
    ) {
        self.path = path
        self.count = count
        self.kinds = kinds
        self.isBranch = isBranch
        self.items = items
        self.elements = elements
        self.examples = examples
    }

    /// The type that takes all values seen as they are; nil when a column would hold next to nothing.
    ///
    /// Whole numbers in range are `int64`, with other numbers among them `number`; strings are `string`, truth values
    /// `bool`; arrays, objects that are not taken apart, and mixtures are `json`. Where only `null` was seen, or beside
    /// paths below it only empty objects, or arrays that have ``items``, it is nil.
    public var suggestedType: ColumnType? {
        var kinds = kinds.subtracting(.null)
        if isBranch { kinds.remove(.object) }
        if items != nil { kinds.remove(.array) }
        if kinds.isEmpty { return nil }
        if kinds == .int { return .int64 }
        if kinds.isSubset(of: [.int, .number]) { return .number }
        if kinds == .string { return .string }
        if kinds == .bool { return .bool }
        return .json
    }
}
