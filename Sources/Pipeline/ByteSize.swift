/// A number of bytes, as pipeline files have it: `128MiB`, `16MB`, `1048576`.
public struct ByteSize: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bytes; not negative.
    public let bytes: Int

    /// Makes a size.
    ///
    /// - Parameter bytes: not negative.
    public init(bytes: Int) {
        precondition(bytes >= 0)
        self.bytes = bytes
    }

    private static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
    ]

    /// Reads a size: a whole number, then a unit, in any case; none means bytes.
    ///
    /// - Parameter text: such as `128MiB` (1024 × 1024 bytes each) or `16MB` (1,000,000 bytes each).
    /// - Throws: `InvalidValue` for anything else, or a size of 2^63 bytes and more.
    public init(parsing text: String) throws(InvalidValue) {
        let hint = "write a whole number and a unit, such as 128MiB"
        let (digits, unit) = Quantity.split(text)
        guard !digits.isEmpty else { throw InvalidValue("it has no number", hint: hint) }
        guard let factor = unit.isEmpty ? 1 : Self.units.first(where: { $0.name.lowercased() == unit })?.bytes else {
            if ["k", "m", "g", "t"].contains(unit) {
                let letter = unit == "k" ? "k" : unit.uppercased()
                let power = unit.uppercased()
                throw InvalidValue(
                    "the unit is cut short", hint: "write \(power)iB (powers of 1024) or \(letter)B (of 1000)")
            }
            throw InvalidValue(
                "there is no such unit as '\(unit)'", hint: "the units are B, kB, KiB, MB, MiB, GB, GiB, TB, TiB")
        }
        guard let number = Int(digits) else { throw InvalidValue("the number is too large", hint: hint) }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw InvalidValue("the number is too large", hint: hint) }
        self.bytes = bytes
    }

    /// The size in the largest unit that needs no fraction, in powers of 1024 first: `16MiB`.
    public var description: String {
        let unit = bytes == 0 ? nil : Self.units.first { bytes % $0.bytes == 0 }
        return "\(bytes / (unit?.bytes ?? 1))\(unit?.name ?? "B")"
    }

    /// Compares by bytes.
    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }
}

/// A number with a unit behind it.
enum Quantity {
    /// The digits and the unit in lower case; both empty when the text does not begin with a digit.
    static func split(_ text: String) -> (digits: String, unit: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "_" }
        guard digits.first?.isNumber == true else { return ("", "") }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        return (digits.filter { $0 != "_" }, unit.lowercased())
    }
}
