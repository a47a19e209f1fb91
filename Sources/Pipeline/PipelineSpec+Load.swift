import Foundation
import Yams

extension PipelineSpec {
    /// Reads and checks a pipeline file.
    ///
    /// - Parameters:
    ///   - file: its path; messages name it so.
    ///   - environment: the variables that `${VAR}` stands for.
    /// - Throws: `PipelineError` with all that is wrong with the file.
    public static func load(
        file: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(PipelineError) -> PipelineSpec {
        try load(text: PipelineFiles.text(of: file), file: file, environment: environment)
    }

    /// Checks a pipeline file's text.
    ///
    /// - Parameters:
    ///   - text: the YAML.
    ///   - file: what messages call the file.
    ///   - environment: the variables that `${VAR}` stands for.
    /// - Throws: `PipelineError` with all that is wrong with the text.
    public static func load(
        text: String, file: String, environment: [String: String]
    ) throws(PipelineError) -> PipelineSpec {
        let document = Document(file: file, tree: try YAMLTree(text, file: file), environment: environment)
        let spec = try PipelineSpec(reading: document)
        guard document.problems.isEmpty else { throw PipelineError(problems: document.problems) }
        return spec
    }

    /// Reads the settings; whether they can be used, the document's problems tell.
    ///
    /// - Throws: `PipelineError` when the document holds no mapping.
    init(reading document: Document) throws(PipelineError) {
        let hint = "begin with `pipeline: NAME`"
        guard let root = document.tree.root, !root.isNothing else {
            throw PipelineError(problems: [Problem(file: document.file, message: "the file is empty", hint: hint)])
        }
        guard case .mapping = root else {
            document.report("a pipeline file must be a mapping, here it is \(root.kind)", at: root.place, hint: hint)
            throw PipelineError(problems: document.problems)
        }
        self.init(
            reading: Mapping(root, path: "", title: "the pipeline file", place: root.place, in: document),
            file: document.file)
    }

    private init(reading map: Mapping, file: String) {
        map.require("pipeline", hint: "begin with `pipeline: NAME`")
        map.require("source", hint: "add `source:` and its `url`")
        map.require("destination", hint: "add `destination:` and its `url`")
        map.require("datasets", hint: "add `datasets:` and the tables to export")
        let name = map.value("pipeline", Parse.identifier) ?? ""
        let source = SourceSpec(reading: map.mapping("source"))
        let destination = DestinationSpec(reading: map.mapping("destination"))
        let workers = map.value("workers", Parse.int(1...64))
        let unitSizes = ByteSize(bytes: 1 << 20)...ByteSize(bytes: 64 << 30)
        let unitSize = map.value("unit_size", Parse.size(unitSizes))?.bytes ?? Self.defaultUnitSize
        let hashKey = map.value("hash_key", isSecret: true, Self.hashKey)
        let defaultsMap = map.mapping("defaults")
        let defaults = OutputSettings().overridden(by: defaultsMap)
        defaultsMap.finish()
        let datasets = Self.datasets(map, defaults)
        self.init(
            name: name, file: file, source: source, destination: destination, workers: workers, hashKey: hashKey,
            unitSize: unitSize, datasets: datasets)
        checkHashKey(map)
        map.finish()
    }

    private static func hashKey(_ text: String) throws(InvalidValue) -> Secret {
        guard text.utf8.count >= 16 else {
            throw InvalidValue("it is too short", hint: "take 16 bytes or more, such as `openssl rand -hex 32` prints")
        }
        return Secret(text)
    }

    private func checkHashKey(_ map: Mapping) {
        guard !map.has("hash_key"), let dataset = datasets.first(where: { !$0.privacy.hash.isEmpty }) else { return }
        map.document.report(
            "the dataset '\(dataset.name)' hashes values, and there is no 'hash_key'", at: map.place,
            hint: "add `hash_key: ${TIDEMARK_HASH_KEY}` at the top level, and set the variable to a long random text")
    }

    private static func datasets(_ map: Mapping, _ defaults: OutputSettings) -> [DatasetSpec] {
        let named = map.mapping("datasets", kind: "a mapping of names to datasets")
        if named.isEmpty {
            map.document.report("'datasets' is empty", at: named.place, hint: "name at least one table to export")
        }
        let names = named.entries.map { entry in
            Text(value: entry.name, written: entry.name, isExpanded: false, place: entry.place)
        }
        named.reportRepeated(names, in: "datasets", ignoringCase: true)
        return named.entries.map { entry in
            do throws(InvalidValue) {
                _ = try Parse.identifier(entry.name)
            } catch {
                map.document.report("a dataset cannot be called '\(entry.name)'", at: entry.place, hint: error.hint)
            }
            let settings = named.nested(entry, path: "datasets.NAME", title: "the dataset '\(entry.name)'")
            return DatasetSpec(name: entry.name, reading: settings, defaults: defaults)
        }
    }
}
