import Lake
import Pipeline
import Postgres

/// The key's columns with their types.
func keyPlan(_ dataset: DatasetSpec, _ table: SourceTable) -> [KeyPlan] {
    dataset.key.map { KeyPlan(column: $0, type: table.column($0)?.typeName ?? "text") }
}

extension LeafPlan {
    /// Whether somebody means this leaf: by its name, or schema and name.
    func isNamed(_ text: String) -> Bool { text == name || text == qualifiedName }
}

extension DatasetPlan {
    init(
        _ dataset: DatasetSpec, _ table: SourceTable, _ schema: SchemaPlan, leaves: [LeafPlan], notes: [String] = []
    ) {
        let mode: Mode =
            dataset.mode == .snapshot ? .snapshot : dataset.cursor.mode == .column ? .column : .transactions
        let cursor = dataset.cursor.column.flatMap { table.column($0) }.flatMap { info in
            info.type.boundName.map {
                TimeBound(column: info.name, type: $0, zone: dataset.timestampZone, from: nil, to: nil)
            }
        }
        self.init(
            name: dataset.name, table: table.name, mode: mode, relation: table.relation,
            cursor: mode == .column ? cursor : nil, key: keyPlan(dataset, table), tables: schema.tables,
            split: schema.split, fields: schema.fields,
            flatten: dataset.flatten.map { FlattenPlan(field: $0.column, depth: $0.depth) },
            redactions: schema.redactions, partitions: schema.partitions, filter: dataset.filter,
            output: OutputPlan(dataset), leaves: leaves,
            notes: notes)
    }

    /// What stands behind FROM to read a leaf, as `t`.
    func from(_ leaf: LeafPlan) -> String {
        guard let relation else { return "ONLY \(SQL.identifier([leaf.schema, leaf.name])) AS t" }
        guard mode == .column else { return "\(relation) AS t" }
        return "\(SourceTable.window(relation, low: leaf.low, high: leaf.high)) AS t"
    }
}

extension OutputPlan {
    init(_ dataset: DatasetSpec) {
        self.init(
            format: "ndjson", specialValues: dataset.specialValues.rawValue,
            codec: dataset.compression.codec.rawValue, level: dataset.compression.level,
            chunkBytes: dataset.chunk.targetSize, chunkRows: dataset.chunk.rows)
        switch dataset.format {
        case .json(let json):
            nulls = json.nulls.rawValue
            bigintAsString = json.bigintAsString
        case .csv(let csv):
            format = "csv"
            header = csv.header
            delimiter = csv.delimiter
            null = csv.null
            quote = csv.quote.rawValue
            lineEnd = csv.lineEnd.rawValue
        }
    }
}
