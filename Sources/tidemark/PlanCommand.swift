import ArgumentParser
import Export
import Foundation
import Lake

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
        print("\ndataset \(dataset.name) from \(dataset.table), columns version \(dataset.schema.version):")
        Output.table(
            ["column", "type", "from"],
            dataset.schema.columns.map { column in
                let isRetired = dataset.retired.contains(column.name)
                return [column.name, column.type.description, isRetired ? "(not any more)" : column.origin]
            })
        print()
        Output.table(
            ["leaf", "window from", ">units", ">rows expected", ">table bytes"],
            dataset.leaves.map { leaf in
                let units = plan.units.filter { $0.dataset == dataset.name && $0.leaf == leaf.oid }
                return [
                    leaf.qualifiedName, leaf.low.map { "transaction \($0)" } ?? "the beginning",
                    Figure.count(units.count), leaf.low == nil ? "≤ \(Figure.count(leaf.rows))" : "unknown",
                    Figure.bytes(units.reduce(0) { $0 + $1.bytes }),
                ]
            })
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
