import Pipeline
import Records

/// Moments, in microseconds since 2000-01-01 UTC, and the output partitions they lie in.
extension Int64 {
    private static let hour: Int64 = 3_600_000_000
    private static let day: Int64 = 24 * hour

    /// The beginning of the partition that the moment lies in.
    func floored(to unit: PartitionSpec.Unit?) -> Int64 {
        let days = Partitioner.floorDivide(self, Self.day)
        let date = CivilDate(daysSince2000: days)
        switch unit {
        case .hour: return Partitioner.floorDivide(self, Self.hour) * Self.hour
        case .month: return (days - Int64(date.day) + 1) * Self.day
        case .year: return (CivilDate(year: date.year, month: 1, day: 1)?.daysSince2000 ?? days) * Self.day
        case .day, nil: return days * Self.day
        }
    }

    /// The moment itself where a partition begins there, else the beginning of the next.
    func ceiled(to unit: PartitionSpec.Unit?) -> Int64 {
        let floor = floored(to: unit)
        return floor == self ? self : floor.next(unit)
    }

    /// The beginning of the next partition; the moment begins one.
    func next(_ unit: PartitionSpec.Unit?) -> Int64 {
        switch unit {
        case .hour: self + Self.hour
        case .month: (self + 31 * Self.day).floored(to: .month)
        case .year: (self + 366 * Self.day).floored(to: .year)
        case .day, nil: self + Self.day
        }
    }
}
