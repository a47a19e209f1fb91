import Foundation
import Lake
import Pipeline
import Postgres
import Records

/// Below which time a leaf need not be read, since all rows of its window are younger.
///
/// A run logs the end of its snapshot and when the oldest transaction then open began. Whoever has an id from there on
/// got it later, so he began at that time or later, and a time that the database sets to the transaction's start is not
/// below it. So a window's floor comes from the newest run whose snapshot ended at or below the window's low.
/// Source: FACTS on pg_stat_activity; PostgreSQL, "Date/Time Functions", `now()`.
struct Floor {
    /// The range that rows of a window lie in; nil when no floor can be had.
    let bound: TimeBound?
    /// Why there is none, for people; nil where there is one or none is asked for.
    let reason: String?
    /// Whether it only keeps out rows whose ids have been given again, which are to be counted.
    var isLenient = false

    /// A window that reaches back over so many ids may meet rows so old that their ids have been given again.
    static let wrap: Int64 = 1 << 32
    /// Younger than this no row is whose id was given 2^32 transactions ago; microseconds.
    private static let implausible: Int64 = 86_400_000_000

    /// How far a row's value may lie before its transaction's start for its type alone, in microseconds: where a column has
    /// no zone, `now()` is written in the zone of whoever writes, and zones lie up to 26 hours apart; a date is its first moment.
    private static func slack(_ type: String) -> Int64 {
        let zones: Int64 = 26 * 3_600_000_000
        return switch type {
        case "timestamp": zones
        case "date": zones + 86_400_000_000
        default: 0
        }
    }

    /// Finds the floor of a window.
    ///
    /// - Parameters:
    ///   - low: the window's beginning; nil for a leaf that is read from its beginning, which has no floor.
    ///   - prune: what the pipeline says.
    ///   - column: the column that it names.
    ///   - zone: what a `timestamp` is read in.
    ///   - marks: what earlier runs saw.
    ///   - horizon: what is seen now.
    init(
        low: Int64?, prune: PruneSpec?, column: ColumnInfo?, zone: String, marks: [HorizonMark], horizon: Horizon
    ) {
        guard let prune, let column, let type = column.type.boundName, let low else {
            bound = nil
            reason = nil
            return
        }
        func floor(at moment: Int64) -> TimeBound {
            TimeBound(
                column: column.name, type: type, zone: zone, from: moment, to: nil, keepsNull: !column.notNull)
        }
        let lookback = Int64(prune.lookback.milliseconds) * 1_000 + Self.slack(type)
        let earlier = marks.filter { $0.next <= low }
        if prune.clientTime {
            bound = earlier.last.map { floor(at: $0.taken - lookback) }
            reason = earlier.isEmpty ? "no earlier run ended before this window begins" : nil
        } else if let mark = earlier.last(where: { $0.oldest != nil }), let oldest = mark.oldest {
            bound = floor(at: oldest - lookback)
            reason = nil
        } else if horizon.window.next >= Self.wrap, let mark = earlier.last {
            // Ids have been given again: a row this old only looks new.
            isLenient = true
            bound = floor(at: mark.taken - lookback - Self.implausible)
            reason = nil
        } else {
            bound = nil
            reason = horizon.withoutFloor ?? "no earlier run ended before this window begins and knew who was writing"
        }
    }
}
