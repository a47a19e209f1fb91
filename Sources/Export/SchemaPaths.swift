import Foundation
import Pipeline
import Records

/// The paths that JSON Schemas promise: their `properties`, down to the depth at which documents are taken apart.
///
/// `$ref` within the document, `allOf`, `anyOf`, `oneOf` and type lists are followed; what a schema does not say stays to the
/// sample. Source: JSON Schema 2020-12 and draft 7, which agree in this.
struct SchemaPaths {
    private let flatten: FlattenSpec
    /// Whether they are those of an array's elements, which may be scalars.
    private let isOfElements: Bool
    private var found: [[String]: JSONKinds] = [:]
    private var items: [[String]: SchemaPaths] = [:]
    /// How many parts of schemas were looked at.
    private var visits = 0
    /// A schema that refers to itself ends here, in depth and in number.
    private static let depthOfReferences = 64
    private static let mostVisits = 20_000

    init(_ flatten: FlattenSpec, isOfElements: Bool = false) {
        self.flatten = flatten
        self.isOfElements = isOfElements
    }

    /// The paths, ordered by their keys.
    var paths: [SampledPath] {
        found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { path, kinds in
            let isBranch = found.keys.contains { $0.count > path.count && $0.starts(with: path) }
            var sampled = SampledPath(path: path, count: 0, kinds: kinds, isBranch: isBranch)
            if flatten.arrays == .explode, kinds.contains(.array) { sampled.items = items[path]?.paths ?? [] }
            return sampled
        }
    }

    /// Adds the schema in a file.
    ///
    /// - Throws: `ExportError` when it cannot be read or is no JSON Schema.
    mutating func add(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ExportError(
                .configuration, operation: "read", object: file, reason: "there is no such file, or it cannot be read",
                hint: "`json_schema` takes a path that starts at the pipeline file's folder.")
        }
        try add(Array(data), from: file)
    }

    /// Adds a schema.
    ///
    /// - Parameters:
    ///   - json: its text.
    ///   - origin: where it is from, for messages.
    /// - Throws: `ExportError` when it is no JSON Schema.
    mutating func add(_ json: [UInt8], from origin: String) throws {
        let root: Any
        do {
            root = try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed)
        } catch {
            throw ExportError(
                .configuration, operation: "read the JSON Schema of", object: origin, reason: "it is no JSON")
        }
        guard root is [String: Any] || root is Bool else {
            throw ExportError(
                .configuration, operation: "read the JSON Schema of", object: origin,
                reason: "a JSON Schema is an object, or true or false")
        }
        visit(root, [], root, 0)
    }

    private mutating func visit(_ schema: Any, _ path: [String], _ root: Any, _ references: Int) {
        guard let schema = schema as? [String: Any], references < Self.depthOfReferences,
            visits < Self.mostVisits
        else { return }
        visits += 1
        if let reference = schema["$ref"] as? String, let target = Self.resolve(reference, root) {
            visit(target, path, root, references + 1)
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            for part in schema[word] as? [Any] ?? [] { visit(part, path, root, references + 1) }
        }
        let properties = schema["properties"] as? [String: Any] ?? [:]
        for (key, property) in properties where path.count < flatten.depth {
            visit(property, path + [key], root, references + 1)
        }
        guard !path.isEmpty || isOfElements else { return }
        let types = (schema["type"] as? [Any] ?? schema["type"].map { [$0] } ?? []).compactMap { $0 as? String }
        var kinds = JSONKinds(names: types.map { ["integer": "int", "boolean": "bool"][$0] ?? $0 })
        // An object with properties of its own is taken apart.
        if !properties.isEmpty { kinds.remove(.object) }
        if !kinds.isEmpty { found[path, default: []].formUnion(kinds) }
        if kinds.contains(.array), let element = schema["items"] {
            var below = items[path] ?? SchemaPaths(flatten, isOfElements: true)
            below.visits = visits
            below.visit(element, [], root, references + 1)
            visits = below.visits
            items[path] = below
        }
    }

    /// The part of a document that a reference such as `#/$defs/user` names.
    private static func resolve(_ reference: String, _ root: Any) -> Any? {
        guard reference.hasPrefix("#") else { return nil }
        var place: Any? = root
        for step in reference.dropFirst().split(separator: "/") {
            let key = (step.removingPercentEncoding ?? String(step)).replacing("~1", with: "/").replacing(
                "~0", with: "~")
            place = (place as? [String: Any])?[key]
        }
        return place
    }
}
