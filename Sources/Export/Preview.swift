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
        // A dataset that is made of another by `split_by` or `arrays: explode` begins with its name.
        let named = spec.datasets.filter { own in
            dataset.map { $0 == own.name || $0.hasPrefix(own.name + "/") || $0.hasPrefix(own.name + "__") } ?? true
        }
        guard let wanted = named.first(where: { $0.name == dataset }) ?? named.first else {
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
        let reader = try RowReader(dataset: plan, redaction: Redaction(spec))
        let previews = plan.tables.map { TablePreview($0, plan.output) }
        let take = { (rows: RowReader.TableRows) in previews[rows.number].take(&rows.reader) }
        var left = limit
        for leaf in plan.leaves where left > 0 {
            let copy = try source.connection.copyOut(
                """
                COPY (SELECT \(plan.fields.map(\.expression).joined(separator: ", ")) \
                FROM \(plan.from(leaf.unbounded)) \
                \(plan.filter.map { "WHERE (\($0)\n) " } ?? "")LIMIT \(left)) TO STDOUT (FORMAT binary)
                """)
            while try copy.next() {
                try reader.read(copy, full: take)
                left -= 1
            }
        }
        try reader.rest(take)
        if let dataset, dataset != wanted.name {
            guard let preview = previews.first(where: { $0.name == dataset }) else {
                throw ExportError(
                    .configuration, operation: "preview", object: "dataset \(dataset)",
                    reason: "dataset \(wanted.name) makes no such one of its rows",
                    hint: "It makes: \(plan.tables.map(\.name).joined(separator: ", ")).")
            }
            return preview.bytes
        }
        return previews.filter { $0.rows > 0 || plan.tables.count == 1 }.flatMap { $0.bytes }
    }
}

/// A table's first rows as they would be written.
private final class TablePreview {
    let name: String
    private(set) var rows = 0
    private let encoder: RowEncoder
    private(set) var bytes: [UInt8] = []

    init(_ table: TablePlan, _ output: OutputPlan) {
        name = table.name
        encoder = RowEncoder(format: output.rowFormat, columns: table.schema.columns.map(\.column))
        var text = ByteBuffer()
        encoder.encodeHeader(into: &text)
        bytes = text.span.withUnsafeBufferPointer { Array($0) }
    }

    /// Takes all rows of the reader's batch, whatever their partition.
    func take(_ reader: inout TableReader) {
        let all = (0..<Int32(reader.batch.rowCount)).map { $0 }
        var text = ByteBuffer()
        encoder.encode(reader.batch, rows: all.span, into: &text)
        bytes += text.span.withUnsafeBufferPointer { Array($0) }
        rows += all.count
        reader.clear()
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
