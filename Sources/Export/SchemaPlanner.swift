import Lake
import Pipeline
import Postgres
import Records

/// A dataset's columns for one run: fixed before its first byte.
struct SchemaPlan {
    /// The columns, in file order.
    var schema: DatasetSchema
    /// The fields to read.
    var fields: [FieldPlan]
    /// The columns of the lake that the pipeline asks for no more: they stay, empty.
    var retired: [String]
    /// The partition path.
    var partitions: [PartitionPlan]
    /// What the operator should hear.
    var notes: [String]
}

/// Settles a dataset's columns: those the lake has already, then new ones at the end.
///
/// The first version is: the table's columns (or those that `columns` lists) in order, then the keys that a sample of
/// each flattened document shows, then `_extra`. Two columns whose names are the same, or differ only by case, are told
/// apart by `_2`, `_3`, … behind the later one.
struct SchemaPlanner {
    let spec: DatasetSpec
    let table: SourceTable
    /// The columns in the lake; nil before the first commit.
    let present: DatasetSchema?
    private let infos: [String: ColumnInfo]

    init(spec: DatasetSpec, table: SourceTable, present: DatasetSchema?) {
        self.spec = spec
        self.table = table
        self.present = present
        infos = Dictionary(table.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Settles the columns.
    ///
    /// - Parameter sample: gives the paths that a sample of a document column shows; called only for a document whose
    ///   columns are not known yet.
    /// - Throws: `ExportError` when the pipeline names what the table does not have; what `sample` throws.
    func plan(sample: (FlattenSpec) throws -> [SampledPath]) throws -> SchemaPlan {
        var notes: [String] = []
        try checkColumns()
        var wanted = try declared()
        var names = Set(wanted.map { $0.name.lowercased() })
        names.formUnion((present?.columns ?? []).map { $0.name.lowercased() })
        for flatten in spec.flatten {
            let known = present?.columns.filter { $0.field == flatten.column && $0.path != nil } ?? []
            if known.isEmpty {
                wanted += try discovered(flatten, paths: sample(flatten), taken: wanted, &names)
            } else {
                wanted += known.filter { column in !wanted.contains { $0 == column } }
            }
        }
        let schema = try merged(wanted)
        var reader = FieldList(timestampZone: spec.timestampZone)
        for column in schema.columns {
            guard let field = column.field, let info = infos[field], wanted.contains(column) else { continue }
            let natural = column.path != nil || column.type == info.columnType
            reader.add(info, asText: !natural)
            if case .other(let name) = info.type {
                notes.append("column \(field) of type \(name) is read as its text")
            }
        }
        for flatten in spec.flatten { if let info = infos[flatten.column] { reader.add(info, asText: false) } }
        let partitions = try partitionPlans(&reader, schema)
        let retired = schema.columns.filter { !$0.isExtra && !wanted.contains($0) }.map(\.name)
        return SchemaPlan(
            schema: schema, fields: reader.fields, retired: retired, partitions: partitions, notes: notes)
    }

    private func info(_ column: String, for setting: String) throws -> ColumnInfo {
        if let info = infos[column] { return info }
        throw ExportError(
            .configuration, operation: "plan", object: "dataset \(spec.name)",
            reason: "`\(setting)` names the column \(column), which \(table.name) does not have",
            hint: "It has: \(table.columns.map(\.name).joined(separator: ", ")).")
    }

    private func checkColumns() throws {
        for key in spec.key { _ = try info(key, for: "key") }
        for column in spec.exclude { _ = try info(column, for: "exclude") }
        for flatten in spec.flatten {
            let column = try info(flatten.column, for: "flatten")
            guard column.type.isDocument else {
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason: "`flatten` names \(flatten.column), which is \(column.typeName), not json or jsonb")
            }
        }
    }

    /// The columns that the pipeline lists, or all of the table's that are neither excluded nor flattened.
    private func declared() throws -> [PlannedColumn] {
        guard let columns = spec.columns else {
            let flattened = Set(spec.flatten.map(\.column))
            return table.columns.filter { !flattened.contains($0.name) && !spec.exclude.contains($0.name) }
                .map { PlannedColumn(name: $0.name, type: $0.columnType, field: $0.name) }
        }
        return try columns.map { column in
            let field = column.from.first ?? column.name
            let info = try info(field, for: "columns")
            let path = Array(column.from.dropFirst())
            if path.isEmpty {
                let type = column.type ?? info.columnType
                guard type == info.columnType || type == .string else {
                    throw ExportError(
                        .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                        reason: "\(field) is \(info.typeName), which cannot be written as \(type)",
                        hint: "Use \(info.columnType) or string.")
                }
                return PlannedColumn(name: column.name, type: type, field: field)
            }
            guard info.type.isDocument else {
                throw ExportError(
                    .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                    reason: "`from` looks for a key in \(field), which is \(info.typeName), not json or jsonb")
            }
            return PlannedColumn(name: column.name, type: column.type ?? .string, field: field, path: path)
        }
    }

    /// A column for each path that a sample shows, but those that the pipeline has named already.
    private func discovered(
        _ flatten: FlattenSpec, paths: [SampledPath], taken: [PlannedColumn], _ names: inout Set<String>
    ) -> [PlannedColumn] {
        paths.compactMap { path in
            guard let type = path.suggestedType, !path.path.isEmpty,
                !taken.contains(where: { $0.field == flatten.column && $0.path == path.path })
            else { return nil }
            let name = flatten.prefix + path.path.joined(separator: flatten.separator)
            return PlannedColumn(name: Self.free(name, &names), type: type, field: flatten.column, path: path.path)
        }
    }

    /// The name, or the name with the first number behind it that makes it the only one, whatever its case.
    private static func free(_ name: String, _ names: inout Set<String>) -> String {
        var candidate = name
        var number = 2
        while !names.insert(candidate.lowercased()).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }

    /// The lake's columns, then those that it does not have yet.
    private func merged(_ wanted: [PlannedColumn]) throws -> DatasetSchema {
        let extra = PlannedColumn(name: PlannedColumn.extraName, type: .json, field: nil)
        guard let present else { return DatasetSchema(version: 1, columns: wanted + [extra]) }
        var schema = present
        for column in wanted where !schema.columns.contains(column) {
            if let known = schema.columns.first(where: { $0.name.lowercased() == column.name.lowercased() }) {
                throw ExportError(
                    .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                    reason: """
                        the lake has it as \(known.type) from \(known.origin), and the pipeline and the table now make it \
                        \(column.type) from \(column.origin)
                        """,
                    hint: "Give it another name under `columns`, or exclude it.")
            }
            schema.columns.append(column)
        }
        if schema.columns.count > present.columns.count { schema.version += 1 }
        return schema
    }

    private func partitionPlans(_ reader: inout FieldList, _ schema: DatasetSchema) throws -> [PartitionPlan] {
        try spec.partitionBy.map { part in
            let namesake = schema.columns.first { $0.name.lowercased() == part.name.lowercased() }
            if let namesake, part.by != nil || namesake.origin != part.column {
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason:
                        "`partition_by` makes a folder \(part.name)=…, and the files have a column \(namesake.name)",
                    hint: "Readers would see one of the two only. Give the folder another name with `as`.")
            }
            let info = try info(part.column, for: "partition_by")
            let unit = part.by.flatMap { PartitionPlan.Unit(rawValue: $0.rawValue) } ?? .value
            if unit != .value, !info.type.isMoment {
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason: "`partition_by` cuts \(part.column) by \(unit.rawValue), and it is \(info.typeName)",
                    hint: "Leave `by` away to use the value itself.")
            }
            let name = reader.add(info, asText: unit == .value)
            return PartitionPlan(field: name, by: unit, name: part.name)
        }
    }
}

extension PlannedColumn {
    /// Where the values come from, as messages have it.
    public var origin: String { ([field ?? "what no other column takes"] + (path ?? [])).joined(separator: ".") }
}

/// The fields of a COPY, each once.
struct FieldList {
    let timestampZone: String
    private(set) var fields: [FieldPlan] = []

    init(timestampZone: String) { self.timestampZone = timestampZone }

    /// Adds a field unless it is there.
    ///
    /// - Parameters:
    ///   - info: the table's column.
    ///   - asText: whether the server is to cast it to text.
    /// - Returns: the field's name: the column's, or `<column>::text`.
    @discardableResult
    mutating func add(_ info: ColumnInfo, asText: Bool) -> String {
        let column = "t." + SQL.identifier(info.name)
        let isText = info.type == .text
        let field: FieldPlan
        if let wire = info.type.wireName, !asText || isText {
            let zoned = info.type == .timestamp && timestampZone != "UTC"
            field = FieldPlan(
                name: info.name,
                expression: zoned ? "(\(column) AT TIME ZONE \(SQL.literal(timestampZone)))" : column,
                type: zoned ? "timestamptz" : wire)
        } else {
            field = FieldPlan(name: "\(info.name)::text", expression: "\(column)::text", type: "text")
        }
        if !fields.contains(field) { fields.append(field) }
        return field.name
    }
}
