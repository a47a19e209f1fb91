import ArgumentParser
import Export
import Foundation
import Pipeline

/// `tidemark verify PIPELINE`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare the lake with its log, and with --full with the source.",
        discussion: """
            Without options it looks whether each live file is there, with the size that the log has. With --full it reads \
            all of them: their checksums, their rows, and whether their keys are those of the source, output partition by \
            output partition. With --partition it proves, or not, that every row of one partition of the source is in the \
            lake, so that it can be dropped. Nothing is written, but with --repair, which exports what is missing.

            Exit codes: 0 nothing is wrong (with --partition: safe to drop); 3 something differs (not safe); 1 it could not \
            be verified, or not all of it.
            """)

    @OptionGroup var argument: PipelineArgument

    @Flag(help: "Read all files, and compare their rows with the source's.")
    var full = false

    @Flag(help: "Verify in full, then export the rows that are missing, in a run of its own.")
    var repair = false

    @Option(help: ArgumentHelp("Prove that a partition of the source may be dropped.", valueName: "leaf"))
    var partition: String?

    @Option(help: ArgumentHelp("Only this dataset.", valueName: "name"))
    var dataset: String?

    @Option(help: "How many differing rows of each kind are listed for an output partition, 0 to 100000.")
    var limit = 20

    @Flag(help: "Print one JSON document.")
    var json = false

    @OptionGroup var logs: LogOptions

    func validate() throws {
        guard (0...100_000).contains(limit) else { throw ValidationError("--limit \(limit): write 0 to 100000.") }
        if repair, partition != nil {
            throw ValidationError("--repair looks at all of a dataset: leave --partition away.")
        }
    }

    func run() throws {
        let spec = try argument.load()
        Signals.catchAll()
        if repair { return try mend(spec) }
        let verifier = try Verifier(spec: spec, log: logs.logger, interruption: Signals.interruption)
        let most = VerifyLimit(perPartition: limit, total: max(limit, 10_000))
        if let partition {
            let certificates = try verifier.certify(leaf: partition, dataset: dataset, limit: most)
            if json { try Output.json(certificates.map(CertificateDocument.init)) }
            if !json { for certificate in certificates { CertificateText.print(certificate) } }
            if !certificates.allSatisfy(\.isSafe) { throw ExitCode(Failure.difference) }
            return
        }
        let report = full ? try verifier.full(dataset: dataset, limit: most) : try verifier.quick(dataset: dataset)
        if json { try Output.json(ReportDocument(report)) } else { ReportText.print(report) }
        switch report.verdict {
        case .fine: break
        case .different: throw ExitCode(Failure.difference)
        case .incomplete: throw ExitCode(1)
        }
    }

    private func mend(_ spec: PipelineSpec) throws {
        let progress = RunProgress()
        let display = ProgressDisplay(progress, pipeline: spec.name, log: logs.logger)
        defer { display.finish() }
        let outcome = try Repair(
            spec: spec, log: logs.logger, progress: progress, interruption: Signals.interruption
        ).run(dataset: dataset)
        display.finish()
        if json {
            try Output.json(outcome)
        } else {
            ReportText.print(outcome.found)
            RunText.print(outcome.summary, empty: "nothing to repair")
            if outcome.leftOver {
                print("what is left is not mended by exporting rows: `tidemark backfill` writes output partitions anew")
            }
        }
        if outcome.leftOver { throw ExitCode(Failure.difference) }
        if outcome.found.verdict == .incomplete { throw ExitCode(1) }
    }

    /// A report with what it comes to.
    private struct ReportDocument: Encodable {
        let report: VerifyReport

        init(_ report: VerifyReport) { self.report = report }

        private enum Keys: String, CodingKey { case verdict }

        func encode(to encoder: any Encoder) throws {
            try report.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(report.verdict, forKey: .verdict)
        }
    }

    /// A certificate with what it comes to.
    private struct CertificateDocument: Encodable {
        let certificate: VerifyCertificate

        init(_ certificate: VerifyCertificate) { self.certificate = certificate }

        private enum Keys: String, CodingKey { case isSafe, verdict }

        func encode(to encoder: any Encoder) throws {
            try certificate.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(certificate.isSafe, forKey: .isSafe)
            try container.encode(certificate.verdict, forKey: .verdict)
        }
    }
}

/// A verification's report as a person reads it.
private enum ReportText {
    static func print(_ report: VerifyReport) {
        Output.table(
            ["dataset", ">files", ">bytes", ">rows in the lake", ">rows in the source", "verdict"],
            report.datasets.map { dataset in
                [
                    dataset.name, Figure.count(dataset.files), Figure.bytes(dataset.bytes), Figure.count(dataset.rows),
                    dataset.comparison.map { Figure.count($0.rowsInSource) } ?? "not read", verdict(dataset),
                ]
            })
        for dataset in report.datasets { details(dataset) }
        let what = report.mode == .full ? "read" : "looked up"
        let files = report.datasets.reduce(0) { $0 + $1.files }
        Swift.print(
            """

            \(report.pipeline): \(Figure.count(files)) files of \(report.destination) \(what) in \
            \(Figure.seconds(report.seconds)), version \(report.version): \(verdict(report.verdict))
            """)
    }

    private static func verdict(_ verdict: VerifyReport.Verdict) -> String {
        switch verdict {
        case .fine: "nothing is wrong"
        case .different: "there are differences"
        case .incomplete: "not all could be verified"
        }
    }

    private static func verdict(_ dataset: VerifyReport.Dataset) -> String {
        let differences = dataset.comparison?.differences.count ?? 0
        if !dataset.problems.isEmpty || differences > 0 { return "different" }
        return dataset.unchecked.isEmpty ? "fine" : "not verified"
    }

    private static func details(_ dataset: VerifyReport.Dataset) {
        for line in dataset.notes { Swift.print("\n\(dataset.name): \(line)") }
        for line in dataset.unchecked { Swift.print("\n\(dataset.name): \(line)") }
        if let gone = dataset.comparison?.gone, gone.files > 0 {
            Swift.print(
                """

                \(dataset.name): \(Figure.count(gone.files)) files with \(Figure.count(gone.rows)) rows were read and not \
                compared, since the table has their leaves no more: \(gone.leaves.joined(separator: ", "))
                """)
        }
        if !dataset.problems.isEmpty { Swift.print() }
        for problem in dataset.problems { Swift.print("\(problem.key): \(problem.message)") }
        let key = dataset.comparison?.key ?? []
        for difference in dataset.comparison?.differences ?? [] {
            let name = difference.partition.isEmpty ? dataset.name : "\(dataset.name)/\(difference.partition)"
            Swift.print(
                """

                \(name): the source has \(Figure.count(difference.rowsInSource)) rows, the lake \
                \(Figure.count(difference.rowsInLake)); fingerprints \(difference.sourceFingerprint) and \
                \(difference.lakeFingerprint)
                """)
            DifferenceText.print(difference, key: key)
        }
    }
}

/// The rows that differ, one a line.
private enum DifferenceText {
    static func print(_ difference: VerifyReport.Difference, key: [String]) {
        for (kind, rows) in [
            ("missing", difference.missing), ("extra", difference.extra), ("repeated", difference.repeated),
        ] {
            for row in rows {
                let values = zip(key, row.key).map { "\($0)=\($1 ?? "NULL")" }.joined(separator: " ")
                let counts =
                    row.inSource + row.inLake > 1 ? ", \(row.inSource) in the source and \(row.inLake) in the lake" : ""
                Swift.print("  \(kind): \(values)\(row.leafName.map { " in \($0)" } ?? "")\(counts)")
            }
        }
        if !difference.isComplete { Swift.print("  and more; `--limit N` lists more") }
    }
}

/// A certificate as a person reads it, and files it.
private enum CertificateText {
    static func print(_ certificate: VerifyCertificate) {
        let state = certificate.parent.map { "a partition of \($0)" } ?? "no partition of a table"
        let lines: [(String, String)] = [
            ("pipeline", "\(certificate.pipeline), dataset \(certificate.dataset)"),
            ("lake", "\(certificate.destination), version \(certificate.version)"),
            ("source", "\(certificate.source)"),
            ("leaf", "\(certificate.leaf), oid \(certificate.oid), \(state)"),
            ("watermark", certificate.watermark.map { "transaction \($0)" } ?? "none"),
            ("key", certificate.key.joined(separator: ", ")),
            ("rows in source", Figure.count(certificate.rowsInSource)),
            ("of these newer", Figure.count(certificate.newer)),
            ("of these left out", Figure.count(certificate.leftOut)),
            ("rows in lake", "\(Figure.count(certificate.rowsInLake)) in \(Figure.count(certificate.files)) files"),
            ("fingerprints", "\(certificate.sourceFingerprint) in the source"),
            ("", "\(certificate.lakeFingerprint) in the lake"),
            ("checked", certificate.checkedAt.formatted(Date.ISO8601FormatStyle())),
            ("verdict", certificate.verdict.uppercased()),
        ]
        let width = lines.map(\.0.count).max() ?? 0
        for (title, value) in lines {
            Swift.print(title + String(repeating: " ", count: width - title.count + 2) + value)
        }
        for reason in certificate.reasons { Swift.print("\n\(reason)") }
        for note in certificate.notes { Swift.print("\n\(note)") }
        if !certificate.problems.isEmpty { Swift.print() }
        for problem in certificate.problems { Swift.print("\(problem.key): \(problem.message)") }
        if let difference = certificate.difference {
            Swift.print()
            DifferenceText.print(difference, key: certificate.key)
        }
        Swift.print()
    }
}
