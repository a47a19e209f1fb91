import Foundation
import Lake
import Pipeline

extension FileListing {
    /// One address a line.
    ///
    /// - Throws: `ExportError` when files were replaced, which no list of addresses can say.
    public func paths() throws -> String {
        try refuseReplacements("paths")
        return added.map { "\($0.url)\n" }.joined()
    }

    /// A manifest as Redshift's COPY takes it: each of its files is loaded, or the COPY fails.
    ///
    /// See "Using a manifest to specify data files" in Amazon Redshift's Database Developer Guide.
    ///
    /// - Throws: `ExportError` when files were replaced, or are of several datasets.
    public func redshift(of spec: PipelineSpec, dataset: String?) throws -> String {
        struct Manifest: Encodable {
            struct Entry: Encodable {
                let url: String
                let mandatory = true
                let meta: [String: Int64]
                enum CodingKeys: CodingKey { case url, mandatory, meta }
            }
            let entries: [Entry]
        }
        try refuseReplacements("redshift")
        try refuseSeveralDatasets(of: spec, dataset)
        let entries = added.map { Manifest.Entry(url: $0.url, meta: ["content_length": $0.bytes]) }
        return String(decoding: try LakeJSON.encode(Manifest(entries: entries), pretty: true), as: UTF8.self) + "\n"
    }

    /// Writes manifests as Hive's SymlinkTextInputFormat takes them, which Athena, Trino and Hive read: for each partition
    /// a file `<partition folders>/manifest` with one address a line.
    ///
    /// Each is replaced in one step. Those of partitions that have no files any more are deleted; what else is in the
    /// folder stays.
    ///
    /// - Parameters:
    ///   - folder: a local folder; it is made if it is not there.
    ///   - spec: the pipeline.
    ///   - dataset: the dataset that was asked for.
    /// - Returns: how many were written.
    /// - Throws: `ExportError` when the files are of several datasets, or the folder cannot be written to.
    public func writeSymlinks(to folder: String, of spec: PipelineSpec, dataset: String?) throws -> Int {
        try refuseSeveralDatasets(of: spec, dataset)
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        let byPartition = Dictionary(grouping: added) { file in
            Layout.partition(of: file.key)
        }
        do {
            let manager = FileManager.default
            try manager.createDirectory(at: root, withIntermediateDirectories: true)
            for (partition, files) in byPartition {
                let place = partition.isEmpty ? root : root.appendingPathComponent(partition, isDirectory: true)
                try manager.createDirectory(at: place, withIntermediateDirectories: true)
                try Data(files.map { "\($0.url)\n" }.joined().utf8).write(
                    to: place.appendingPathComponent(Self.symlinkName), options: .atomic)
            }
            let names = manager.enumerator(atPath: root.path)?.allObjects.compactMap { $0 as? String } ?? []
            for name in names {
                let folders = name.split(separator: "/").dropLast()
                guard name.hasSuffix("/\(Self.symlinkName)"), folders.allSatisfy({ $0.contains("=") }),
                    byPartition[folders.joined(separator: "/")] == nil
                else { continue }
                try manager.removeItem(at: root.appendingPathComponent(name))
            }
        } catch {
            throw ExportError(
                operation: "write manifests to", object: folder, reason: "\(error.localizedDescription)")
        }
        return byPartition.count
    }

    private static let symlinkName = "manifest"

    private func refuseReplacements(_ format: String) throws {
        guard let first = replaces.first else { return }
        throw ExportError(
            .configuration, operation: "list as \(format)", object: "what changed up to version \(through)",
            reason: "\(first.removed.count) files of \(first.dataset) were replaced, and this format cannot say so",
            hint:
                "Take --format json, which has them under `replaces`; or leave --since out and load \(first.dataset) anew."
        )
    }

    /// What is loaded into one table must come from one dataset.
    private func refuseSeveralDatasets(of spec: PipelineSpec, _ dataset: String?) throws {
        var found = Set(added.map(\.dataset))
        // Naming a dataset that is split names all that is made of it.
        if dataset == nil { found.formUnion(spec.datasets.map(\.name)) }
        guard found.count > 1 else { return }
        throw ExportError(
            .configuration, operation: "write a manifest of", object: "pipeline \(spec.name)",
            reason: "it has several datasets, and a manifest is for one table",
            hint: "Name one with --dataset: \(found.sorted().joined(separator: ", ")).")
    }
}
