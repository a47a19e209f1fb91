/// The elements of an array's binary field, in storage order: the last dimension runs fastest.
///
/// Like CopyReader it is gone through by `next()` and `element`, without any allocation. Lower bounds are passed over.
/// Source: `array_send` in arrayfuncs.c.
public struct ArrayField: ~Escapable {
    /// The element type's `pg_type.oid`.
    public let elementOID: UInt32
    /// The number of dimensions, 0…6; an empty array has none.
    public let dimensionCount: Int
    /// The number of elements in all dimensions together.
    public let count: Int

    private let field: RawSpan
    private var index = 0
    private var start = 0
    private var length = -1
    private var offset: Int

    /// Reads the head of an array.
    /// - Throws: PostgresError if the field is malformed.
    @_lifetime(copy field)
    public init(_ field: RawSpan) throws(PostgresError) {
        guard field.byteCount >= 12 else { throw Field.malformed("array", field) }
        let dimensions = unsafe Int(Int32(bigEndian: field.unsafeLoadUnaligned(as: Int32.self)))
        // MAXDIM is 6.
        guard (0...6).contains(dimensions), field.byteCount >= 12 + 8 * dimensions else {
            throw Field.malformed("array", field)
        }
        var count = dimensions == 0 ? 0 : 1
        for dimension in 0..<dimensions {
            let length = unsafe Int(
                Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 12 + 8 * dimension, as: Int32.self)))
            // Each element takes four bytes at least, which bounds the product.
            guard length >= 0, length <= field.byteCount, count * length <= field.byteCount / 4 else {
                throw Field.malformed("array", field)
            }
            count *= length
        }
        elementOID = unsafe UInt32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self))
        dimensionCount = dimensions
        self.count = count
        self.field = field
        offset = 12 + 8 * dimensions
    }

    /// The length of a dimension.
    /// - Parameter dimension: 0 ..< `dimensionCount`, the outermost first.
    public func length(_ dimension: Int) -> Int {
        precondition(dimension >= 0 && dimension < dimensionCount, "The array has no such dimension.")
        return unsafe Int(
            Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: 12 + 8 * dimension, as: Int32.self)))
    }

    /// All dimensions' lengths, the outermost first.
    public var dimensions: [Int] { (0..<dimensionCount).map { length($0) } }

    /// Goes to the next element.
    /// - Returns: false after the last.
    /// - Throws: PostgresError if the field is malformed.
    @_lifetime(self: copy self)
    public mutating func next() throws(PostgresError) -> Bool {
        length = -1
        guard index < count else {
            guard offset == field.byteCount else { throw Field.malformed("array", field) }
            return false
        }
        guard field.byteCount - offset >= 4 else { throw Field.malformed("array", field) }
        length = unsafe Int(Int32(bigEndian: field.unsafeLoadUnaligned(fromByteOffset: offset, as: Int32.self)))
        offset += 4
        start = offset
        index += 1
        if length >= 0 {
            guard field.byteCount - offset >= length else { throw Field.malformed("array", field) }
            offset += length
        } else if length != -1 {
            throw Field.malformed("array", field)
        }
        return true
    }

    /// The present element's binary field; nil is NULL, also before the first and after the last.
    public var element: RawSpan? {
        @_lifetime(copy self)
        get {
            guard length >= 0 else { return nil }
            return field.extracting(start..<start + length)
        }
    }
}
