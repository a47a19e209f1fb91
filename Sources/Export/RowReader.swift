import Lake
import Postgres
import Records

/// Takes COPY rows apart into a columnar batch: each field to its column, each document to the columns of its keys.
struct RowReader: ~Copyable {
    /// The rows read and not yet encoded.
    var batch: RowBatch
    /// The partition of each row of the batch.
    private(set) var partitionOfRow: [Int32] = []
    /// For each part of the partition path that is cut from a moment, the rows' moments; `Int64.min` for none.
    private(set) var moments: [[Int64]]
    /// The partitions met so far.
    private(set) var partitioner: Partitioner

    private let steps: [Step]
    private let extraColumn: Int
    private var extra = ExtraObject()
    private var scratch = ByteBuffer()
    private let columns: [PlannedColumn]
    /// How often a field's value did not fit its own column, by column.
    private var misfits: [Int: Int64] = [:]

    /// Something to do with a field of each row, in this order.
    private struct Step {
        let field: Int
        let type: PostgresType
        let action: Action
    }

    private enum Action {
        case column(Int, ColumnType)
        case flatten(DocumentColumns)
        case partMoment(Int, PartitionPlan.Unit)
        case partText
    }

    /// Owns a flattener, which cannot be copied.
    private final class DocumentColumns {
        var flattener: Flattener
        init(_ flattener: consuming Flattener) { self.flattener = flattener }
    }

    /// Prepares for a dataset's rows.
    ///
    /// - Throws: `ExportError` when the plan names a field or type that it does not hold.
    init(dataset: DatasetPlan) throws {
        columns = dataset.schema.columns
        batch = RowBatch(columns: columns.map(\.column))
        extraColumn = columns.firstIndex(where: \.isExtra) ?? -1
        partitioner = Partitioner(parts: dataset.partitions)
        moments = dataset.partitions.map { _ in [] }
        var steps: [Step] = []
        for (index, column) in columns.enumerated() {
            guard let name = column.field, column.path == nil, !dataset.retired.contains(column.name) else { continue }
            let field = try dataset.field(column.type == .string ? ["\(name)::text", name] : [name])
            steps.append(Step(field: field.index, type: field.type, action: .column(index, column.type)))
        }
        for name in Self.documents(of: dataset) {
            let field = try dataset.field([name])
            let flatten = dataset.flatten.first { $0.field == name }
            let targets = columns.enumerated().compactMap { index, column -> FlattenTarget? in
                guard column.field == name, let path = column.path, !dataset.retired.contains(column.name) else {
                    return nil
                }
                return FlattenTarget(path: path, column: index, type: column.type)
            }
            let flattener = Flattener(
                source: name, targets: targets, depth: flatten?.depth ?? 32, keepsUnplanned: flatten != nil,
                mayRepeatKeys: field.type == .json)
            steps.append(
                Step(field: field.index, type: field.type, action: .flatten(DocumentColumns(flattener))))
        }
        for (index, part) in dataset.partitions.enumerated() {
            let field = try dataset.field([part.field])
            steps.append(
                Step(
                    field: field.index, type: field.type,
                    action: part.by == .value ? .partText : .partMoment(index, part.by)))
        }
        self.steps = steps
    }

    /// The document fields whose keys are wanted: flattened ones, and those that `columns` reaches into.
    private static func documents(of dataset: DatasetPlan) -> [String] {
        var names = dataset.flatten.map(\.field)
        for column in dataset.schema.columns where column.path != nil && !dataset.retired.contains(column.name) {
            if let name = column.field, !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// Forgets the batch's rows.
    mutating func clear() {
        batch.removeAll()
        partitionOfRow.removeAll(keepingCapacity: true)
        for index in moments.indices { moments[index].removeAll(keepingCapacity: true) }
    }

    /// Reads the row that the reader stands on.
    ///
    /// - Throws: `PostgresError` for a malformed field, `RecordError` for a malformed document.
    mutating func read(_ reader: CopyReader) throws {
        batch.addRow()
        partitioner.beginRow()
        for step in steps {
            switch step.action {
            case .column(let column, let type):
                if let field = reader.field(step.field) {
                    try set(column, type, field, step.type)
                } else {
                    batch.setNull(column)
                }
            case .flatten(let documents):
                guard let field = reader.field(step.field) else { continue }
                let text = step.type == .jsonb ? try Field.jsonbText(field) : field
                try documents.flattener.flatten(text, into: &batch, extra: &extra)
            case .partText:
                partitioner.add(text: reader.field(step.field))
            case .partMoment(let part, let unit):
                let moment = try moment(reader.field(step.field), step.type)
                partitioner.add(moment: moment, by: unit)
                moments[part].append(moment ?? .min)
            }
        }
        partitionOfRow.append(partitioner.endRow())
        if !extra.isEmpty { extra.finish(into: &batch, column: extraColumn) }
    }

    /// A moment in microseconds since 2000-01-01 UTC; nil for NULL and the infinities.
    private func moment(_ field: RawSpan?, _ type: PostgresType) throws -> Int64? {
        guard let field else { return nil }
        if type == .date {
            let days = try Field.date(field)
            return days == .max || days == .min ? nil : Int64(days) * 86_400_000_000
        }
        let moment = try Field.timestamp(field)
        return moment == .max || moment == .min ? nil : moment
    }

    /// Writes one value to its column, or to `_extra` when no file could hold it there.
    private mutating func set(_ column: Int, _ type: ColumnType, _ field: RawSpan, _ wire: PostgresType) throws {
        switch wire {
        case .bool: batch.set(column, bool: try Field.bool(field))
        case .int2, .int4, .int8, .oid: batch.set(column, int64: try Field.int64(field))
        case .float4, .float8:
            let value = try Field.double(field)
            guard value.isFinite else { return try misfit(column, field, wire) }
            // A float's own shortest digits, not those of the double that it widens to.
            batch.set(column, double: wire == .float4 ? Double(Float(value).description) ?? value : value)
        case .numeric:
            guard try Field.isFinite(numeric: field) else { return try misfit(column, field, wire) }
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
            try misfit(column, field, wire)
        case .timestamp, .timestamptz:
            let moment = try Field.timestamp(field)
            if TimeText.isRepresentable(timestamp: moment) { return batch.set(column, int64: moment) }
            try misfit(column, field, wire)
        case .array(let element):
            try batch.set(column) { text throws(PostgresError) in try ArrayText.append(field, element, to: &text) }
        case .time, .timetz, .interval, .inet, .cidr, .other:
            try batch.set(column) { text throws(PostgresError) in try FieldText.append(field, wire, to: &text) }
        }
    }

    /// Keeps a value that its column cannot hold: as text in `_extra`, counted, the cell left empty.
    private mutating func misfit(_ column: Int, _ field: RawSpan, _ wire: PostgresType) throws(PostgresError) {
        misfits[column, default: 0] += 1
        scratch.removeAll()
        try FieldText.append(field, wire, to: &scratch)
        var quoted = ByteBuffer()
        JSONText.appendString(scratch.bytes, to: &quoted)
        extra.add(pointer: "/" + JSONText.pointerStep(columns[column].field ?? ""), raw: quoted.bytes)
    }

    /// What no column took, by path.
    var strays: [StrayCount] {
        var counts = misfits.map { column, count in
            StrayCount(
                pointer: "/" + JSONText.pointerStep(columns[column].field ?? ""), unplanned: 0, misfits: count,
                kinds: ["string"])
        }
        for step in steps {
            guard case .flatten(let documents) = step.action else { continue }
            counts += documents.flattener.strays.map {
                StrayCount(pointer: $0.pointer, unplanned: $0.unplanned, misfits: $0.misfits, kinds: $0.kinds.names)
            }
        }
        return StrayCount.sum(counts)
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
