import Lake
import Logging
import Pipeline
import Postgres
import Records

/// Shows the first rows of a dataset as they would be written; writes nothing.
public struct Preview {
    private let spec: PipelineSpec
    private let log: Logger

    /// Prepares a preview of a pipeline.
    public init(spec: PipelineSpec, log: Logger) {
        self.spec = spec
        self.log = log
    }

    /// Reads and encodes rows.
    ///
    /// - Parameters:
    ///   - dataset: the dataset's name; nil for the pipeline's first.
    ///   - limit: how many rows at most.
    /// - Returns: the encoded text, uncompressed.
    /// - Throws: `ExportError`, `PostgresError`, `StoreError`.
    public func rows(dataset: String?, limit: Int) throws -> [UInt8] {
        guard let wanted = spec.datasets.first(where: { dataset == nil || $0.name == dataset }) else {
            throw ExportError(
                .configuration, operation: "preview", object: "dataset \(dataset ?? "")",
                reason: "pipeline \(spec.name) has no such dataset",
                hint: "It has: \(spec.datasets.map(\.name).joined(separator: ", ")).")
        }
        let lakeLog = CommitLog(store: try Destination.open(spec, log: log), pipeline: spec.name)
        try lakeLog.load()
        let source = try Source(url: spec.source.url.value, applicationName: spec.source.applicationName)
        let planner = Planner(spec: spec, source: source, state: lakeLog.state, log: log)
        let plan = try planner.everything(of: wanted)
        var reader = try RowReader(dataset: plan)
        let encoder = RowEncoder(format: plan.output.rowFormat, columns: plan.schema.columns.map(\.column))
        var text = ByteBuffer()
        encoder.encodeHeader(into: &text)
        var left = limit
        for leaf in plan.leaves where left > 0 {
            let copy = try source.connection.copyOut(
                """
                COPY (SELECT \(plan.fields.map(\.expression).joined(separator: ", ")) \
                FROM \(plan.from(leaf.unbounded)) \
                \(plan.filter.map { "WHERE (\($0)) " } ?? "")LIMIT \(left)) TO STDOUT (FORMAT binary)
                """)
            while try copy.next() {
                try reader.read(copy)
                left -= 1
                if reader.batch.isFull { reader.encodeAll(encoder, into: &text) }
            }
        }
        reader.encodeAll(encoder, into: &text)
        return text.span.withUnsafeBufferPointer { Array($0) }
    }
}

extension LeafPlan {
    /// The leaf with a window that holds everything, for relations that have `:low` and `:high` in their query.
    var unbounded: LeafPlan {
        var all = self
        (all.low, all.high) = (nil, .max)
        return all
    }
}

extension RowReader {
    /// Encodes all rows of the batch, whatever their partition, and forgets them.
    mutating func encodeAll(_ encoder: RowEncoder, into text: inout ByteBuffer) {
        let all = (0..<Int32(batch.rowCount)).map { $0 }
        encoder.encode(batch, rows: all.span, into: &text)
        clear()
    }
}
