import ArgumentParser
import Export
import Foundation
import Lake
import Records

/// `tidemark plan PIPELINE`
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a run would read: window, leaves, units, rows and bytes expected; write nothing.")

    @OptionGroup var argument: PipelineArgument
    @OptionGroup var logs: LogOptions

    @Flag(help: "Print the plan as one JSON document.")
    var json = false

    func run() throws {
        let spec = try argument.load()
        let preview = try PlanPreview(of: spec, log: logs.logger)
        if json { return try Output.json(Document(preview)) }
        if let open = preview.openRun {
            print("run \(open.number) is open (\(open.holder)); `tidemark run` finishes it first")
        }
        guard let plan = preview.plan else {
            return print("\(spec.name): nothing new; no transaction has ended since the last run")
        }
        print("\(spec.name) → \(preview.destination), up to transaction \(plan.window.high)")
        for dataset in plan.datasets { show(dataset, plan) }
        if let holder = preview.heldBack {
            print(
                """
                held back by \(holder.who), open since \(holder.since) (\(Figure.seconds(holder.seconds))): \
                later rows come with a later run
                """)
        }
    }

    private func show(_ dataset: DatasetPlan, _ plan: RunPlan) {
        print("\ndataset \(dataset.name) from \(dataset.table)")
        for table in dataset.tables {
            print("\n\(table.name), columns version \(table.schema.version):")
            Output.table(
                ["column", "type", "from"],
                table.schema.columns.map { column in
                    let isRetired = table.retired.contains(column.name)
                    return [
                        column.name, column.type.description,
                        isRetired ? "(not any more)" : column.origin(in: table.items),
                    ]
                })
            for change in table.changes where table.schema.version > 1 {
                print("  \([change.column, change.change].compactMap { $0 }.joined(separator: ": ")): \(change.reason)")
            }
        }
        print()
        Output.table(
            ["leaf", "window from", ">units", ">rows expected", ">table bytes"],
            dataset.leaves.map { leaf in
                let units = plan.units.filter { $0.dataset == dataset.name && $0.leaf == leaf.oid }
                return [
                    leaf.qualifiedName, Self.beginning(of: leaf, dataset),
                    leaf.pruned == nil ? Figure.count(units.count) : "pruned",
                    dataset.mode == .transactions && leaf.low == nil || units.contains { $0.isThroughIndex }
                        ? "≤ \(Figure.count(units.reduce(0) { $0 + $1.rows }))" : "unknown",
                    Figure.bytes(units.reduce(0) { $0 + $1.bytes }),
                ]
            })
        for leaf in dataset.leaves {
            if let reason = leaf.pruned { print("  \(leaf.qualifiedName) is not read: \(reason)") }
        }
        for note in dataset.notes { print("  note: \(note)") }
    }

    /// Where a leaf's window begins, and what else its rows must satisfy.
    private static func beginning(of leaf: LeafPlan, _ dataset: DatasetPlan) -> String {
        if dataset.mode == .snapshot { return "all rows" }
        let low = leaf.low.map { dataset.mode == .column ? TimeText.text($0) : "transaction \($0)" } ?? "the beginning"
        return ([low] + leaf.bounds.map { "\($0.column) ≥ \($0.from.map(TimeText.text) ?? "any")" })
            .joined(separator: ", ")
    }

    /// The plan with what stands around it.
    private struct Document: Encodable {
        let destination: String
        let openRun: OpenRun?
        let heldBack: Horizon.Holder?
        let plan: RunPlan?

        init(_ preview: PlanPreview) {
            destination = preview.destination
            openRun = preview.openRun
            heldBack = preview.heldBack
            plan = preview.plan
        }
    }
}

extension UnitPlan {
    /// Whether a time index leads to its rows, so that their number is estimated.
    fileprivate var isThroughIndex: Bool {
        if case .times = piece { return true }
        return false
    }
}
