import Foundation
import Lake

/// The warehouses' names of the lake's tables.
public enum TableNames {
    /// Names tables: `events/page_view` is `events_page_view`, percent-encoded bytes are decoded, and what is no letter,
    /// digit or `_` becomes `_`.
    ///
    /// - Parameters:
    ///   - tables: all tables of the lake, the oldest first: where two would have one name, the older one gets it, so
    ///     that names stay when tables come.
    ///   - prefix: what each begins with.
    /// - Returns: the names, by the tables'.
    public static func names(of tables: [String], prefix: String = "") -> [String: String] {
        // PostgreSQL's limit, the narrowest, less what temporary names need.
        var names = FittedNames(mostBytes: 50) {
            $0 == "_" || $0.properties.isAlphabetic || $0.properties.numericType != nil
        }
        var result: [String: String] = [:]
        for table in tables { result[table] = names.fit(prefix + (table.removingPercentEncoding ?? table)) }
        return result
    }

    /// All tables that the log knows, the oldest first.
    public static func all(in state: LakeState) -> [String] {
        state.datasets.values.flatMap(\.tables)
            .sorted { ($0.value.history.first?.entry ?? 0, $0.key) < ($1.value.history.first?.entry ?? 0, $1.key) }
            .map(\.key)
    }
}
