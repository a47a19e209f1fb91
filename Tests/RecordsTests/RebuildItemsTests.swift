import Records
import Testing

@Suite("Columns, _extra and the rows of arrays rebuild the document")
struct RebuildItemsTests {
    @Test(
        "any document, any plan with arrays as rows, places in arrays and columns that take scalars", arguments: 1...4)
    func roundTrip(seed: UInt64) throws {
        var rebuilder = Rebuilder(generator: DocumentGenerator(random: SeededGenerator(seed: seed), isLoose: seed > 2))
        for number in 0..<600 {
            let json = rebuilder.generator.document()
            let document = try #require(ReferenceJSON(json.utf8))
            rebuilder.log = []
            let rebuilt = try rebuilder.rebuilt(json, below: [])
            guard rebuilt == document else {
                Issue.record("document \(number): \(json)\n\(rebuilder.log.joined(separator: "\n"))")
                return
            }
        }
        #expect(rebuilder.arrays > 100)
        #expect(rebuilder.places > 100)
        #expect(rebuilder.widened > 20)
    }
}

/// Flattens documents by plans that it makes up, and puts what came out together again.
private struct Rebuilder {
    var generator: DocumentGenerator
    var log: [String] = []
    var arrays = 0
    var places = 0
    var widened = 0

    init(generator: DocumentGenerator) { self.generator = generator }

    /// A document or an element, taken apart and put together; nil when something was in two places, or in none.
    mutating func rebuilt(_ json: String, below: [String]) throws -> ReferenceJSON? {
        guard let document = ReferenceJSON(json.utf8) else { return nil }
        let (targets, items) = plan(for: document)
        let columns =
            targets.map { Column(name: "c\($0.column)", type: $0.type) }
            + items.map { Column(name: "n\($0.count)", type: .int64) }
        var batch = RowBatch(columns: columns + [Column(name: "_extra", type: .json)], rowCapacity: 1)
        var flattener = Flattener(
            source: "p/q", below: below, targets: targets, items: items,
            depth: Int.random(in: 1...7, using: &generator.random), mayRepeatKeys: generator.isLoose)
        var extra = ExtraObject()
        batch.addRow()
        try flattener.flatten(Array(json.utf8).span.bytes, into: &batch, extra: &extra)
        if !extra.isEmpty { extra.finish(into: &batch, column: columns.count) }
        let row = FlattenedRow(batch, row: 0, strays: flattener.strays)
        log.append("\(json)\n  plan: \(targets), \(items)\n  cells: \(row.cells), extra: \(row.extra ?? "none")")
        widened += row.strays.count { $0.widened > 0 }

        var parts: [(path: [[UInt16]], value: ReferenceJSON)] = []
        for target in targets where row.states[target.column] != .missing {
            guard let value = row.value(target.column, target.type) else { return nil }
            if let keys = Self.keys(target.path) {
                parts.append((keys, value))
            } else {
                places += 1
                guard let original = document.value(at: target.path[...]) else { return nil }
                if original != value, target.takesScalars, original.isScalar { continue }
                guard original == value else { return nil }
            }
        }
        var elements: [[String]] = items.map { _ in [] }
        flattener.forEachElement { number, index, element in
            #expect(index == elements[number].count)
            elements[number].append(element.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        for target in items {
            guard let keys = Self.keys(target.path.map(PathStep.key)) else { return nil }
            switch row.states[target.count] {
            case .missing: if !elements[target.items].isEmpty { return nil }
            case .null: parts.append((keys, .null))
            default:
                arrays += 1
                guard row.cells[target.count] == "\(elements[target.items].count)" else { return nil }
                var values: [ReferenceJSON] = []
                for element in elements[target.items] {
                    guard let value = try rebuilt(element, below: below + target.path) else { return nil }
                    values.append(value)
                }
                parts.append((keys, .array(values)))
            }
        }
        if let extra = row.extra {
            guard case .object(let entries) = ReferenceJSON(extra.utf8, allowsRepeats: false) else { return nil }
            for (pointer, value) in entries {
                let keys = ReferenceJSON.keys(ofPointer: pointer)
                guard keys.starts(with: below.map { Array($0.utf16) }) else { return nil }
                parts.append((Array(keys.dropFirst(below.count)), value))
            }
        }
        // What a value is part of comes before it; what a column took as text comes before what it was.
        var whole: ReferenceJSON?
        for index in parts.indices.sorted(by: { (parts[$0].path.count, $0) < (parts[$1].path.count, $1) }) {
            let part = parts[index]
            whole = (whole ?? .object([:])).settingAlsoInArrays(part.path[...], to: part.value)
        }
        return whole
    }

    private mutating func plan(for document: ReferenceJSON) -> ([FlattenTarget], [ItemsTarget]) {
        var wanted: [([PathStep], ColumnType, Bool)] = []
        var arrays: [[String]] = []
        for path in generator.paths(of: document) where !path.contains(.each) {
            guard let value = document.value(at: path[...]) else { continue }
            if case .array = value, Self.keys(path) != nil, generator.chance(2) {
                arrays.append(path.map { step in if case .key(let key) = step { key } else { "" } })
            }
            for _ in 0..<generator.pick([0, 0, 1, 1, 2]) {
                let type = generator.type(for: value)
                wanted.append((path, type, generator.chance(2)))
            }
        }
        // What leads nowhere in this document.
        if generator.chance(3) { wanted.append(([.index(1), .index(0)], .int64, false)) }
        if generator.chance(3) { arrays.append([generator.pick(DocumentGenerator.keys), "no key of the others"]) }
        let targets = wanted.enumerated().map { index, target in
            FlattenTarget(path: target.0, column: index, type: target.1, takesScalars: target.2)
        }
        let items = arrays.enumerated().map { index, path in
            ItemsTarget(path: path, count: targets.count + index, items: index)
        }
        return (targets, items)
    }

    /// The keys of a path; nil when it leads into an array.
    private static func keys(_ path: [PathStep]) -> [[UInt16]]? {
        var keys: [[UInt16]] = []
        for step in path {
            guard case .key(let key) = step else { return nil }
            keys.append(Array(key.utf16))
        }
        return keys
    }
}

extension ReferenceJSON {
    fileprivate var isScalar: Bool {
        switch self {
        case .number, .bool: true
        default: false
        }
    }

    /// The value that steps lead to.
    fileprivate func value(at path: ArraySlice<PathStep>) -> ReferenceJSON? {
        switch (path.first, self) {
        case (nil, _): self
        case (.key(let key)?, .object(let members)): members[Array(key.utf16)]?.value(at: path.dropFirst())
        case (.index(let index)?, .array(let elements)):
            index < elements.count ? elements[index].value(at: path.dropFirst()) : nil
        default: nil
        }
    }

    /// As ``setting(_:to:)``, but places in arrays that are there are places.
    fileprivate func settingAlsoInArrays(_ path: ArraySlice<[UInt16]>, to value: ReferenceJSON) -> ReferenceJSON {
        guard let key = path.first else { return value }
        if case .array(var elements) = self, let index = Int(String(decoding: key, as: UTF16.self)),
            index < elements.count
        {
            elements[index] = elements[index].settingAlsoInArrays(path.dropFirst(), to: value)
            return .array(elements)
        }
        var members: [[UInt16]: ReferenceJSON] = [:]
        if case .object(let own) = self { members = own }
        members[key] = (members[key] ?? .object([:])).settingAlsoInArrays(path.dropFirst(), to: value)
        return .object(members)
    }
}
