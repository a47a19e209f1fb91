import Lake
import ObjectStore

/// How each file was written: what the plan of its run says of its table's columns and format.
struct VerifyLayouts {
    private let lake: CommitLog
    private let store: any ObjectStore
    /// The datasets of the runs that were looked up, by the entry that committed the run; their leaves are dropped.
    private var known: [Int: [DatasetPlan]] = [:]

    init(lake: CommitLog, store: any ObjectStore) {
        self.lake = lake
        self.store = store
    }

    /// The layout of a file.
    ///
    /// - Throws: `StoreError`; `LakeError` when the log or the plan is damaged or missing.
    mutating func layout(of file: LiveFile) throws -> DatasetPlan {
        let plans = try known[file.version] ?? load(file)
        known[file.version] = plans
        guard var plan = plans.first(where: { $0.name == file.chunk.dataset }),
            let table = plan.tables.first(where: {
                $0.name == file.chunk.table && $0.schema.version == file.chunk.schema
            })
        else {
            throw LakeError(
                operation: "read", object: file.chunk.key,
                reason:
                    "the plan of its run says nothing of columns version \(file.chunk.schema) of \(file.chunk.table)")
        }
        plan.tables = [table]
        return plan
    }

    private func load(_ file: LiveFile) throws -> [DatasetPlan] {
        guard case .commit(let commit) = try lake.entry(file.version).change,
            case .open(let open) = try lake.entry(commit.run).change
        else {
            throw LakeError(
                operation: "read", object: file.chunk.key, reason: "entry \(file.version) of the log did not commit it")
        }
        let key = Layout.plan(run: commit.run)
        guard let bytes = try store.get(key, range: nil), Checksum.sha256(bytes) == open.plan else {
            throw LakeError(
                operation: "find out how \(file.chunk.key) was written from", object: "\(store.location)/\(key)",
                reason: "it is missing, or not the plan that the log names",
                hint: "The plans of committed runs belong to the lake; none may be changed or deleted.")
        }
        return try LakeJSON.decode(RunPlan.self, from: bytes, object: key).datasets.map { plan in
            var plan = plan
            plan.leaves = []
            return plan
        }
    }
}

extension DatasetPlan {
    /// Whether a column of the source is left out of the files, or unreadable in them.
    func hides(_ column: String) -> Bool { redactions.contains { $0.column == column && $0.path.isEmpty } }

    /// The columns of the first table's files that hold a key, in its order; nil when one is not in the files.
    func columns(of key: [String]) -> [Int]? {
        var found: [Int] = []
        for name in key {
            // What was made unreadable cannot be compared.
            guard !hides(name),
                let index = tables[0].schema.columns.firstIndex(where: {
                    $0.field == name && $0.path == nil && !tables[0].retired.contains($0.name)
                })
            else { return nil }
            found.append(index)
        }
        return found
    }

    /// How a column's values come to be: its type, and the SQL that reads it. Where both are equal, equal rows have equal
    /// texts.
    func origin(_ column: Int) throws -> VerifyOrigin {
        let planned = tables[0].schema.columns[column]
        let name = planned.field ?? planned.name
        let place = try field(TableReader.fieldNames(name, planned.type))
        return VerifyOrigin(type: planned.type.description, expression: fields[place.index].expression)
    }
}

/// How a key column's values come to be.
struct VerifyOrigin: Hashable {
    let type: String
    let expression: String
}
