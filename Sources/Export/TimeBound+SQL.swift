import Lake
import Postgres
import Records

extension TimeBound {
    /// The condition that a row belongs to the range, as SQL on the alias `t`.
    ///
    /// Where the column has another zone than UTC its values are converted one by one, which no index serves; a coarse
    /// condition beside it does, wide enough for any zone.
    var condition: String {
        let name = "t.\(SQL.identifier(column))"
        var parts: [String] = []
        switch type {
        case "date":
            if let from { parts.append("\(name) >= '\(Self.day(Self.ceilingDay(from)))'") }
            if let to { parts.append("\(name) < '\(Self.day(Self.ceilingDay(to)))'") }
        case "timestamp" where zone != "UTC":
            let exact = "(\(name) AT TIME ZONE \(SQL.literal(zone)))"
            if let from {
                parts.append("\(exact) >= \(Self.literal(from))")
                parts.append("\(name) >= \(Self.literal(from - Self.widestZone, "timestamp"))")
            }
            if let to {
                parts.append("\(exact) < \(Self.literal(to))")
                parts.append("\(name) < \(Self.literal(to + Self.widestZone, "timestamp"))")
            }
        default:
            if let from { parts.append("\(name) >= \(Self.literal(from, type))") }
            if let to { parts.append("\(name) < \(Self.literal(to, type))") }
        }
        let range = parts.isEmpty ? "true" : parts.joined(separator: " AND ")
        return keepsNull ? "(\(range) OR \(name) IS NULL)" : range
    }

    /// The range as people read it: `created_at from 2026-11-01T00:00:00.000000Z`.
    var text: String {
        [column, from.map { "from \(TimeText.text($0))" }, to.map { "before \(TimeText.text($0))" }]
            .compactMap { $0 }.joined(separator: " ")
    }

    /// No zone lies further from UTC; in microseconds.
    private static let widestZone: Int64 = 86_400_000_000
    private static let dayLength: Int64 = 86_400_000_000

    private static func ceilingDay(_ moment: Int64) -> Int64 { -Partitioner.floorDivide(-moment, dayLength) }

    private static func day(_ days: Int64) -> String {
        let date = CivilDate(daysSince2000: days)
        return "\(Layout.padded(date.year, 4))-\(Layout.padded(date.month, 2))-\(Layout.padded(date.day, 2))"
    }

    /// A moment as SQL; one that no calendar of four digits has is an infinity.
    static func literal(_ moment: Int64, _ type: String = "timestamptz") -> String {
        guard TimeText.isRepresentable(timestamp: moment) else {
            return "'\(moment < 0 ? "-" : "")infinity'::\(type)"
        }
        return "'\(TimeText.text(moment))'::\(type)"
    }
}

extension PostgresType {
    /// The name that a ``TimeBound`` has for the type; nil for a type without moments.
    var boundName: String? {
        switch self {
        case .timestamptz: "timestamptz"
        case .timestamp: "timestamp"
        case .date: "date"
        default: nil
        }
    }
}
