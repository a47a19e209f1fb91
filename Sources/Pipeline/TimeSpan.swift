/// A length of time, as pipeline files have it: `500ms`, `30s`, `5m`, `2h`, `1d`.
public struct TimeSpan: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The milliseconds; not negative.
    public let milliseconds: Int

    /// Makes a time span.
    ///
    /// - Parameter milliseconds: not negative.
    public init(milliseconds: Int) {
        precondition(milliseconds >= 0)
        self.milliseconds = milliseconds
    }

    /// The length in seconds.
    public var seconds: Double { Double(milliseconds) / 1_000 }

    private static let units: [(name: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads a time span: a whole number, then a unit; only 0 needs none.
    ///
    /// - Parameter text: such as `30s`.
    /// - Throws: `InvalidValue` for anything else, or 2^63 milliseconds and more.
    public init(parsing text: String) throws(InvalidValue) {
        let hint = "write a whole number and a unit (ms, s, m, h or d), such as 30s"
        let (digits, unit) = Quantity.split(text)
        guard !digits.isEmpty else { throw InvalidValue("it has no number", hint: hint) }
        guard let number = Int(digits) else { throw InvalidValue("the number is too large", hint: hint) }
        if unit.isEmpty, number == 0 {
            milliseconds = 0
            return
        }
        guard !unit.isEmpty else { throw InvalidValue("it has no unit", hint: hint) }
        guard let factor = Self.units.first(where: { $0.name == unit })?.milliseconds else {
            throw InvalidValue("there is no such unit as '\(unit)'", hint: hint)
        }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw InvalidValue("the number is too large", hint: hint) }
        self.milliseconds = milliseconds
    }

    /// The length in the largest unit that needs no fraction: `5m`.
    public var description: String {
        let unit = milliseconds == 0 ? nil : Self.units.first { milliseconds % $0.milliseconds == 0 }
        return "\(milliseconds / (unit?.milliseconds ?? 1))\(unit?.name ?? "s")"
    }

    /// Compares by length.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
}
