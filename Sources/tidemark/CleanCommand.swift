import ArgumentParser
import Export
import Foundation

/// `tidemark clean PIPELINE`
struct CleanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Remove from the destination what no log entry and no open run names.",
        discussion: """
            That is: data files that a killed attempt, an abandoned run or a backfill left behind, the results of units of \
            runs that have ended, former checkpoints, and uploads that were never completed. The log, plans, manifests, \
            live files and whatever belongs to an open run stay, and so does any file whose name is not one of \
            Tidemark's. A run may go on beside it.

            Runs delete what they can themselves; an occasional `tidemark clean` is for the rest. It lists the \
            destination, so on S3 it takes s3:ListBucket, s3:ListBucketMultipartUploads, s3:DeleteObject and \
            s3:AbortMultipartUpload.
            """)

    @OptionGroup var argument: PipelineArgument

    @Flag(help: "Remove nothing; print what would be removed.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "How old a thing must be to be removed, by its modification time or since a commit removed it.",
            valueName: "time"))
    var grace = "1d"

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup var logs: LogOptions

    func validate() throws {
        _ = try Arguments.span(grace, "--grace")
    }

    func run() throws {
        let spec = try argument.load()
        let clean = try Clean(of: spec, grace: try Arguments.span(grace, "--grace") ?? 0, log: logs.logger)
        let (dryRun, json) = (dryRun, json)
        let report = try clean.run(isDry: dryRun) { item in
            if !json { Self.show(item, dryRun ? "would remove" : "removed") }
        }
        if json { return try Output.json(report) }
        show(report)
    }

    private static func show(_ item: CleanReport.Item, _ verb: String) {
        let size = item.bytes.map { "\(Figure.bytes($0)), " } ?? ""
        let date = item.modified.formatted(Date.ISO8601FormatStyle())
        print("\(verb) \(item.kind.title) \(item.key) (\(size)\(date)): \(item.why)")
    }

    private func show(_ report: CleanReport) {
        if report.version == 0 {
            return print("\(report.pipeline): there is no log in \(report.destination); nothing was touched")
        }
        let totals = report.totals
        if totals.isEmpty {
            print(
                "\(report.pipeline): nothing to remove; the lake \(report.destination) is at version \(report.version)")
        } else {
            let all = totals.values.reduce(into: (count: 0, bytes: Int64(0))) {
                $0.count += $1.count
                $0.bytes += $1.bytes
            }
            let kinds = CleanReport.Kind.allCases.compactMap { kind in
                totals[kind].map { "\(Figure.count($0.count)) \(kind.title)\($0.count == 1 ? "" : "s")" }
            }
            print(
                """
                \(report.pipeline): \(dryRun ? "would remove" : "removed") \(Figure.bytes(all.bytes)) from \
                \(report.destination): \(kinds.joined(separator: ", "))
                """)
        }
        if report.young.count > 0 {
            print(
                "\(Figure.count(report.young.count)) more (\(Figure.bytes(report.young.bytes))) are younger than \(grace)"
            )
        }
        if report.strange > 0 {
            print("\(Figure.count(report.strange)) are not Tidemark's and were not touched:")
            for name in report.strangeNames.prefix(Self.strangeShown) { print("  \(name)") }
            if report.strange > Self.strangeShown { print("  and \(report.strange - Self.strangeShown) more") }
        }
        if let problem = report.uploadsProblem {
            Terminal.shared.print("warning: unfinished uploads were not looked for: \(problem)")
        }
    }

    private static let strangeShown = 10
}

extension CleanReport.Kind {
    /// The kind as people read it.
    fileprivate var title: String {
        switch self {
        case .file: "file"
        case .result: "unit result"
        case .checkpoint: "checkpoint"
        case .fileList: "file list"
        case .upload: "upload"
        }
    }
}
