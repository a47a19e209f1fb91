import Export
import Lake

/// A run's summary as a person reads it.
enum RunText {
    /// So many paths of what went to `_extra` are named.
    private static let straysShown = 10
    /// So many of the datasets that are made of one are named.
    private static let tablesShown = 40

    /// Prints what was committed.
    ///
    /// - Parameter empty: what is said when there was nothing to do.
    static func print(_ summary: RunSummary, empty: String = "nothing new") {
        let runs = summary.runs.filter { $0.rows > 0 || $0.removed > 0 }
        switch runs.count {
        case 0:
            Swift.print(
                "\(summary.pipeline): \(empty); the lake \(summary.destination) is at version \(summary.version)")
        case 1: one(runs[0], summary)
        default: several(runs, summary)
        }
        var counts: [String: LogEntry.Counts] = [:]
        for (name, more) in runs.flatMap(\.datasets) {
            counts[name] = counts[name].map { $0.adding(more) } ?? more
        }
        for (name, counts) in counts.sorted(by: { $0.key < $1.key }) { remarks(on: name, counts) }
        for (name, changes) in summary.runs.flatMap({ $0.changes.sorted { $0.key < $1.key } }) {
            Swift.print(
                """
                \(name): since the last run \(Figure.count(changes.updated)) rows were updated and \
                \(Figure.count(changes.deleted)) deleted in the source; an updated row is exported again, a deleted one stays
                """)
        }
        if let holder = summary.heldBack {
            Swift.print(
                """
                rows newer than the oldest open transaction come with a later run: \(holder.who), open since \
                \(holder.since) (\(Figure.seconds(holder.seconds)))
                """)
        }
    }

    private static func one(_ run: RunReport, _ summary: RunSummary) {
        Swift.print(
            """
            \(summary.pipeline): run \(run.run) committed \(Figure.count(run.rows)) rows in \
            \(Figure.seconds(run.seconds))\(run.attempt > 1 ? ", at attempt \(run.attempt)" : "")\
            \(run.removed > 0 ? ", in place of \(Figure.count(run.removed)) files" : ""); \
            the lake \(summary.destination) is at version \(summary.version)
            """)
        Output.table(
            ["dataset", ">rows", ">files", ">bytes", ">rows/s", ">to _extra"],
            run.datasets.sorted { $0.key < $1.key }.map { name, counts in
                [
                    name, Figure.count(counts.rows), Figure.count(counts.chunks), Figure.bytes(counts.bytes),
                    Figure.count(Int(Double(counts.rows) / max(run.seconds, 0.001))), Figure.count(counts.strayed),
                ]
            })
    }

    private static func several(_ runs: [RunReport], _ summary: RunSummary) {
        let removed = runs.reduce(0) { $0 + $1.removed }
        Swift.print(
            """
            \(summary.pipeline): \(runs.count) runs committed \(Figure.count(summary.rows)) rows in \
            \(Figure.seconds(summary.seconds))\(removed > 0 ? ", in place of \(Figure.count(removed)) files" : ""); \
            the lake \(summary.destination) is at version \(summary.version)
            """)
        Output.table(
            [">run", ">attempt", "dataset", ">rows", ">files", ">bytes", ">in place of", ">to _extra"],
            runs.flatMap { run in
                run.datasets.sorted { $0.key < $1.key }.map { name, counts in
                    [
                        "\(run.run)", "\(run.attempt)", name, Figure.count(counts.rows), Figure.count(counts.chunks),
                        Figure.bytes(counts.bytes), Figure.count(run.removed), Figure.count(counts.strayed),
                    ]
                }
            })
    }

    /// What somebody should know of a dataset's rows besides their number.
    private static func remarks(on dataset: String, _ counts: LogEntry.Counts) {
        if !counts.tables.isEmpty { tables(counts.tables) }
        // A key that is null where objects are expected stays in _extra, and is nobody's concern.
        let strays = counts.strays.filter { $0.unplanned + $0.misfits > 0 && $0.kinds != ["null"] }
        if !strays.isEmpty { self.strays(strays) }
        if counts.refused > 0 {
            Swift.print(
                """
                  \(dataset): \(Figure.count(counts.refused)) rows look new, since transaction ids have wrapped around, and \
                are too old for it: they were not exported. `tidemark verify --full` tells whether the lake has them
                """)
        }
        if let unplaced = counts.unplaced, unplaced.nulls + unplaced.infinite > 0 {
            Swift.print(
                """
                  \(dataset): \(Figure.count(unplaced.nulls)) rows have no time and \(Figure.count(unplaced.infinite)) an \
                infinite one in the cursor's column; they are never exported
                """)
        }
    }

    /// What went to the datasets that are made of one.
    private static func tables(_ counts: [String: LogEntry.Counts.Table]) {
        let sorted = counts.sorted { ($1.value.rows, $0.key) < ($0.value.rows, $1.key) }
        Output.table(
            ["made of it", ">rows", ">files", ">bytes"],
            sorted.prefix(tablesShown).map { name, counts in
                [name, Figure.count(counts.rows), Figure.count(counts.chunks), Figure.bytes(counts.bytes)]
            })
        if sorted.count > tablesShown { Swift.print("  and \(sorted.count - tablesShown) other datasets") }
    }

    private static func strays(_ strays: [StrayCount]) {
        let sorted = strays.sorted { ($1.unplanned + $1.misfits, $0.pointer) < ($0.unplanned + $0.misfits, $1.pointer) }
        for stray in sorted.prefix(straysShown) {
            let why = [
                stray.unplanned > 0 ? "\(Figure.count(stray.unplanned)) without a column" : nil,
                stray.misfits > 0 ? "\(Figure.count(stray.misfits)) that did not fit it" : nil,
            ].compactMap { $0 }.joined(separator: ", ")
            Swift.print("  \(stray.table) \(stray.pointer): \(why) (\(stray.kinds.joined(separator: ", ")))")
        }
        if sorted.count > straysShown { Swift.print("  and \(sorted.count - straysShown) other paths") }
    }
}

extension LogEntry.Counts {
    /// The values that no column took.
    fileprivate var strayed: Int64 { strays.reduce(0) { $0 + $1.unplanned + $1.misfits } }

    /// The counts of two runs.
    fileprivate func adding(_ more: LogEntry.Counts) -> LogEntry.Counts {
        LogEntry.Counts(
            rows: rows + more.rows, chunks: chunks + more.chunks, bytes: bytes + more.bytes,
            strays: StrayCount.sum(strays + more.strays), tables: tables.merging(more.tables, uniquingKeysWith: +),
            unplaced: more.unplaced ?? unplaced,
            refused: refused + more.refused)
    }
}
