import Foundation
import Lake
import Records

/// The SQL that makes a lake's tables in a warehouse and loads files into them.
public struct LoadScript: Sendable {
    /// The warehouse.
    public var warehouse: Warehouse
    /// The pipeline's name.
    public var pipeline: String
    /// Where the warehouse finds the lake: `file:/srv/lake`, `s3://bucket/prefix`.
    public var location: String
    /// The schema, or BigQuery's dataset, that the tables are in; nil for the session's own.
    public var schema: String?
    /// The version of the lake after which files count; nil for all.
    public var since: Int?
    /// The version of the lake up to which files count.
    public var through: Int
    /// Where Redshift finds the manifests; nil to leave a mark for it.
    public var manifests: String?
    /// The tables, and the warehouse's names for them.
    public var tables: [(table: LoadTable, name: String)]

    /// A file that a script needs besides.
    public struct Manifest: Sendable {
        /// Its name.
        public let name: String
        /// What is in it.
        public let text: String
    }

    /// Describes a script.
    public init(
        warehouse: Warehouse, pipeline: String, location: String, schema: String? = nil, since: Int? = nil,
        through: Int, manifests: String? = nil, tables: [(table: LoadTable, name: String)]
    ) {
        self.warehouse = warehouse
        self.pipeline = pipeline
        self.location = location
        self.schema = schema
        self.since = since
        self.through = through
        self.manifests = manifests
        self.tables = tables
    }

    /// Writes the script.
    ///
    /// - Returns: its text, and the manifests that it refers to, for Redshift.
    /// - Throws: `LoadError` for what the warehouse cannot read.
    public func write() throws -> (text: String, manifests: [Manifest]) {
        let loader = warehouse.loader
        try checkLocation(loader)
        var parts = [header(), loader.preamble(of: self).joined(separator: "\n")]
        var manifests: [Manifest] = []
        for (table, name) in tables {
            let named = NamedTable(table, bareName: name, schema: schema, loader)
            let loaded = try loader.load(named, self)
            parts.append(comment([Self.title(table)] + loader.notes(of: table)) + "\n" + loader.create(named))
            parts.append(loader.changes(of: named).joined(separator: "\n"))
            parts += loaded.statements
            manifests += loaded.manifests
        }
        parts.append(loader.ending(of: self).joined(separator: "\n"))
        parts.append(
            comment([
                "The next time, for what is new by then: tidemark load-sql … --for \(warehouse.rawValue) --since \(through)"
            ]))
        return (parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n", manifests)
    }

    private func header() -> String {
        var lines = ["Pipeline \(pipeline), \(location), for \(warehouse.title)."]
        if let since {
            lines.append("The files that were added after version \(since) of the lake, through version \(through).")
        } else {
            lines.append(
                "All files of the lake at version \(through), for tables that are empty: what they hold already would be there "
                    + "twice.")
        }
        lines.append(
            "Run it once: a second time the same rows come again. Each file is named, since a pattern (events/**/*.zst) would also "
                + "find files of a run that is not committed yet, and files that others have replaced.")
        return comment(lines)
    }

    private static func title(_ table: LoadTable) -> String {
        let rows = table.files.reduce(0) { $0 + $1.rows }
        return "Table \(table.name): \(table.files.count) files, \(rows) rows, version "
            + "\(table.versions.last?.version ?? 0) of its columns."
    }

    private func checkLocation(_ loader: any Loader) throws {
        guard !loader.schemes.contains(where: location.hasPrefix) else { return }
        throw LoadError(
            object: "pipeline \(pipeline) for \(warehouse.title)",
            reason: "its lake is in \(location), and \(warehouse.title) loads from \(Self.list(loader.schemes)) only",
            hint: "Copy the lake there, or name with --location the address that \(warehouse.title) has for it.")
    }

    private static func list(_ schemes: [String]) -> String { schemes.map { "\($0)…" }.joined(separator: ", ") }

    /// The address of a key.
    func address(_ key: String) -> String {
        let place = location.hasPrefix("file:") ? String(location.dropFirst("file:".count)) : location
        return place.hasSuffix("/") ? "\(place)\(key)" : "\(place)/\(key)"
    }

    /// Whether the lake is a folder of this machine.
    var isLocal: Bool { location.hasPrefix("file:") }

    /// Sentences as lines of comment, of at most 120 characters where words allow. Nothing in them ends the comment.
    func comment(_ sentences: [String]) -> String {
        sentences.map { sentence in
            var lines: [String] = []
            var line = "--"
            for word in sentence.split(whereSeparator: \.isWhitespace) {
                if line.count + word.count > 118, line != "--" {
                    lines.append(line)
                    line = "--  "
                }
                line += " " + word
            }
            return (lines + [line]).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
