/// A path whose values went to `_extra`, and how often.
public struct StrayPath: Sendable, Hashable {
    /// The JSON Pointer (RFC 6901), its first step the document's column; ``others`` for those beyond the limit.
    public var pointer: String
    /// How many values no column is planned for.
    public var unplanned: Int64 = 0
    /// How many values did not fit their column's type.
    public var misfits: Int64 = 0
    /// How many values a `string` column took as their text, while `_extra` keeps them as they were.
    public var widened: Int64 = 0
    /// The kinds of value seen.
    public var kinds: JSONKinds = []

    /// Makes one.
    public init(
        pointer: String, unplanned: Int64 = 0, misfits: Int64 = 0, widened: Int64 = 0, kinds: JSONKinds = []
    ) {
        self.pointer = pointer
        self.unplanned = unplanned
        self.misfits = misfits
        self.widened = widened
        self.kinds = kinds
    }

    /// What stands for the paths that are not told apart any more.
    public static let others = "(other paths)"
    /// So many unplanned paths of a document column are told apart, those of objects on the way counted in.
    public static let limit = 1_000
}
