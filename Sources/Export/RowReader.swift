import Lake
import Postgres
import Records

/// Takes COPY rows apart: each goes to its table, and the elements of its arrays to theirs.
final class RowReader {
    /// A table's rows: read, and not yet written out.
    final class TableRows {
        /// The table's place in the plan.
        let number: Int
        /// The rows.
        var reader: TableReader
        /// The tables of the elements of its arrays, by name.
        fileprivate let children: [String: Int]

        fileprivate init(_ number: Int, _ reader: consuming TableReader, _ children: [String: Int]) {
            self.number = number
            self.reader = reader
            self.children = children
        }
    }

    /// The partitions met so far, by number.
    private(set) var partitioner: Partitioner
    /// The rows of the source that were read.
    private(set) var rows: Int64 = 0

    private let dataset: DatasetPlan
    private let redaction: Redaction?
    private let rowCapacity: Int
    private let parts: [Part]
    private let split: Split?
    /// Each table's rows, from its first row on.
    private var tables: [TableRows?]
    private var place = RowPlace()
    /// The row's value of the column that the dataset is split by.
    private var value: [UInt8] = []

    /// A part of the partition path.
    private struct Part {
        let field: Int
        let type: PostgresType
        let unit: PartitionPlan.Unit
    }

    /// How a row's table is found.
    private struct Split {
        let field: Int
        var tables: [[UInt8]: Int] = [:]
        var null: Int?
        var others = 0
    }

    /// A batch takes so many rows; fewer where a unit fills many tables.
    private static let batchRows = 1_024
    private static let batchRowsOfMany = 256

    /// Prepares for a dataset's rows.
    ///
    /// - Parameters:
    ///   - dataset: the dataset.
    ///   - redaction: what is made unreadable; nil for nothing.
    /// - Throws: `ExportError` when the plan names a field or type that it does not hold.
    init(dataset: DatasetPlan, redaction: Redaction?) throws {
        self.dataset = dataset
        self.redaction = redaction
        rowCapacity = dataset.tables.count > 2 ? Self.batchRowsOfMany : Self.batchRows
        partitioner = Partitioner(parts: dataset.partitions)
        parts = try dataset.partitions.map { part in
            let field = try dataset.field([part.field])
            return Part(field: field.index, type: field.type, unit: part.by)
        }
        tables = dataset.tables.map { _ in nil }
        guard let name = dataset.split else {
            split = nil
            return
        }
        var split = Split(field: try dataset.field([name]).index)
        for (number, table) in dataset.tables.enumerated() where table.items == nil {
            switch table.share {
            case .all, .others: split.others = number
            case .value(let value?): split.tables[Array(value.utf8)] = number
            case .value(nil): split.null = number
            }
        }
        self.split = split
    }

    /// Reads the row that the reader stands on.
    ///
    /// - Parameters:
    ///   - reader: the reader.
    ///   - full: takes a table's rows when they fill a batch, and clears them.
    /// - Throws: `PostgresError` for a malformed field, `RecordError` for a malformed document; what `full` throws.
    func read(_ reader: CopyReader, full: (TableRows) throws -> Void) throws {
        try find(reader)
        rows += 1
        let table = try table(split.map { self.table($0, reader) } ?? 0)
        try table.reader.read(reader, to: place)
        if !table.children.isEmpty { try explode(table, parents: [], reader, full) }
        if table.reader.batch.isFull { try full(table) }
    }

    /// Gives what is read and not yet written out.
    func rest(_ body: (TableRows) throws -> Void) throws {
        for table in tables { if let table, table.reader.batch.rowCount > 0 { try body(table) } }
    }

    /// What no column took, by table and path.
    var strays: [StrayCount] { StrayCount.sum(tables.flatMap { $0?.reader.strays ?? [] }) }

    // MARK: - A row's places

    /// Finds the row's partition.
    private func find(_ reader: CopyReader) throws {
        partitioner.beginRow()
        place.moments.removeAll(keepingCapacity: true)
        for part in parts {
            let field = reader.field(part.field)
            if part.unit == .value {
                partitioner.add(text: field)
                place.moments.append(.min)
            } else {
                let moment = try Self.moment(field, part.type)
                partitioner.add(moment: moment, by: part.unit)
                place.moments.append(moment ?? .min)
            }
        }
        place.partition = partitioner.endRow()
    }

    /// A moment in microseconds since 2000-01-01 UTC; nil for NULL and the infinities.
    private static func moment(_ field: RawSpan?, _ type: PostgresType) throws -> Int64? {
        guard let field else { return nil }
        if type == .date {
            let days = try Field.date(field)
            return days == .max || days == .min ? nil : Int64(days) * 86_400_000_000
        }
        let moment = try Field.timestamp(field)
        return moment == .max || moment == .min ? nil : moment
    }

    /// The number of the row's table.
    private func table(_ split: Split, _ reader: CopyReader) -> Int {
        guard let field = reader.field(split.field) else { return split.null ?? split.others }
        value.removeAll(keepingCapacity: true)
        field.withUnsafeBytes { value.append(contentsOf: $0) }
        return split.tables[value] ?? split.others
    }

    private func table(_ number: Int) throws -> TableRows {
        if let table = tables[number] { return table }
        let plan = dataset.tables[number]
        var children: [String: Int] = [:]
        for (number, child) in dataset.tables.enumerated() where child.items?.parent == plan.name {
            children[child.name] = number
        }
        let table = TableRows(
            number,
            try TableReader(dataset: dataset, table: plan, rowCapacity: rowCapacity, redaction: redaction), children)
        tables[number] = table
        return table
    }

    // MARK: - Arrays

    /// Makes rows of the elements of the arrays in a table's last row.
    private func explode(
        _ parent: TableRows, parents: [Int], _ reader: CopyReader, _ full: (TableRows) throws -> Void
    ) throws {
        for number in parent.reader.exploded {
            try parent.reader.forEachElement(of: number) { name, index, element in
                guard let child = parent.children[name] else { return }
                let table = try self.table(child)
                try table.reader.read(element: element, index: index, parents: parents, reader, to: place)
                if !table.children.isEmpty { try explode(table, parents: parents + [index], reader, full) }
                if table.reader.batch.isFull { try full(table) }
            }
        }
    }
}
