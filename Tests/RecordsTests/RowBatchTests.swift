import Records
import Testing

@Suite("RowBatch")
struct RowBatchTests {
    private let columns = [Column(name: "a", type: .int64), Column(name: "b", type: .string)]

    @Test("a cell is missing until it is set, and setting it again overwrites it")
    func cells() {
        var batch = RowBatch(columns: columns)
        batch.addRow()
        #expect(batch.state(0, 0) == .missing)
        #expect(batch.int64(0, 0) == 0)
        #expect(batch.text(0, 1).byteCount == 0)
        batch.set(0, int64: 5)
        batch.set(1, "old")
        batch.set(1, "new text")
        #expect(batch.state(0, 0) == .value)
        #expect(batch.int64(0, 0) == 5)
        #expect(batch.text(0, 1).string == "new text")
        batch.setNull(0)
        batch.clear(1)
        #expect(batch.state(0, 0) == .null)
        #expect(batch.int64(0, 0) == 0)
        #expect(batch.state(0, 1) == .missing)
        #expect(batch.text(0, 1).byteCount == 0)
    }

    @Test("values are set on the last row and stay in theirs")
    func lastRow() {
        var batch = RowBatch(columns: columns, rowCapacity: 100)
        for row in 0..<100 {
            batch.addRow()
            batch.set(0, int64: Int64(row))
            batch.set(1, addingCapacity: 3) { out in
                for byte in "\(row)".utf8 { out.append(byte) }
            }
        }
        #expect(batch.rowCount == 100)
        for row in 0..<100 {
            #expect(batch.int64(row, 0) == Int64(row))
            #expect(batch.text(row, 1).string == "\(row)")
        }
    }

    @Test("a batch is full when it has its rows")
    func fullOfRows() {
        var batch = RowBatch(columns: columns, rowCapacity: 3)
        for _ in 0..<3 {
            #expect(batch.isFull == false)
            batch.addRow()
        }
        #expect(batch.isFull == true)
    }

    @Test("a batch is full when its values take eight mebibytes")
    func fullOfBytes() {
        var batch = RowBatch(columns: columns)
        let megabyte = [UInt8](repeating: 65, count: 1 << 20)
        for _ in 0..<8 {
            #expect(batch.isFull == false)
            batch.addRow()
            batch.set(1, megabyte)
        }
        #expect(batch.isFull == true)
        #expect(batch.text(7, 1).byteCount == 1 << 20)
    }

    @Test("an emptied batch remembers nothing")
    func removeAll() {
        var batch = RowBatch(columns: columns, rowCapacity: 2)
        for round in 0..<3 {
            for _ in 0..<2 {
                batch.addRow()
                #expect(batch.state(batch.rowCount - 1, 0) == .missing)
                #expect(batch.text(batch.rowCount - 1, 1).byteCount == 0)
                batch.set(0, int64: Int64(round))
                // In one round the values are large enough for the batch to give its room back.
                batch.set(1, [UInt8](repeating: 66, count: round == 1 ? 40 << 20 : 7))
            }
            #expect(batch.isFull == true)
            batch.removeAll()
            #expect(batch.rowCount == 0)
            #expect(batch.isFull == false)
        }
    }

    @Test("a batch of very many columns takes fewer rows, not gigabytes")
    func manyColumns() {
        let columns = (0..<20_000).map { Column(name: "\($0)", type: .int64) }
        var batch = RowBatch(columns: columns)
        #expect((100..<300).contains(batch.rowCapacity))
        #expect(RowBatch(columns: columns, rowCapacity: 10).rowCapacity == 10)
        batch.addRow()
        batch.set(19_999, int64: 7)
        #expect(batch.encoded(as: .ndjson) == "{\"19999\":7}\n".utf8Bytes)
        #expect(RowBatch(columns: [], rowCapacity: 5_000).rowCapacity == 5_000)
        #expect(RowBatch(columns: Array(columns.prefix(500)), rowCapacity: 5_000).rowCapacity == 5_000)
    }

    @Test("a body that throws leaves the cell as it was")
    func throwing() {
        struct Failure: Error {}
        var batch = RowBatch(columns: columns)
        batch.addRow()
        batch.set(1, "kept")
        #expect(throws: Failure.self) {
            try batch.set(1, addingCapacity: 8) { (out) throws(Failure) in
                out.append(1)
                throw Failure()
            }
        }
        #expect(throws: Failure.self) {
            try batch.set(1) { (text) throws(Failure) in
                text.append(1)
                throw Failure()
            }
        }
        #expect(batch.text(0, 1).string == "kept")
        batch.set(1) { $0.append(Array("after".utf8)) }
        #expect(batch.text(0, 1).string == "after")
    }
}
