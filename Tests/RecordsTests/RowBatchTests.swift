import Records
import Testing

@Suite("RowBatch and ByteBuffer")
struct RowBatchTests {
    private let columns = [
        Column(name: "s", type: .string), Column(name: "n", type: .int64), Column(name: "d", type: .double),
        Column(name: "j", type: .json),
    ]

    @Test("a cell is missing until it is set, and the last setting counts")
    func cells() {
        var batch = RowBatch(columns: columns, rowCapacity: 3)
        batch.addRow()
        for column in columns.indices { #expect(batch.state(0, column) == .missing) }
        batch.set(0, text: Array("one".utf8).span.bytes)
        batch.set(0, text: Array("two".utf8).span.bytes)
        batch.set(1, int64: 7)
        batch.setNull(1)
        batch.set(2, double: -0.5)
        batch.set(3, json: Array("{\n\"a\" : 1}".utf8).span.bytes)
        batch.addRow()
        batch.set(1, bool: true)
        batch.set(0, addingCapacity: 8) { $0.append(UInt8(ascii: "x")) }
        batch.set(3, appending: { $0.append("[]") })
        batch.set(2, double: 1)
        batch.clear(2)
        #expect(batch.cellText(0, 0) == "two")
        #expect(batch.state(0, 1) == .null)
        #expect(batch.double(0, 2) == -0.5)
        #expect(batch.cellText(0, 3) == "{\"a\":1}")
        #expect(batch.int64(1, 1) == 1)
        #expect(batch.cellText(1, 0) == "x")
        #expect(batch.cellText(1, 3) == "[]")
        #expect(batch.state(1, 2) == .missing)
    }

    @Test("after removeAll all cells are missing again")
    func removeAll() {
        var batch = RowBatch(columns: columns, rowCapacity: 2)
        for _ in 0..<2 {
            batch.addRow()
            for column in columns.indices { batch.set(column, int64: 1) }
        }
        let isFull = batch.isFull
        #expect(isFull)
        batch.removeAll()
        #expect(batch.rowCount == 0)
        for row in 0..<2 {
            batch.addRow()
            for column in columns.indices { #expect(batch.state(row, column) == .missing) }
        }
    }

    @Test("a batch is full when its values pass 8 MiB, and a large value survives it")
    func arenaLimit() {
        var batch = RowBatch(columns: columns, rowCapacity: 100)
        let large = [UInt8](repeating: UInt8(ascii: "x"), count: 9 << 20)
        batch.addRow()
        batch.set(0, text: Array("first".utf8).span.bytes)
        var isFull = batch.isFull
        #expect(!isFull)
        batch.set(3, text: large.span.bytes)
        isFull = batch.isFull
        #expect(isFull)
        #expect(batch.cellText(0, 0) == "first")
        #expect(batch.text(0, 3).byteCount == large.count)
    }

    @Test("a text is empty where a cell holds none, and no cell's slot is read as a place")
    func textOfOthers() {
        var batch = RowBatch(columns: columns, rowCapacity: 1)
        batch.addRow()
        batch.set(1, int64: .max)
        for column in columns.indices { #expect(batch.text(0, column).byteCount == 0) }
    }

    @Test("a body that throws appends nothing")
    func throwingBody() {
        struct Refusal: Error {}
        var buffer = ByteBuffer()
        buffer.append("ab")
        #expect(throws: Refusal.self) {
            try buffer.append(addingCapacity: 100) { output throws(Refusal) in
                output.append(1)
                throw Refusal()
            }
        }
        #expect(buffer.string == "ab")
        buffer.append([UInt8](repeating: 0x63, count: 1_000))
        #expect(buffer.string == "ab" + String(repeating: "c", count: 1_000))
        buffer.removeAll()
        #expect(buffer.count == 0)
    }

    @Test("pointer steps, hexadecimal text and lines are written as their standards say")
    func texts() {
        #expect(JSONText.pointerStep("a/b~c~1") == "a~1b~0c~01")
        var text = ByteBuffer()
        JSONText.appendHexadecimal(Array<UInt8>([0x00, 0xAB, 0xFF]).span.bytes, to: &text)
        #expect(text.string == "\\x00abff")
        text.removeAll()
        JSONText.appendOneLine(Array("[1,\n \"a \\\\\",  \"\\\" \"]".utf8).span.bytes, to: &text)
        #expect(text.string == "[1,\"a \\\\\",\"\\\" \"]")
    }
}
