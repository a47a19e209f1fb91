import Lake
import Pipeline
import Postgres
import Records

/// A dataset's tables for one run: fixed before its first byte.
struct SchemaPlan {
    /// The tables, those of arrays' elements behind the one that the arrays are taken out of.
    var tables: [TablePlan]
    /// The field that tells which table takes a row; nil where there is only one.
    var split: String?
    /// The fields to read.
    var fields: [FieldPlan]
    /// The partition path.
    var partitions: [PartitionPlan]
    /// What is left out, or made unreadable.
    var redactions: [RedactionPlan]
    /// What the operator should hear.
    var notes: [String]
}

/// What a source says that cannot be read off its table.
struct SchemaSamples {
    /// The values of the column that a dataset is split by which no table has yet, the most frequent first.
    var newValues: () throws -> [String?] = { [] }
    /// The paths that a sample of a document column shows, in the rows of a table; also given are the values that have a
    /// table of their own.
    var paths: (FlattenSpec, TablePlan.Share, Set<String?>) throws -> [SampledPath] = { _, _, _ in [] }
    /// The paths that JSON Schemas name.
    var promised: (FlattenSpec) throws -> [SampledPath] = { _ in [] }
}

/// Settles a dataset's tables, their columns, and the fields that fill them.
struct SchemaPlanner {
    let spec: DatasetSpec
    let table: SourceTable
    /// The dataset in the lake; nil before the first commit.
    let known: DatasetState?
    /// The names that other datasets have, in lower case.
    var foreign: Set<String> = []
    /// Whether columns may be added and widened by what earlier runs met.
    var evolves = false
    /// The columns that SQL of the pipeline gives, by name.
    var sqlColumns: [String: ColumnInfo] = [:]
    private let infos: [String: ColumnInfo]

    init(
        spec: DatasetSpec, table: SourceTable, known: DatasetState?, foreign: Set<String> = [], evolves: Bool = false,
        sqlColumns: [String: ColumnInfo] = [:]
    ) {
        self.spec = spec
        self.table = table
        self.known = known
        self.foreign = foreign
        self.evolves = evolves && spec.schema.mode == .evolve
        self.sqlColumns = sqlColumns
        infos = Dictionary(table.columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Settles the tables.
    ///
    /// - Parameter samples: asked only for what is not known yet.
    /// - Throws: `ExportError` when the pipeline names what the table does not have; what the samples throw.
    func plan(_ samples: SchemaSamples) throws -> SchemaPlan {
        var notes: [String] = []
        try checkColumns()
        let declared = try declared()
        var tables: [TablePlan] = []
        var taken = foreign.union((known?.tables ?? [:]).keys.map { $0.lowercased() })
        let shares = try shares(samples.newValues, &taken)
        let values = Set(
            shares.compactMap { share -> String?? in if case .value(let value) = share.share { value } else { nil } })
        for (name, share) in shares {
            let planner = TablePlanner(
                spec: spec, name: name, share: share, states: known?.tables ?? [:],
                output: OutputPlan(spec), evolves: evolves, sample: { try samples.paths($0, share, values) },
                promised: samples.promised)
            let planned = try planner.plan(declared, &taken)
            tables += planned.tables
            notes += planned.notes
        }
        var reader = FieldList(timestampZone: spec.timestampZone)
        for table in tables {
            for column in table.schema.columns where !table.retired.contains(column.name) {
                guard column.role == .value, column.path == nil, let field = column.field else { continue }
                try addField(of: column, field, &reader, &notes)
            }
            for column in table.schema.columns where !table.retired.contains(column.name) && column.path != nil {
                if let info = column.field.flatMap({ infos[$0] }) { reader.add(info, as: nil) }
            }
        }
        for flatten in spec.flatten { if let info = infos[flatten.column] { reader.add(info, as: nil) } }
        let split = try spec.split.map { try reader.add(info($0.column, for: "split_by"), as: .string) }
        let partitions = try partitionPlans(&reader, tables)
        return SchemaPlan(
            tables: tables, split: split, fields: reader.fields, partitions: partitions, redactions: redactions,
            notes: notes.uniqued)
    }

    private func addField(
        of column: PlannedColumn, _ field: String, _ reader: inout FieldList, _ notes: inout [String]
    ) throws {
        if let info = sqlColumns[field] {
            guard let spec = spec.columns?.first(where: { "sql:\($0.name)" == field }) else { return }
            reader.add(info, as: column.type == info.columnType ? nil : column.type, sql: spec.sql)
        } else if let info = infos[field] {
            let isPlain = column.type == info.columnType || isRedacted(field) || isCleaned(field)
            reader.add(info, as: isPlain ? nil : column.type)
            if case .other(let name) = info.type { notes.append("column \(field) of type \(name) is read as its text") }
        }
    }

    private func isRedacted(_ column: String) -> Bool {
        spec.privacy.action(on: column).map { $0 != .exclude } ?? false
    }

    /// Whether something is taken out of a column's documents, which needs them as they are.
    private func isCleaned(_ column: String) -> Bool {
        spec.privacy.rules.contains { $0.path.column == column && !$0.path.steps.isEmpty }
    }

    private var redactions: [RedactionPlan] {
        spec.privacy.rules.map { RedactionPlan(column: $0.path.column, path: $0.path.steps, action: $0.action) }
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
        for path in spec.rename.keys { _ = try info(path.column, for: "rename") }
        for rule in spec.privacy.rules {
            let setting =
                switch rule.action {
                case .exclude: "exclude"
                case .hash: "hash"
                case .mask: "mask"
                }
            let info = try info(rule.path.column, for: setting)
            guard rule.path.steps.isEmpty || info.type.isDocument else {
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason: "`\(setting)` names \(rule.path), and \(info.name) is \(info.typeName), not json or jsonb")
            }
        }
        for flatten in spec.flatten {
            let column = try info(flatten.column, for: "flatten")
            guard column.type.isDocument else {
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason: "`flatten` names \(flatten.column), which is \(column.typeName), not json or jsonb")
            }
        }
    }

    // MARK: - Tables

    /// The tables of rows: one, or one for each value of the column that the dataset is split by.
    private func shares(
        _ newValues: () throws -> [String?], _ taken: inout Set<String>
    ) throws -> [(name: String, share: TablePlan.Share)] {
        guard let split = spec.split else { return [(spec.name, .all)] }
        _ = try info(split.column, for: "split_by")
        let rows = (known?.tables ?? [:]).filter { $0.value.items == nil }
        var shares: [(name: String, share: TablePlan.Share)] = []
        let others = "\(spec.name)/_other"
        taken.insert(others.lowercased())
        for (name, state) in rows.sorted(by: { $0.key < $1.key }) {
            guard case .value = state.share else { continue }
            shares.append((name, state.share))
        }
        if shares.count < split.maxDatasets {
            for value in try newValues().prefix(split.maxDatasets - shares.count) {
                guard !shares.contains(where: { $0.share == .value(value) }) else { continue }
                shares.append((TablePlanner.free("\(spec.name)/\(Self.folder(of: value))", &taken), .value(value)))
            }
        }
        return shares + [(others, .others)]
    }

    /// A value as a folder's name that no reader hides: names that begin with `_` or `.` are.
    static func folder(of value: String?) -> String {
        guard let value else { return "_null" }
        if value.isEmpty { return "_empty" }
        let name = PathText.escape(value)
        if name.hasPrefix("_") { return "%5F" + name.dropFirst() }
        if name.hasPrefix(".") { return "%2E" + name.dropFirst() }
        return name
    }

    // MARK: - Columns

    /// The columns that the pipeline lists, or all of the table's that are neither excluded nor flattened.
    private func declared() throws -> [PlannedColumn] {
        guard let columns = spec.columns else { return all(but: []) }
        let named = Set(columns.filter { $0.sql == nil && $0.from.steps.isEmpty }.map(\.from.column))
        return try columns.flatMap { column in column.isAll ? all(but: named) : [try declared(column)] }
    }

    private func all(but named: Set<String>) -> [PlannedColumn] {
        let flattened = Set(spec.flatten.map(\.column))
        let excluded = Set(spec.excluded)
        return table.columns
            .filter { !flattened.contains($0.name) && !excluded.contains($0.name) && !named.contains($0.name) }
            .map { info in
                PlannedColumn(
                    name: spec.rename[FieldPath(column: info.name)] ?? info.name,
                    type: isRedacted(info.name) ? .string : info.columnType, field: info.name)
            }
    }

    private func declared(_ column: ColumnSpec) throws -> PlannedColumn {
        if column.sql != nil {
            guard let info = sqlColumns["sql:\(column.name)"] else {
                throw ExportError(
                    operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                    reason: "nothing is known of what its SQL gives")
            }
            return PlannedColumn(name: column.name, type: try type(column, info), field: info.name)
        }
        let info = try info(column.from.column, for: "columns")
        if column.from.steps.isEmpty {
            let type = isRedacted(info.name) ? .string : try type(column, info)
            return PlannedColumn(name: column.name, type: type, field: info.name)
        }
        guard info.type.isDocument else {
            throw ExportError(
                .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                reason: "`from` looks for a key in \(info.name), which is \(info.typeName), not json or jsonb")
        }
        return PlannedColumn(
            name: column.name, type: column.type ?? .string, field: info.name, path: column.from.steps)
    }

    /// The type that the pipeline gives a column, if its values can have it.
    private func type(_ column: ColumnSpec, _ info: ColumnInfo) throws -> ColumnType {
        let natural = info.columnType
        let type = column.type ?? natural
        guard type == natural || natural.joined(with: type) == type else {
            throw ExportError(
                .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
                reason: "\(column.from.column) is \(info.typeName), which cannot be written as \(type)",
                hint: "Use \(natural) or string.")
        }
        return type
    }

    private func partitionPlans(_ reader: inout FieldList, _ tables: [TablePlan]) throws -> [PartitionPlan] {
        try spec.partitionBy.map { part in
            for column in tables.lazy.flatMap(\.schema.columns) where column.name.lowercased() == part.name.lowercased()
            {
                guard part.by != nil || column.origin != FieldPath(column: part.column).description else { continue }
                throw ExportError(
                    .configuration, operation: "plan", object: "dataset \(spec.name)",
                    reason: "`partition_by` makes a folder \(part.name)=…, and the files have a column \(column.name)",
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
            let name = reader.add(info, as: unit == .value ? .string : nil)
            return PartitionPlan(field: name, by: unit, name: part.name)
        }
    }
}

/// The fields of a COPY, each once.
struct FieldList {
    let timestampZone: String
    private(set) var fields: [FieldPlan] = []

    init(timestampZone: String) { self.timestampZone = timestampZone }

    /// Adds a field unless it is there.
    ///
    /// - Parameters:
    ///   - info: the table's column, or what an expression gives.
    ///   - type: the type that the server is to cast it to; nil for its own. Numbers are cast to `numeric`, all else to
    ///     text.
    ///   - sql: the expression; nil for the column itself.
    /// - Returns: the field's name: the column's, or with the cast behind it.
    @discardableResult
    mutating func add(_ info: ColumnInfo, as type: ColumnType?, sql: String? = nil) -> String {
        // The line end keeps a comment at the expression's end from hiding what follows.
        let value = sql.map { "(\($0)\n)" } ?? "t.\(SQL.identifier(info.name))"
        let field: FieldPlan
        switch type {
        case .number, .decimal:
            field = FieldPlan(name: "\(info.name)::numeric", expression: "\(value)::numeric", type: "numeric")
        case let type where (type == nil || info.type == .text) && info.type.wireName != nil:
            let wire = info.type.wireName ?? "text"
            let zoned = info.type == .timestamp && timestampZone != "UTC"
            field = FieldPlan(
                name: info.name, expression: zoned ? "(\(value) AT TIME ZONE \(SQL.literal(timestampZone)))" : value,
                type: zoned ? "timestamptz" : wire)
        default: field = FieldPlan(name: "\(info.name)::text", expression: "\(value)::text", type: "text")
        }
        if !fields.contains(field) { fields.append(field) }
        return field.name
    }
}
