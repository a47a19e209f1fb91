import Records

/// A plan for one document column, and the documents flattened by it.
struct Sheet {
    var targets: [(path: [String], type: ColumnType)]
    var depth = 5
    var keepsUnplanned = true
    var mayRepeatKeys = false
    /// Whether columns are called `c0`, `c1` and so on, not by their paths.
    var isNumbered = false

    /// - Parameter targets: paths, their keys joined by dots, and types; "" is the whole document.
    init(
        _ targets: KeyValuePairs<String, ColumnType>, depth: Int = 5, keepsUnplanned: Bool = true,
        mayRepeatKeys: Bool = false
    ) {
        self.init(
            paths: targets.map { ($0.key.isEmpty ? [] : $0.key.split(separator: ".").map(String.init), $0.value) },
            depth: depth, keepsUnplanned: keepsUnplanned, mayRepeatKeys: mayRepeatKeys)
    }

    init(
        paths targets: [([String], ColumnType)], depth: Int = 5, keepsUnplanned: Bool = true,
        mayRepeatKeys: Bool = false, isNumbered: Bool = false
    ) {
        self.isNumbered = isNumbered
        self.targets = targets
        self.depth = depth
        self.keepsUnplanned = keepsUnplanned
        self.mayRepeatKeys = mayRepeatKeys
    }

    /// The targets' columns, and `_extra`.
    var columns: [Column] {
        let own = targets.enumerated().map { index, target in
            Column(name: isNumbered ? "c\(index)" : target.path.joined(separator: "."), type: target.type)
        }
        return own + [Column(name: "_extra", type: .json)]
    }

    func flattener() -> Flattener {
        Flattener(
            source: "payload",
            targets: targets.enumerated().map { FlattenTarget(path: $1.path, column: $0, type: $1.type) },
            depth: depth, keepsUnplanned: keepsUnplanned, mayRepeatKeys: mayRepeatKeys)
    }

    /// Flattens documents, a row each, and returns the encoded rows.
    func encode(_ documents: [[UInt8]], as format: RowFormat, _ flattener: inout Flattener) throws -> [UInt8] {
        var batch = RowBatch(columns: columns, rowCapacity: max(1, documents.count))
        var extra = ExtraObject()
        for document in documents {
            batch.addRow()
            try flattener.flatten(document.span.bytes, into: &batch, extra: &extra)
            if !extra.isEmpty { extra.finish(into: &batch, column: targets.count) }
        }
        return batch.encoded(as: format)
    }

    /// A document's row as NDJSON, without the line end.
    func row(_ document: String) throws -> String {
        var flattener = flattener()
        let bytes = try encode([Array(document.utf8)], as: .ndjson, &flattener)
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    /// What was counted when the documents had been flattened.
    func strays(_ documents: [String]) throws -> [StrayPath] {
        var flattener = flattener()
        _ = try encode(documents.map { Array($0.utf8) }, as: .ndjson, &flattener)
        return flattener.strays
    }
}

extension RowBatch {
    /// All rows, encoded.
    func encoded(as format: RowFormat) -> [UInt8] {
        encoded(as: format, rows: Array(0..<Int32(rowCount)))
    }

    func encoded(as format: RowFormat, rows: [Int32]) -> [UInt8] {
        var text = ByteBuffer()
        let encoder = RowEncoder(format: format, columns: columns)
        encoder.encodeHeader(into: &text)
        encoder.encode(self, rows: rows.span, into: &text)
        return text.copy()
    }
}

extension ByteBuffer {
    func copy() -> [UInt8] { (0..<count).map { span[$0] } }
    var string: String { String(decoding: copy(), as: UTF8.self) }
}

extension RawSpan {
    var string: String {
        String(decoding: (0..<byteCount).map { unsafeLoad(fromByteOffset: $0, as: UInt8.self) }, as: UTF8.self)
    }
}

extension CSVOptions {
    static func with(header: Bool = false, delimiter: Character = ",", null: String = "") -> CSVOptions {
        var options = CSVOptions()
        options.header = header
        options.delimiter = delimiter.asciiValue ?? UInt8(ascii: ",")
        options.null = null
        return options
    }
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

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    mutating func oneIn(_ limit: Int) -> Bool { below(limit) == 0 }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

extension RowBatch {
    mutating func set(_ column: Int, _ text: String) { set(column, Array(text.utf8)) }
    mutating func set(_ column: Int, _ bytes: [UInt8]) { set(column, text: bytes.span.bytes) }
}

extension String {
    var utf8Bytes: [UInt8] { Array(utf8) }
}
