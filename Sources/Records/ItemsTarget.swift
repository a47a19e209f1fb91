/// An array of a document whose elements become rows of a table of their own.
public struct ItemsTarget: Sendable, Codable, Hashable {
    /// The keys that lead to the array, decoded; none for the whole document.
    public var path: [String]
    /// The index of the column, of type `int64`, that takes the number of elements.
    public var count: Int
    /// What the caller knows the array by.
    public var items: Int

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - path: the keys that lead to the array.
    ///   - count: the index of the column that takes the number of elements.
    ///   - items: what the caller knows the array by, from 0.
    public init(path: [String], count: Int, items: Int) {
        self.path = path
        self.count = count
        self.items = items
    }
}
