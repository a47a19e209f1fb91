import Crypto
import Foundation
import Lake
import Pipeline
import Postgres
import Records

/// Takes COPY rows apart into the columnar batch of one table: each field to its column, each document to the columns of
/// its keys, and what no column takes to `_extra`.
struct TableReader: ~Copyable {
    /// The rows read and not yet encoded.
    var batch: RowBatch
    /// The partition of each row of the batch.
    private(set) var partitionOfRow: [Int32] = []
    /// For each part of the partition path that is cut from a moment, the rows' moments; `Int64.min` for none.
    private(set) var moments: [[Int64]]
    /// The documents with arrays whose elements are rows of other tables.
    let exploded: [Int]

    private let dataset: String
    private let specialValues: String
    private let table: TablePlan
    private let steps: [Step]
    private let extraColumn: Int
    private let indexColumn: Int
    private let parentColumn: Int
    private var documents: [Documents]
    private var extra = ExtraObject()
    private var redactor: Redactor
    /// How often a field's value did not fit its own column, by column.
    private var misfits: [Int: Int64] = [:]

    /// A field of each row that is a column itself.
    private struct Step {
        let field: Int
        let type: PostgresType
        let column: Int
        let action: Action
    }

    private enum Action {
        case plain
        case redacted(RedactionRule.Action)
        case cleaned(Cleaner)
    }

    /// Takes out of documents what nobody is to see.
    private final class Cleaner {
        private var redactor: Redactor
        /// The last document, cleaned.
        private(set) var text = ByteBuffer()

        /// Prepares for a column's documents; nil where nothing is taken out of them.
        init?(_ dataset: DatasetPlan, _ column: String, _ redaction: Redaction?) {
            let rules = dataset.redactions.filter { $0.column == column && !$0.path.isEmpty }
            if rules.isEmpty { return nil }
            redactor = Redactor(
                rules: rules.map { RedactionRule(path: $0.path, action: $0.action) }, key: redaction?.key ?? [])
        }

        func clean(_ document: RawSpan) throws(RecordError) {
            text.removeAll()
            try redactor.redact(document, into: &text)
        }
    }

    /// The documents of one field: a flattener, which cannot be copied, and what is taken out of them first.
    private final class Documents {
        let place: (index: Int, type: PostgresType)
        var flattener: Flattener
        let cleaner: Cleaner?
        /// The tables of the arrays' elements, by the numbers that the flattener gives them.
        let tables: [String]

        init(
            _ place: (index: Int, type: PostgresType), _ flattener: consuming Flattener, _ cleaner: Cleaner?,
            _ tables: [String]
        ) {
            self.place = place
            self.flattener = flattener
            self.cleaner = cleaner
            self.tables = tables
        }
    }

    /// Prepares for a table's rows.
    ///
    /// - Parameters:
    ///   - dataset: the dataset.
    ///   - table: the table.
    ///   - rowCapacity: how many rows a batch takes.
    ///   - redaction: what is made unreadable; nil for nothing.
    /// - Throws: `ExportError` when the plan names a field or type that it does not hold.
    init(dataset: DatasetPlan, table: TablePlan, rowCapacity: Int, redaction: Redaction?) throws {
        self.dataset = dataset.name
        specialValues = dataset.output.specialValues
        self.table = table
        redactor = Redactor(rules: [], key: redaction?.key ?? [])
        let columns = table.schema.columns
        batch = RowBatch(columns: columns.map(\.column), rowCapacity: rowCapacity)
        func index(_ role: PlannedColumn.Role) -> Int { columns.firstIndex { $0.role == role } ?? -1 }
        extraColumn = index(.extra)
        indexColumn = index(.index)
        parentColumn = index(.parent)
        moments = dataset.partitions.map { _ in [] }
        var steps: [Step] = []
        for (index, column) in columns.enumerated() {
            guard let name = column.field, column.path == nil, !table.retired.contains(column.name) else { continue }
            let action = dataset.redactions.first { $0.column == name && $0.path.isEmpty }?.action
            let cleaner = Cleaner(dataset, name, redaction)
            let names = action == nil && cleaner == nil ? Self.fieldNames(name, column.type) : [name, "\(name)::text"]
            let field = try dataset.field(names)
            steps.append(
                Step(
                    field: field.index, type: field.type, column: index,
                    action: action.map { .redacted($0) } ?? cleaner.map { .cleaned($0) } ?? .plain))
        }
        var documents: [Documents] = []
        for name in Self.documents(of: dataset, table) {
            let field = try dataset.field([name])
            documents.append(try Self.documents(of: name, field, dataset, table, redaction))
        }
        exploded = documents.indices.filter { !documents[$0].tables.isEmpty }
        self.steps = steps
        self.documents = documents
    }

    /// The fields that can fill a column of a type, the first one that is read first.
    static func fieldNames(_ name: String, _ type: ColumnType) -> [String] {
        switch type {
        case .string: ["\(name)::text", name]
        case .number, .decimal: ["\(name)::numeric", name]
        default: [name]
        }
    }

    /// The document fields whose keys are wanted: flattened ones, and those that `columns` reaches into.
    private static func documents(of dataset: DatasetPlan, _ table: TablePlan) -> [String] {
        if let items = table.items { return [items.field] }
        var names = dataset.flatten.map(\.field)
        for column in table.schema.columns where column.path != nil && !table.retired.contains(column.name) {
            if let name = column.field, !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func documents(
        of name: String, _ place: (index: Int, type: PostgresType), _ dataset: DatasetPlan, _ table: TablePlan,
        _ redaction: Redaction?
    ) throws -> Documents {
        let flatten = dataset.flatten.first { $0.field == name }
        let columns = table.schema.columns
        let targets = columns.enumerated().compactMap { index, column -> FlattenTarget? in
            guard column.field == name, column.role == .value, let path = column.path,
                !table.retired.contains(column.name)
            else { return nil }
            var target = FlattenTarget(path: path, column: index, type: column.type)
            target.takesScalars = column.type == .string && !column.former.isEmpty
            return target
        }
        let arrays = dataset.tables.filter { $0.items?.parent == table.name && $0.items?.field == name }
        let items = try arrays.enumerated().map { number, array in
            let path = array.items?.path ?? []
            let steps = path.map { PathStep.key($0) }
            guard let count = columns.firstIndex(where: { $0.role == .count && $0.field == name && $0.path == steps })
            else {
                throw ExportError(
                    operation: "read the plan of", object: table.name,
                    reason: "no column counts the elements of \(array.name)")
            }
            return ItemsTarget(path: path, count: count, items: number)
        }
        let flattener = Flattener(
            source: name, below: table.items?.pointerKeys ?? [], targets: targets, items: items,
            depth: flatten?.depth ?? 32, keepsUnplanned: flatten != nil, mayRepeatKeys: place.type == .json)
        // The elements of arrays have been through it.
        let cleaner = table.items == nil ? Cleaner(dataset, name, redaction) : nil
        return Documents(place, flattener, cleaner, arrays.map(\.name))
    }

    /// Forgets the batch's rows.
    mutating func clear() {
        batch.removeAll()
        partitionOfRow.removeAll(keepingCapacity: true)
        for index in moments.indices { moments[index].removeAll(keepingCapacity: true) }
    }

    // MARK: - Rows

    /// Reads the row that the reader stands on.
    ///
    /// - Parameters:
    ///   - reader: the reader.
    ///   - place: where the row goes.
    /// - Throws: `PostgresError` for a malformed field, `RecordError` for a malformed document.
    mutating func read(_ reader: CopyReader, to place: RowPlace) throws {
        try begin(reader, place)
        for number in documents.indices {
            let (index, type) = documents[number].place
            guard let field = reader.field(index) else { continue }
            try flatten(type == .jsonb ? try Field.jsonbText(field) : field, number)
        }
        if !extra.isEmpty { extra.finish(into: &batch, column: extraColumn) }
    }

    /// Reads an element of an array as a row: the key from the reader's row, the rest from the element.
    ///
    /// - Parameters:
    ///   - element: the element's JSON text.
    ///   - index: its place in the array.
    ///   - parents: the places of the elements around the array.
    ///   - reader: the reader, on the row that holds the array.
    ///   - place: where the row goes.
    /// - Throws: as ``read(_:to:)``.
    mutating func read(
        element: RawSpan, index: Int, parents: [Int], _ reader: CopyReader, to place: RowPlace
    ) throws {
        try begin(reader, place)
        try flatten(element, 0)
        if indexColumn >= 0 { batch.set(indexColumn, int64: Int64(index)) }
        if parentColumn >= 0 {
            let text = Array(parents.map(String.init).joined(separator: "/").utf8)
            batch.set(parentColumn, text: text.span.bytes)
        }
        if !extra.isEmpty { extra.finish(into: &batch, column: extraColumn) }
    }

    /// Begins a row with the columns that are fields themselves.
    private mutating func begin(_ reader: CopyReader, _ place: RowPlace) throws {
        batch.addRow()
        partitionOfRow.append(place.partition)
        for index in moments.indices { moments[index].append(place.moments[index]) }
        for step in steps {
            guard let field = reader.field(step.field) else {
                batch.setNull(step.column)
                continue
            }
            switch step.action {
            case .plain: try set(step.column, field, step.type)
            case .redacted(let action): try redact(step.column, field, step.type, action)
            case .cleaned(let cleaner):
                try cleaner.clean(step.type == .jsonb ? try Field.jsonbText(field) : field)
                batch.set(step.column, json: cleaner.text.bytes)
            }
        }
    }

    private mutating func flatten(_ text: RawSpan, _ number: Int) throws {
        let documents = documents[number]
        if let cleaner = documents.cleaner {
            try cleaner.clean(text)
            try documents.flattener.flatten(cleaner.text.bytes, into: &batch, extra: &extra)
        } else {
            try documents.flattener.flatten(text, into: &batch, extra: &extra)
        }
    }

    /// Gives the elements of the arrays that the last row's documents hold.
    ///
    /// - Parameters:
    ///   - number: which documents, of ``exploded``.
    ///   - body: takes the table's name, the element's place and its text.
    func forEachElement(of number: Int, _ body: (String, Int, RawSpan) throws -> Void) throws {
        let documents = documents[number]
        try documents.flattener.forEachElement { items, index, element in
            try body(documents.tables[items], index, element)
        }
    }

    // MARK: - Values

    /// Writes one value to its column, or to `_extra` when no file could hold it there.
    private mutating func set(_ column: Int, _ field: RawSpan, _ wire: PostgresType) throws {
        switch wire {
        case .bool: batch.set(column, bool: try Field.bool(field))
        case .int2, .int4, .int8, .oid: batch.set(column, int64: try Field.int64(field))
        case .float4, .float8:
            let value = try Field.double(field)
            guard value.isFinite else { return try setSpecial(column, field, wire) }
            // A float's own shortest digits, not those of the double that it widens to.
            batch.set(column, double: wire == .float4 ? Double(Float(value).description) ?? value : value)
        case .numeric:
            guard try Field.isFinite(numeric: field) else { return try setSpecial(column, field, wire) }
            let capacity = try Field.numericTextCapacity(field)
            try batch.set(column, addingCapacity: capacity) { out throws(PostgresError) in
                try Field.numericText(field, to: &out)
            }
        case .text: batch.set(column, text: field)
        case .json: batch.set(column, json: field)
        case .jsonb: batch.set(column, text: try Field.jsonbText(field))
        case .bytea: batch.set(column, text: field)
        case .uuid:
            try batch.set(column, addingCapacity: Field.uuidTextCapacity) { out throws(PostgresError) in
                try Field.uuidText(field, to: &out)
            }
        case .date:
            let days = try Field.date(field)
            if TimeText.isRepresentable(daysSince2000: Int64(days)) { return batch.set(column, int64: Int64(days)) }
            try setSpecial(column, field, wire)
        case .timestamp, .timestamptz:
            let moment = try Field.timestamp(field)
            if TimeText.isRepresentable(timestamp: moment) { return batch.set(column, int64: moment) }
            try setSpecial(column, field, wire)
        case .array(let element):
            try batch.set(column) { text throws(PostgresError) in try ArrayText.append(field, element, to: &text) }
        case .time, .timetz, .interval, .inet, .cidr, .other:
            try batch.set(column) { text throws(PostgresError) in try FieldText.append(field, wire, to: &text) }
        }
    }

    /// Writes a value that nobody is to read.
    private mutating func redact(
        _ column: Int, _ field: RawSpan, _ wire: PostgresType, _ action: RedactionRule.Action
    ) throws {
        var plain = ByteBuffer()
        switch wire {
        case .jsonb: plain.append(try Field.jsonbText(field))
        case .json: JSONText.appendOneLine(field, to: &plain)
        case .array(let element): try ArrayText.append(field, element, to: &plain)
        default: try FieldText.append(field, wire, to: &plain)
        }
        var text = ByteBuffer()
        redactor.redact(text: plain.bytes, action, into: &text)
        batch.set(column, text: text.bytes)
    }

    /// Does what the pipeline asks for with a value that no file's type holds.
    ///
    /// With `null` it is kept as text in `_extra`, counted, and the cell left empty.
    private mutating func setSpecial(_ column: Int, _ field: RawSpan, _ wire: PostgresType) throws {
        var text = ByteBuffer()
        try FieldText.append(field, wire, to: &text)
        switch specialValues {
        case "string": return batch.set(column, special: text.bytes)
        case "fail":
            throw ExportError(
                .configuration, operation: "export the column \(table.schema.columns[column].name) of",
                object: "dataset \(dataset)",
                reason: "a row has the value \(text.text) in it, and the pipeline says `special_values: fail`",
                hint: "Mend the row, leave it out with `where`, or write `special_values: string` or `null`.")
        default: break
        }
        misfits[column, default: 0] += 1
        var quoted = ByteBuffer()
        JSONText.appendString(text.bytes, to: &quoted)
        extra.add(pointer: pointer(column), raw: quoted.bytes)
    }

    private func pointer(_ column: Int) -> String {
        "/" + JSONText.pointerStep(table.schema.columns[column].field ?? "")
    }

    /// What no column took, by path.
    var strays: [StrayCount] {
        var counts = misfits.map { column, count in
            StrayCount(table: table.name, pointer: pointer(column), unplanned: 0, misfits: count, kinds: [])
        }
        for documents in documents {
            counts += documents.flattener.strays.map {
                StrayCount(
                    table: table.name, pointer: $0.pointer, unplanned: $0.unplanned, misfits: $0.misfits,
                    widened: $0.widened, kinds: $0.kinds.names)
            }
        }
        return StrayCount.sum(counts)
    }
}

/// Where a row goes.
struct RowPlace {
    /// The number of its partition.
    var partition: Int32 = 0
    /// For each part of the partition path that is cut from a moment, the moment; `Int64.min` for none.
    var moments: [Int64] = []
}

/// What is needed to make values unreadable.
struct Redaction: Sendable {
    /// The key of hashed values.
    let key: [UInt8]

    /// Takes the key that a pipeline gives.
    init(_ spec: PipelineSpec) { key = Array((spec.hashKey?.value ?? "").utf8) }

    /// What tells one key from another, and nothing of it; nil where a pipeline hashes nothing.
    static func fingerprint(of spec: PipelineSpec) -> String? {
        guard let key = spec.hashKey?.value, spec.datasets.contains(where: { !$0.privacy.hash.isEmpty }) else {
            return nil
        }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("tidemark hash_key".utf8), using: SymmetricKey(data: Data(key.utf8)))
        return String(Checksum.hexadecimal(code).prefix(16))
    }
}

extension TablePlan.Items {
    /// The keys of the pointer behind the field.
    var pointerKeys: [String] {
        pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
    }
}

extension DatasetPlan {
    /// The first of the named fields that is read, its place in the COPY and its type.
    func field(_ names: [String]) throws -> (index: Int, type: PostgresType) {
        for name in names {
            guard let index = fields.firstIndex(where: { $0.name == name }) else { continue }
            guard let type = PostgresType(wireName: fields[index].type) else {
                throw ExportError(
                    operation: "read the plan of", object: "dataset \(self.name)",
                    reason: "field \(name) has the type \(fields[index].type), which this version does not know")
            }
            return (index, type)
        }
        throw ExportError(
            operation: "read the plan of", object: "dataset \(name)", reason: "it does not read the field \(names[0])")
    }
}
