import Records

/// What one document became: its cells by column, its `_extra`, and what was counted.
struct FlattenedRow {
    let states: [RowBatch.CellState]
    /// Each cell as CSV writes it, unquoted.
    let cells: [String?]
    let extra: String?
    let strays: [StrayPath]

    /// Flattens one document.
    ///
    /// - Parameters:
    ///   - json: the document.
    ///   - targets: paths and types, a column each.
    init(
        _ json: String, _ targets: [([String], ColumnType)] = [], depth: Int = 5, keepsUnplanned: Bool = true
    ) throws {
        try self.init(Array(json.utf8), targets, depth: depth, keepsUnplanned: keepsUnplanned)
    }

    init(
        _ json: [UInt8], _ targets: [([String], ColumnType)] = [], depth: Int = 5, keepsUnplanned: Bool = true
    ) throws {
        try self.init(json, plan: Self.plan(targets), depth: depth, keepsUnplanned: keepsUnplanned)
    }

    /// Flattens one document.
    ///
    /// - Parameters:
    ///   - json: the document.
    ///   - targets: what goes where, the columns numbered from 0.
    init(
        _ json: [UInt8], plan targets: [FlattenTarget], depth: Int = 5, keepsUnplanned: Bool = true
    ) throws {
        var batch = RowBatch(columns: Self.columns(plan: targets), rowCapacity: 1)
        var flattener = Flattener(source: "payload", targets: targets, depth: depth, keepsUnplanned: keepsUnplanned)
        var extra = ExtraObject()
        batch.addRow()
        try flattener.flatten(json.span.bytes, into: &batch, extra: &extra)
        if !extra.isEmpty { extra.finish(into: &batch, column: targets.count) }
        self.init(batch, row: 0, strays: flattener.strays)
    }

    init(_ batch: borrowing RowBatch, row: Int, strays: [StrayPath] = []) {
        let count = batch.columns.count - 1
        var states: [RowBatch.CellState] = []
        var cells: [String?] = []
        for column in 0..<count {
            states.append(batch.state(row, column))
            let isThere = states[column] == .value || states[column] == .plainText
            cells.append(isThere ? batch.cellText(row, column) : nil)
        }
        self.states = states
        self.cells = cells
        extra = batch.state(row, count) == .missing ? nil : batch.cellText(row, count)
        self.strays = strays
    }

    static func columns(_ targets: [([String], ColumnType)]) -> [Column] {
        columns(plan: plan(targets))
    }

    static func columns(plan targets: [FlattenTarget]) -> [Column] {
        targets.sorted { $0.column < $1.column }.map { Column(name: "c\($0.column)", type: $0.type) }
            + [Column(name: "_extra", type: .json)]
    }

    static func plan(_ targets: [([String], ColumnType)]) -> [FlattenTarget] {
        targets.enumerated().map { FlattenTarget(keys: $0.element.0, column: $0.offset, type: $0.element.1) }
    }

    static func flattener(
        _ targets: [([String], ColumnType)], depth: Int = 5, keepsUnplanned: Bool = true
    ) -> Flattener {
        Flattener(source: "payload", targets: plan(targets), depth: depth, keepsUnplanned: keepsUnplanned)
    }

    /// What a cell that is not missing stands for; nil when it holds no JSON where it should.
    func value(_ column: Int, _ type: ColumnType) -> ReferenceJSON? {
        guard let cell = cells[column] else { return .null }
        return switch type {
        case .string, .uuid, .date, .timestamp: .text(cell)
        case .int64, .number, .decimal, .double: .number(cell)
        case .bool: .bool(cell == "true")
        case .json, .bytes: ReferenceJSON(cell.utf8)
        }
    }

    /// The document, from columns and `_extra`; nil when a path has a value in both.
    func rebuilt(_ targets: [([String], ColumnType)]) -> ReferenceJSON? {
        var document: ReferenceJSON?
        var taken: Set<[[UInt16]]> = []
        func put(_ path: [[UInt16]], _ value: ReferenceJSON) {
            document = (document ?? .object([:])).setting(path[...], to: value)
        }
        for (index, (path, type)) in targets.enumerated() {
            guard states[index] != .missing else { continue }
            let keys = path.map { Array($0.utf16) }
            taken.insert(keys)
            guard let value = value(index, type) else { return nil }
            put(keys, value)
        }
        if let extra {
            guard case .object(let entries) = ReferenceJSON(extra.utf8, allowsRepeats: false) else { return nil }
            for (pointer, value) in entries {
                let keys = ReferenceJSON.keys(ofPointer: pointer)
                // Where a path has two columns, one may take what the other cannot.
                if taken.contains(keys), targets.count(where: { $0.0.map { Array($0.utf16) } == keys }) == 1 {
                    return nil
                }
                put(keys, value)
            }
        }
        return document
    }
}

extension RowBatch {
    /// A cell's text, whatever its type.
    borrowing func cellText(_ row: Int, _ column: Int) -> String {
        switch columns[column].type {
        case .int64: return String(int64(row, column))
        case .bool: return int64(row, column) == 0 ? "false" : "true"
        case .double: return double(row, column).description
        case .timestamp:
            var text = ByteBuffer()
            text.append(addingCapacity: 27) { TimeText.timestamp(int64(row, column), to: &$0) }
            return text.string
        case .date:
            var text = ByteBuffer()
            text.append(addingCapacity: 10) { TimeText.date(int64(row, column), to: &$0) }
            return text.string
        default: return text(row, column).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
    }
}

extension ByteBuffer {
    /// The bytes as text.
    var string: String { span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) } }
}

/// Fields as RFC 4180 lays them out: records of fields, each with whether it was quoted.
func readCSV(_ text: String, delimiter: UInt8 = UInt8(ascii: ",")) -> [[(text: String, isQuoted: Bool)]] {
    var records: [[(text: String, isQuoted: Bool)]] = []
    var record: [(text: String, isQuoted: Bool)] = []
    var field: [UInt8] = []
    var (isQuoted, inQuotes) = (false, false)
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if inQuotes {
            if byte != UInt8(ascii: "\"") {
                field.append(byte)
            } else if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                field.append(byte)
                index += 1
            } else {
                inQuotes = false
            }
        } else if byte == UInt8(ascii: "\""), field.isEmpty, !isQuoted {
            (isQuoted, inQuotes) = (true, true)
        } else if byte == delimiter || byte == UInt8(ascii: "\n") {
            record.append((String(decoding: field, as: UTF8.self), isQuoted))
            (field, isQuoted) = ([], false)
            if byte == UInt8(ascii: "\n") {
                records.append(record)
                record = []
            }
        } else {
            field.append(byte)
        }
    }
    return records
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
