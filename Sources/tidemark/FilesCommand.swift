import ArgumentParser
import Export
import Foundation

/// `tidemark files PIPELINE`
struct FilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Print the lake's files, or those that are new since a version.",
        discussion: """
            Only committed files are printed, a run's all together; nothing is asked of the source. The formats:

            paths     One address a line: s3://BUCKET/PREFIX/KEY, or the path in a folder.
            json      One document: `added`, with rows, bytes, SHA-256, partition values and schema version of each file; \
            `replaces`, for each dataset of which rows were written anew the files `removed` and those `added` for them; \
            `through`, the version to give to --since the next time.
            redshift  A manifest for COPY … MANIFEST, of one dataset.
            symlink   Manifests of one dataset for Athena, Trino and Hive (SymlinkTextInputFormat), written to the folder \
            that --output names: <partition folders>/manifest, one address a line. Copy the folder to where the table's \
            LOCATION is, for one with `aws s3 sync --delete`.

            A list of addresses cannot say that files replace others. So paths and redshift refuse, with exit code 2, a \
            range in which a backfill or a snapshot replaced files: take json, or load the dataset anew.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case paths, json, redshift, symlink
    }

    @OptionGroup var argument: PipelineArgument

    @Option(help: "Only what was committed after this version of the lake, 0 for all of its history.")
    var since: Int?

    @Option(help: "Only this dataset's files.")
    var dataset: String?

    @Option(help: "paths, json, redshift or symlink.")
    var format = Format.paths

    @Option(help: ArgumentHelp("For symlink: the folder that the manifests are written to.", valueName: "folder"))
    var output: String?

    @OptionGroup var logs: LogOptions

    func validate() throws {
        if let since, since < 0 { throw ValidationError("--since takes a version of the lake, 0 or more.") }
        switch (format, output) {
        case (.symlink, nil): throw ValidationError("--format symlink writes files: name a folder with --output.")
        case (.symlink, _) where since != nil:
            throw ValidationError("--format symlink writes whole datasets: leave --since out.")
        case (.symlink, _), (_, nil): break
        default: throw ValidationError("--output belongs to --format symlink; the others print.")
        }
    }

    func run() throws {
        let spec = try argument.load()
        let listing = try FileListing(of: spec, since: since, dataset: dataset, log: logs.logger)
        switch format {
        case .json: try Output.json(listing)
        case .paths: print(try listing.paths(), terminator: "")
        case .redshift: print(try listing.redshift(of: spec, dataset: dataset), terminator: "")
        case .symlink:
            let count = try listing.writeSymlinks(to: output ?? "", of: spec, dataset: dataset)
            print(
                "\(spec.name): \(Figure.count(count)) manifests of \(Figure.count(listing.added.count)) files written")
        }
        logs.logger.info("\(listing.added.count) files, through version \(listing.through)")
    }
}
