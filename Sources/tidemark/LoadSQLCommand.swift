import ArgumentParser
import Export
import Foundation
import Lake
import Pipeline
import Warehouses

extension Warehouse: ExpressibleByArgument {}

/// `tidemark load-sql PIPELINE --for WAREHOUSE`
struct LoadSQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-sql",
        abstract: "Print the SQL that makes the lake's tables in a warehouse and loads their files.",
        discussion: """
            The script has each table's DDL, with what changes a table of an earlier version, and statements that load exactly \
            the lake's live files, those of all versions of the columns. Nothing is asked of the source or of the warehouse, \
            and no secret is printed: what the warehouse must be told of its own stands in <…>.

            Types are chosen so that no digit is lost: a number without a declared precision is text where the warehouse has no \
            type that holds it. Tables of a dataset that is split are named with `_` for `/`: events_page_view.

            A script loads rows once each time that it is run. Its last line names the version of the lake to give to --since \
            the next time, for the files that are new by then. Where files were replaced since a version, by a backfill or a \
            snapshot, rows in a warehouse cannot be taken out by file: that is refused with exit code 2, and the dataset must \
            be loaded anew.
            """)

    @OptionGroup var argument: PipelineArgument

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("The warehouse.", valueName: "warehouse"))
    var warehouse: Warehouse

    @Option(help: ArgumentHelp("Only this dataset, or this table of it.", valueName: "name"))
    var dataset: String?

    @Option(help: ArgumentHelp("Only files that were added after this version of the lake.", valueName: "version"))
    var since: Int?

    @Option(help: ArgumentHelp("The schema that the tables are in: NAME, or DATABASE.NAME.", valueName: "name"))
    var schema: String?

    @Option(help: ArgumentHelp("What the tables' names begin with.", valueName: "text"))
    var tablePrefix = ""

    @Option(
        help: ArgumentHelp(
            "Where the warehouse finds the lake, if not where the pipeline writes it: gs://BUCKET/PREFIX.",
            valueName: "url"))
    var location: String?

    @Option(help: ArgumentHelp("For redshift: the folder that the manifests are written to.", valueName: "folder"))
    var manifests: String?

    @Option(
        help: ArgumentHelp("For redshift: where COPY will find the manifests, s3://BUCKET/PREFIX.", valueName: "url"))
    var manifestURL: String?

    @OptionGroup var logs: LogOptions

    func validate() throws {
        if let since, since < 0 { throw ValidationError("--since takes a version of the lake, 0 or more.") }
        if warehouse != .redshift, manifests != nil || manifestURL != nil {
            throw ValidationError(
                "--manifests and --manifest-url belong to --for redshift; the others name files themselves.")
        }
    }

    func run() throws {
        let spec = try argument.load()
        let lake = try LakeReader(of: spec, log: logs.logger)
        let listing = try FileListing(
            lake, known: spec.datasets.map(\.name), since: since, dataset: dataset)
        try refuseReplacements(listing)
        let script = LoadScript(
            warehouse: warehouse, pipeline: spec.name, location: location ?? lake.location, schema: schema,
            since: since,
            through: listing.through, manifests: manifestURL, tables: try tables(of: spec, lake.state, listing))
        let (text, manifests) = try script.write()
        try write(manifests)
        print(text, terminator: "")
        logs.logger.info("\(listing.added.count) files, through version \(listing.through)")
    }

    /// The tables that are wanted, with their files; of a range only those in which something is new.
    private func tables(
        of spec: PipelineSpec, _ state: LakeState, _ listing: FileListing
    ) throws -> [(table: LoadTable, name: String)] {
        let names = TableNames.names(of: TableNames.all(in: state), prefix: tablePrefix)
        let files = Dictionary(grouping: listing.added, by: \.dataset)
        let all = state.datasets.sorted { $0.key < $1.key }.flatMap { dataset, state in
            state.tables.sorted { $0.key < $1.key }
                .filter { self.dataset == nil || self.dataset == dataset || self.dataset == $0.key }
                .map { name, state in
                    LoadTable(
                        name: name, state: state, spec: spec.datasets.first { $0.name == dataset },
                        files: (files[name] ?? []).map {
                            LoadTable.File(key: $0.key, schema: $0.schema, rows: $0.rows, bytes: $0.bytes)
                        })
                }
        }
        guard !all.isEmpty else {
            throw ExportError(
                .configuration, operation: "write a load script of", object: "pipeline \(spec.name)",
                reason: "nothing has been exported yet", hint: "Do it with `tidemark run`.")
        }
        return all.filter { since == nil || !$0.files.isEmpty }.map { ($0, names[$0.name] ?? $0.name) }
    }

    private func refuseReplacements(_ listing: FileListing) throws {
        guard let first = listing.replaces.first else { return }
        throw ExportError(
            .configuration, operation: "write a load script of", object: "what is new since version \(since ?? 0)",
            reason:
                "\(first.removed.count) files of \(first.dataset) were replaced, and a warehouse does not know a file's rows any more",
            hint:
                "Empty its table of \(first.dataset), and load it anew with --dataset \(first.dataset), without --since."
        )
    }

    private func write(_ files: [LoadScript.Manifest]) throws {
        guard let manifests else { return }
        let folder = URL(fileURLWithPath: manifests, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for file in files {
                try Data(file.text.utf8).write(to: folder.appendingPathComponent(file.name), options: .atomic)
            }
        } catch {
            throw ExportError(
                operation: "write manifests to", object: manifests, reason: "\(error.localizedDescription)")
        }
    }
}
