/// How an incremental dataset tells what is new.
public struct CursorSpec: Hashable, Sendable {
    /// What rows go by.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// The transaction that wrote a row: exact, for tables.
        case transaction
        /// A time column: for views, queries and foreign tables.
        case column
    }

    /// What rows go by.
    public var mode: Mode
    /// The time column, in mode `column`.
    public var column: String?
    /// How long a moment must be past before its rows are read.
    public var settle: TimeSpan

    /// 5 minutes.
    public static let defaultSettle = TimeSpan(milliseconds: 300_000)

    /// Makes a cursor.
    public init(mode: Mode = .transaction, column: String? = nil, settle: TimeSpan = defaultSettle) {
        self.mode = mode
        self.column = column
        self.settle = settle
    }
}

extension CursorSpec {
    init(reading map: Mapping) {
        self.init(
            mode: map.value("mode", Parse.choice()) ?? .transaction, column: map.value("column", Parse.name),
            settle: map.value("settle", Parse.span(PruneSpec.spans)) ?? Self.defaultSettle)
        if mode == .column, column == nil {
            map.document.report(
                "the cursor goes by a column, but names none", at: map.place,
                hint: "add `column: NAME`, a time that grows with each new row")
        }
        if mode == .transaction, map.has("column") || map.has("settle") {
            map.document.report(
                "'column' and 'settle' belong to a cursor that goes by a column", at: map.place,
                hint: "add `mode: column`, or remove them; a time column that saves reading old data goes to 'prune'")
        }
        map.finish()
    }
}

/// A time column by which old data need not be read.
public struct PruneSpec: Hashable, Sendable {
    /// The column; the database itself sets it.
    public var column: String
    /// How far a row's time may lie before its transaction's start.
    public var lookback: TimeSpan
    /// Whether clients set the column, so that rows later than ``lookback`` are missed.
    public var clientTime: Bool

    /// One hour.
    public static let defaultLookback = TimeSpan(milliseconds: 3_600_000)
    static let spans = TimeSpan(milliseconds: 0)...TimeSpan(milliseconds: 3_650 * 86_400_000)

    /// Makes a pruning.
    public init(column: String, lookback: TimeSpan = defaultLookback, clientTime: Bool = false) {
        self.column = column
        self.lookback = lookback
        self.clientTime = clientTime
    }
}

extension PruneSpec {
    init(reading map: Mapping) {
        map.require("column", hint: "name a time column that the database sets, as in {column: created_at}")
        self.init(
            column: map.value("column", Parse.name) ?? "",
            lookback: map.value("lookback", Parse.span(Self.spans)) ?? Self.defaultLookback,
            clientTime: map.value("client_time", Parse.bool) ?? false)
        map.finish()
    }
}

/// What a dataset's first load takes of what is there already.
public enum InitialSpec: Hashable, Sendable {
    /// Everything.
    case all
    /// Nothing: only what comes from now on.
    case none
    /// Rows from a moment on.
    ///
    /// - Parameters:
    ///   - column: the time column that is looked at; nil for the first that the files are partitioned by.
    ///   - from: microseconds since 2000-01-01 UTC.
    case from(column: String?, from: Int64)
}
