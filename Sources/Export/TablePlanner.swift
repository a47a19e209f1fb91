import Lake
import Pipeline
import Records

/// Settles the columns of one table of rows, and of the tables that its arrays make.
///
/// The first version is: the columns that the pipeline and the source's table give, then the keys that a sample of each
/// flattened document shows, then `_extra`. Later versions append to it. Two columns whose names are the same, or differ
/// only by case, are told apart by `_2`, `_3`, … behind the later one.
struct TablePlanner {
    let spec: DatasetSpec
    /// The table's name.
    let name: String
    let share: TablePlan.Share
    /// The dataset's tables in the lake.
    let states: [String: TableState]
    /// How files are written now.
    let output: OutputPlan
    /// Whether columns may be added and widened by what earlier runs met.
    let evolves: Bool
    /// The paths that a sample of a document column shows.
    let sample: (FlattenSpec) throws -> [SampledPath]
    /// The paths that JSON Schemas name.
    let promised: (FlattenSpec) throws -> [SampledPath]

    /// The columns of one table as they come together.
    private struct Draft {
        let known: TableState?
        var wanted: [PlannedColumn] = []
        var changes: [SchemaChange] = []
        /// All names that are taken, in lower case.
        var names: Set<String>
        /// How many columns got there by themselves.
        var found = 0
        var notes: [String] = []

        init(_ known: TableState?, reserved: Set<String>) {
            self.known = known
            names = reserved.union((known?.schema.columns ?? []).map { $0.name.lowercased() })
            names.insert(PlannedColumn.extraName)
        }
    }

    /// Settles the columns.
    ///
    /// - Parameters:
    ///   - declared: the columns that the pipeline and the source's table give.
    ///   - taken: the names, in lower case, that new tables must not have; theirs are added.
    /// - Returns: the tables, and what the operator should hear.
    /// - Throws: `ExportError` when a column cannot go on as the lake has it; what the samples throw.
    func plan(
        _ declared: [PlannedColumn], _ taken: inout Set<String>
    ) throws -> (tables: [TablePlan], notes: [String]) {
        var draft = Draft(states[name], reserved: partitionNames)
        for column in declared { try take(column, into: &draft) }
        var children: [TablePlan] = []
        var notes: [String] = []
        let keys = spec.key.compactMap { key in draft.wanted.first { $0.field == key && $0.path == nil } }
        for flatten in spec.flatten {
            let root = "/" + JSONText.pointerStep(flatten.column)
            let paths = try paths(of: flatten, draft.known, below: root, sampled: nil)
            let place = Place(
                flatten: flatten, table: name, root: root, prefix: flatten.prefix, level: 0, keys: keys)
            try take(paths, at: place, into: &draft, &children, &taken, &notes)
        }
        let main = try finish(draft, name, share, items: nil)
        return ([main] + children, draft.notes + notes)
    }

    /// Folders of the partition path have names that no column of the files may have.
    private var partitionNames: Set<String> {
        Set(spec.partitionBy.filter { $0.by != nil }.map { $0.name.lowercased() })
    }

    // MARK: - Columns of the table itself

    /// Takes a column up: as the lake has it, wider, or new.
    private func take(_ column: PlannedColumn, into draft: inout Draft) throws {
        guard
            let known = draft.known?.schema.columns.first(where: { $0.hasOrigin(of: column) && $0.name == column.name })
        else {
            if let other = draft.known?.schema.columns.first(where: { $0.name.lowercased() == column.name.lowercased() }
            ) {
                throw clash(column, other)
            }
            draft.names.insert(column.name.lowercased())
            draft.wanted.append(column)
            if draft.known != nil {
                draft.changes.append(
                    SchemaChange(
                        column: column.name, change: "new, \(column.type)",
                        reason: "the pipeline and the source have it"))
            }
            return
        }
        var settled = known
        let isGiven = spec.columns?.contains { $0.name == column.name && $0.type != nil } == true
        // A place in a document has the type that the lake knows, unless the pipeline gives it one.
        if known.type != column.type, isGiven || column.path == nil {
            let joined = known.type.joined(with: column.type)
            if joined == known.type, !isGiven {
                // What it was is wide enough.
            } else if joined == column.type || !isGiven, spec.schema.mode == .evolve {
                settled.type = joined
                settled.former.append(known.type)
                draft.changes.append(
                    SchemaChange(
                        column: known.name, change: "\(known.type) → \(joined)",
                        reason: isGiven
                            ? "the pipeline says \(column.type)" : "the source's column is of another type now"))
            } else {
                throw clash(column, known)
            }
        }
        draft.wanted.append(settled)
    }

    private func clash(_ column: PlannedColumn, _ known: PlannedColumn) -> ExportError {
        ExportError(
            .configuration, operation: "plan", object: "column \(column.name) of dataset \(spec.name)",
            reason: """
                the lake has it as \(known.type) from \(known.origin), and the pipeline and the table now make it \
                \(column.type) from \(column.origin)
                """,
            hint: "Give it another name under `columns`, or exclude it.")
    }

    // MARK: - Columns of documents

    /// Where documents are taken apart: a column of the source, or the elements of an array in it.
    private struct Place {
        let flatten: FlattenSpec
        let table: String
        /// The pointer at the documents.
        let root: String
        /// What the names of columns begin with.
        let prefix: String
        /// How many arrays are around them.
        let level: Int
        /// The columns that say which row they belong to.
        let keys: [PlannedColumn]
    }

    /// What is known of a place of documents.
    private struct Paths {
        /// The paths that want columns, each with the reason.
        var new: [(path: SampledPath, reason: String)] = []
        /// What did not fit its column, by pointer.
        var misfits: [String: StrayCount] = [:]
    }

    /// Gathers what speaks for new and for wider columns.
    ///
    /// - Parameters:
    ///   - known: the table in the lake; nil for a new one.
    ///   - root: the pointer at its documents.
    ///   - sampled: what is known by a sample already; nil to take one where the table has no columns of the documents yet.
    private func paths(
        of flatten: FlattenSpec, _ known: TableState?, below root: String, sampled: [SampledPath]?
    ) throws -> Paths {
        var paths = Paths()
        let isKnown =
            known?.schema.columns.contains { $0.field == flatten.column && $0.path != nil } == true
            || states.values.contains { $0.items?.parent == name && $0.items?.field == flatten.column }
        if let sampled {
            paths.new += sampled.map { ($0, "found in a sample") }
        } else if !isKnown {
            paths.new += try sample(flatten).map { ($0, "found in a sample") }
            paths.new += try promised(flatten).map { ($0, "the JSON Schema has it") }
        } else if spec.schema.mode == .evolve {
            paths.new += try promised(flatten).map { ($0, "the JSON Schema has it") }
        }
        guard evolves, let known else { return paths }
        let strays = known.strays.filter { $0.pointer == root || $0.pointer.hasPrefix(root + "/") }
            .sorted { $0.pointer < $1.pointer }
        for stray in strays {
            guard stray.pointer != StrayPath.others, let keys = Self.keys(of: stray.pointer, below: root) else {
                continue
            }
            if stray.misfits + stray.widened > 0 { paths.misfits[stray.pointer] = stray }
            guard stray.unplanned >= spec.schema.minCount else { continue }
            let isBranch = strays.contains { $0.pointer.hasPrefix(stray.pointer + "/") }
            paths.new.append(
                (
                    SampledPath(
                        path: keys, count: stray.unplanned, kinds: JSONKinds(names: stray.kinds), isBranch: isBranch),
                    "\(stray.unplanned) values went to _extra"
                ))
        }
        return paths
    }

    /// The keys of a pointer; nil where one cannot be told from others.
    private static func keys(of pointer: String, below root: String) -> [String]? {
        guard !pointer.contains("\u{FFFD}") else { return nil }
        return pointer.dropFirst(root.count).split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
    }

    /// Gives paths their columns, and arrays their tables.
    private func take(
        _ paths: Paths, at place: Place, into draft: inout Draft, _ children: inout [TablePlan],
        _ taken: inout Set<String>, _ notes: inout [String]
    ) throws {
        let column = place.flatten.column
        let explodes = place.flatten.arrays == .explode
        let known = (draft.known?.schema.columns ?? []).filter { known in
            known.field == column && known.path != nil && !draft.wanted.contains { $0.hasOrigin(of: known) }
        }
        for var column in known where explodes || column.role != .count {
            widen(&column, paths.misfits[column.pointer(below: place.root)], &draft)
            draft.wanted.append(column)
            draft.found += 1
        }
        var arrays: [(path: [String], items: [SampledPath]?)] = []
        for state in states.sorted(by: { $0.key < $1.key }) {
            guard let items = state.value.items, items.parent == place.table, items.field == column, explodes else {
                continue
            }
            arrays.append((items.path, nil))
        }
        var left = 0
        for (path, reason) in paths.new {
            let steps = path.path.map { PathStep.key($0) }
            if explodes, let items = Self.items(of: path) {
                guard !arrays.contains(where: { $0.path == path.path }) else { continue }
                arrays.append((path.path, items))
                let count = PlannedColumn(
                    name: columnName(path.path + ["count"], place, &draft), type: .int64, field: column, path: steps,
                    role: .count)
                add(count, reason, &draft)
                continue
            }
            guard let type = path.suggestedType, !path.path.isEmpty || place.level > 0,
                !draft.wanted.contains(where: { $0.field == column && $0.path == steps && $0.role == .value })
            else { continue }
            if let old = draft.known?.schema.columns.first(where: {
                $0.field == column && $0.path == steps && $0.role == .value
            }) {
                draft.wanted.append(old)
                continue
            }
            guard draft.found < spec.schema.maxColumns else {
                left += 1
                continue
            }
            let from = FieldPath(column: column, steps: steps)
            let wanted = place.level == 0 ? spec.rename[from] : nil
            let name =
                wanted.map { Self.free($0, &draft.names) }
                ?? columnName(path.path.isEmpty ? ["value"] : path.path, place, &draft)
            add(PlannedColumn(name: name, type: type, field: column, path: steps), reason, &draft)
        }
        if left > 0 {
            draft.notes.append(
                "\(left) keys of \(place.root) stay in _extra: the table has \(spec.schema.maxColumns) columns that got there "
                    + "by themselves, as many as `schema.max_columns` allows")
        }
        for array in arrays { try child(array.path, array.items, of: place, &children, &taken, &notes) }
    }

    private func add(_ column: PlannedColumn, _ reason: String, _ draft: inout Draft) {
        draft.wanted.append(column)
        draft.found += 1
        guard draft.known != nil else { return }
        draft.changes.append(
            SchemaChange(column: column.name, change: "new, \(column.type)", reason: reason))
    }

    /// The elements' paths, where a path is to be exploded; nil where it is not.
    private static func items(of path: SampledPath) -> [SampledPath]? {
        if let items = path.items { return items }
        return path.kinds.contains(.array) ? [] : nil
    }

    /// Gives a column a wider type where values did not fit it.
    private func widen(_ column: inout PlannedColumn, _ stray: StrayCount?, _ draft: inout Draft) {
        guard evolves, let stray, stray.misfits >= spec.schema.minCount, column.role == .value,
            let type = column.type.widened(for: JSONKinds(names: stray.kinds))
        else { return }
        // A string that takes other scalars as well does so because of its past.
        if type == column.type, !column.former.isEmpty { return }
        draft.changes.append(
            SchemaChange(
                column: column.name,
                change: type == column.type ? "string, of other scalars, too" : "\(column.type) → \(type)",
                reason: "\(stray.misfits) values did not fit (\(stray.kinds.joined(separator: ", ")))"))
        column.former.append(column.type)
        column.type = type
    }

    private func columnName(_ path: [String], _ place: Place, _ draft: inout Draft) -> String {
        Self.free(place.prefix + path.joined(separator: place.flatten.separator), &draft.names)
    }

    /// The name, or the name with the first number behind it that makes it the only one, whatever its case.
    static func free(_ name: String, _ names: inout Set<String>) -> String {
        var candidate = name
        var number = 2
        while !names.insert(candidate.lowercased()).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }

    // MARK: - Arrays

    /// Settles the table of an array's elements, and those of the arrays within them.
    private func child(
        _ path: [String], _ sampled: [SampledPath]?, of place: Place, _ children: inout [TablePlan],
        _ taken: inout Set<String>, _ notes: inout [String]
    ) throws {
        let flatten = place.flatten
        let known = states.first { state in
            guard let items = state.value.items else { return false }
            return items.parent == place.table && items.field == flatten.column && items.path == path
        }
        let wanted = Self.tableName(place.table, path.isEmpty ? ["items"] : path, flatten.separator)
        let table = known?.key ?? Self.free(wanted, &taken)
        let root = place.root + path.map { "/" + JSONText.pointerStep($0) }.joined()
        let items = TablePlan.Items(
            parent: place.table, field: flatten.column, path: path, level: place.level + 1, pointer: root)
        var draft = Draft(known?.value, reserved: partitionNames)
        for key in place.keys { try take(key, into: &draft) }
        if items.level > 1 {
            try take(PlannedColumn(name: "_parent", type: .string, field: nil, role: .parent), into: &draft)
        }
        try take(PlannedColumn(name: "_index", type: .int64, field: nil, role: .index), into: &draft)
        let paths = try paths(
            of: flatten, known?.value, below: root, sampled: known == nil ? sampled ?? [] : [])
        let own = Place(
            flatten: flatten, table: table, root: root, prefix: "", level: items.level, keys: place.keys)
        var below: [TablePlan] = []
        try take(paths, at: own, into: &draft, &below, &taken, &notes)
        children.append(try finish(draft, table, share, items: items))
        children += below
        notes += draft.notes
    }

    /// A folder's name in bytes; file systems take 255.
    private static let longestName = 220

    /// The name of an array's table: a folder's name that is safe, and not too long.
    private static func tableName(_ parent: String, _ path: [String], _ separator: String) -> String {
        let name = "\(parent)__\(PathText.escape(path.joined(separator: separator)))"
        let folder = name.split(separator: "/").last ?? ""
        guard folder.utf8.count > longestName else { return name }
        let sum = Checksum.sha256(Array(name.utf8)).prefix(16)
        return name.dropLast(folder.count) + "\(folder.prefix(longestName - 20))~\(sum)"
    }

    // MARK: - Versions

    /// The lake's columns, then those that it does not have yet.
    private func finish(
        _ draft: Draft, _ table: String, _ share: TablePlan.Share, items: TablePlan.Items?
    ) throws -> TablePlan {
        let extra = PlannedColumn(name: PlannedColumn.extraName, type: .json, field: nil)
        guard let known = draft.known else {
            return TablePlan(
                name: table, schema: DatasetSchema(version: 1, columns: draft.wanted + [extra]), share: share,
                items: items,
                changes: [
                    SchemaChange(
                        column: nil, change: "begun with \(draft.wanted.count + 1) columns",
                        reason: items == nil ? "first export" : "an array was met")
                ])
        }
        var changes = draft.changes
        var schema = known.schema
        for column in draft.wanted {
            if let index = schema.columns.firstIndex(where: { $0.name == column.name }) {
                schema.columns[index] = column
            } else {
                schema.columns.append(column)
            }
        }
        if let last = known.history.last, last.output.form != output.form {
            changes.append(
                SchemaChange(
                    column: nil, change: "written as \(output.form)", reason: "the pipeline says so"))
        }
        if !changes.isEmpty { schema.version += 1 }
        let retired = schema.columns.filter { !$0.isExtra && !draft.wanted.contains($0) }.map(\.name)
        return TablePlan(
            name: table, schema: schema, retired: retired, share: share, items: items, changes: changes)
    }
}

extension ColumnType {
    /// The type that holds what both hold.
    ///
    /// `int64` widens to `number`, digits may be added to a `decimal`; all else comes together as `string`.
    func joined(with other: ColumnType) -> ColumnType {
        switch (self, other) {
        case _ where self == other: self
        case (.int64, .number), (.number, .int64), (.decimal, .number), (.number, .decimal), (.int64, .decimal),
            (.decimal, .int64):
            .number
        case (.decimal(let precision, let scale), .decimal(let otherPrecision, let otherScale)):
            // More than 1,000 digits are no decimal's any more.
            ColumnType(
                """
                decimal(\(max(precision - scale, otherPrecision - otherScale) + max(scale, otherScale)),\
                \(max(scale, otherScale)))
                """) ?? .number
        default: .string
        }
    }

    /// The type that takes these kinds of JSON value, too: `int64` → `number` → `string`, `bool` → `string`; nil where none
    /// does.
    func widened(for kinds: JSONKinds) -> ColumnType? {
        let scalars = kinds.intersection([.bool, .int, .number, .string])
        guard !scalars.isEmpty else { return nil }
        switch self {
        case .int64: return scalars.isSubset(of: [.int, .number]) ? .number : .string
        case .number, .bool, .string: return .string
        case .decimal, .double, .timestamp, .date, .uuid, .json, .bytes: return nil
        }
    }
}

extension JSONKinds {
    /// The kinds of these names.
    init(names: [String]) {
        self.init()
        for kind in [JSONKinds.null, .bool, .int, .number, .string, .array, .object]
        where !Set(kind.names).isDisjoint(with: names) {
            insert(kind)
        }
    }
}

extension PlannedColumn {
    /// Where the values come from, as messages have it.
    public var origin: String {
        switch role {
        case .extra: "what no other column takes"
        case .index: "the place in the array"
        case .parent: "the places of the arrays around it"
        case .count: "the number of elements of \(FieldPath(column: field ?? "", steps: path ?? []))"
        case .value:
            field?.hasPrefix("sql:") == true ? "SQL" : FieldPath(column: field ?? "", steps: path ?? []).description
        }
    }

    /// The same, in a table of an array's elements.
    ///
    /// - Parameter items: the array; nil for a table of rows.
    public func origin(in items: TablePlan.Items?) -> String {
        guard let items, let path, let field else { return origin }
        var whole = self
        whole.path = items.steps + path
        whole.field = field
        return whole.origin
    }
}

extension TablePlan.Items {
    /// The steps from the document to the elements; those of an array within elements without the place in the outer one.
    fileprivate var steps: [PathStep] { pointerKeys.map { PathStep.key($0) } + [.each] }
}
