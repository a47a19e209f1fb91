import Foundation
import Lake
import Logging
import Pipeline
import Records

/// The columns of a lake's tables: what they are, how they came to be, and why each changed.
public struct SchemaHistory: Codable, Sendable {
    /// The pipeline's name.
    public let pipeline: String
    /// The lake's version.
    public let version: Int
    /// The tables, by name.
    public let tables: [Table]

    /// One table.
    public struct Table: Codable, Sendable {
        /// The name: the dataset's, or that of one made of it.
        public let name: String
        /// The dataset that it is made of.
        public let dataset: String
        /// The columns at present, in file order.
        public let columns: [Column]
        /// The versions, oldest first.
        public let versions: [SchemaVersion]
        /// What goes to `_extra` and has no column of its own, or does not fit it.
        public let strays: [StrayCount]
    }

    /// One column.
    public struct Column: Codable, Sendable {
        /// The name.
        public let name: String
        /// The type.
        public let type: ColumnType
        /// Where the values come from.
        public let origin: String
        /// The types that it had before.
        public let former: [ColumnType]
    }

    /// Reads the log.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - dataset: only this dataset, or this one made of it; nil for all.
    ///   - log: hears when the store is asked again.
    /// - Throws: `StoreError`, `LakeError`; `ExportError` when the lake has no such dataset.
    public init(of spec: PipelineSpec, dataset: String?, log: Logger) throws {
        let lake = try LakeReader(of: spec, log: log)
        pipeline = spec.name
        version = lake.version
        let all = lake.state.datasets.flatMap { dataset, state in
            state.tables.map { Table($0.key, of: dataset, $0.value) }
        }.sorted { $0.name < $1.name }
        tables = all.filter { dataset == nil || $0.name == dataset || $0.dataset == dataset }
        if let dataset, tables.isEmpty, !spec.datasets.contains(where: { $0.name == dataset }) {
            throw ExportError(
                .configuration, operation: "show the columns of", object: "dataset \(dataset)",
                reason: "the lake has no such dataset",
                hint: "It has: \(all.map(\.name).joined(separator: ", ")).")
        }
    }
}

extension SchemaHistory.Table {
    init(_ name: String, of dataset: String, _ state: TableState) {
        self.name = name
        self.dataset = dataset
        columns = state.schema.columns.map {
            SchemaHistory.Column(name: $0.name, type: $0.type, origin: $0.origin(in: state.items), former: $0.former)
        }
        versions = state.history
        strays = state.strays
    }
}
