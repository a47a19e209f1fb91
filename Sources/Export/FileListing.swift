import Foundation
import Lake
import Logging
import Pipeline

/// The files of a lake, or what changed in it since a version, as other programs take them.
///
/// A file that came and went between the two versions is in neither list: it may be deleted by now.
public struct FileListing: Codable, Sendable {
    /// The files with rows that were not in the lake before.
    public private(set) var added: [File] = []
    /// Where rows were written anew: at most one for each dataset.
    public private(set) var replaces: [Replacement] = []
    /// The lake's version up to which this holds: the one to ask from next time.
    public let through: Int

    /// A file of the lake.
    public struct File: Codable, Hashable, Sendable {
        /// The dataset's name.
        public let dataset: String
        /// The key in the destination.
        public let key: String
        /// The whole address: `s3://bucket/prefix/key`, or the path in a folder.
        public let url: String
        /// The rows in it.
        public let rows: Int64
        /// The size in bytes.
        public let bytes: Int64
        /// The SHA-256 in hexadecimal.
        public let sha256: String
        /// The version of the dataset's columns that it has.
        public let schema: Int
        /// The version of the lake that brought it.
        public let version: Int
        /// The values of its partition folders, by name; nil is NULL.
        public let partition: [String: String?]
    }

    /// What a dataset's readers take out, and what they take in for it.
    public struct Replacement: Codable, Hashable, Sendable {
        /// The dataset's name.
        public let dataset: String
        /// The files that were there at the first version and are not any more.
        public let removed: [Removed]
        /// The files that have their rows now.
        public let added: [File]
    }

    /// A file that is not in the lake any more.
    public struct Removed: Codable, Hashable, Sendable {
        /// The key in the destination.
        public let key: String
        /// The whole address; the file itself may be deleted by now.
        public let url: String
    }

    /// Lists a pipeline's files.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - since: the version after which changes count; nil for all files that are there.
    ///   - dataset: the only dataset that is of interest; nil for all.
    ///   - log: hears when the store is asked again.
    /// - Throws: `StoreError`, `LakeError`; `ExportError` for a dataset or version that does not exist.
    public init(of spec: PipelineSpec, since: Int?, dataset: String?, log: Logger) throws {
        try self.init(
            try LakeReader(of: spec, log: log), known: spec.datasets.map(\.name), since: since, dataset: dataset)
    }

    /// Lists the files of a lake that is read already.
    ///
    /// - Parameters:
    ///   - lake: the lake.
    ///   - known: the datasets of the pipeline, which may have no files yet.
    ///   - since: the version after which changes count; nil for all files that are there.
    ///   - dataset: the only dataset that is of interest; nil for all.
    public init(_ lake: LakeReader, known: [String], since: Int?, dataset: String?) throws {
        let tables = lake.state.datasets.mapValues { Set($0.tables.keys) }
        let names = tables.values.reduce(into: Set(known).union(tables.keys)) { $0.formUnion($1) }
        if let dataset, !names.contains(dataset) {
            throw ExportError(
                .configuration, operation: "list the files of", object: "dataset \(dataset)",
                reason: "the lake has no such dataset", hint: "It has: \(names.sorted().joined(separator: ", ")).")
        }
        through = lake.version
        // A dataset that is split stands for all that is made of its rows.
        let wanted = dataset.map { name in
            let rows = lake.state.datasets[name]?.tables.filter { $0.value.items == nil }.map(\.key) ?? []
            return Set(rows).union([name])
        }
        func isWanted(_ key: String) -> Bool {
            wanted?.contains(Layout.table(of: key)) ?? !key.hasPrefix("\(Self.quarantine)/")
        }
        func files(_ live: [LiveFile]) -> [File] {
            live.filter { isWanted($0.chunk.key) }.map { File($0, location: lake.location) }
        }
        // Since the beginning is all that is there; the list knows it without the log's entries.
        guard let since, since > 0 else {
            added = files(try lake.liveFiles())
            return
        }
        let changes = try lake.changes(since: since)
        let cameAndWent = Set(changes.replaces.flatMap(\.removed))
        var rewritten: [String: [File]] = [:]
        var removed: [String: [Removed]] = [:]
        let came = Set((changes.added + changes.replaces.flatMap(\.added)).map(\.chunk.key))
        added = files(changes.added).filter { !cameAndWent.contains($0.key) }
        for replacement in changes.replaces {
            let keys = Dictionary(grouping: replacement.removed.filter(isWanted), by: Layout.table(of:))
            for (folder, keys) in keys {
                removed[folder, default: []] += keys.filter { !came.contains($0) }
                    .map { Removed(key: $0, url: Self.url($0, location: lake.location)) }
            }
            for file in files(replacement.added) where !cameAndWent.contains(file.key) {
                // One commit may write some datasets anew and add to others.
                if keys[file.dataset] == nil {
                    added.append(file)
                } else {
                    rewritten[file.dataset, default: []].append(file)
                }
            }
        }
        for (folder, files) in rewritten where removed[folder, default: []].isEmpty {
            // Only files that came within the range were written anew: all of their rows are new.
            added += files
            rewritten[folder] = nil
        }
        added = added.enumerated().sorted { ($0.element.version, $0.offset) < ($1.element.version, $1.offset) }
            .map(\.element)
        replaces = removed.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { folder, removed in
            Replacement(dataset: folder, removed: removed, added: rewritten[folder, default: []])
        }
    }

    /// Where rows lie that broke their contract: no reader's business.
    private static let quarantine = "_quarantine"

    /// The whole address of a key.
    static func url(_ key: String, location: String) -> String {
        let place = location.hasPrefix("file:") ? String(location.dropFirst("file:".count)) : location
        return place.hasSuffix("/") ? "\(place)\(key)" : "\(place)/\(key)"
    }
}

extension FileListing.File {
    /// Describes a live file.
    ///
    /// - Parameters:
    ///   - live: the file.
    ///   - location: the destination.
    init(_ live: LiveFile, location: String) {
        let chunk = live.chunk
        dataset = chunk.table
        key = chunk.key
        url = FileListing.url(chunk.key, location: location)
        rows = chunk.rows
        bytes = chunk.bytes
        sha256 = chunk.sha256
        schema = chunk.schema
        version = live.version
        partition = PathText.values(of: chunk.key)
    }
}

extension PathText {
    /// The values of a key's partition folders, by name; nil is NULL. A value too long for a folder's name is cut there.
    static func values(of key: String) -> [String: String?] {
        var values: [String: String?] = [:]
        for folder in key.split(separator: "/").dropFirst().dropLast() {
            guard let sign = folder.firstIndex(of: "=") else { continue }
            let value = String(folder[folder.index(after: sign)...])
            values.updateValue(
                value == null ? nil : value.removingPercentEncoding ?? value,
                forKey: folder[..<sign].removingPercentEncoding ?? String(folder[..<sign]))
        }
        return values
    }
}
