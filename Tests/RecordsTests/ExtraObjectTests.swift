import Records
import Testing

@Suite("ExtraObject")
struct ExtraObjectTests {
    private func add(_ pointer: String, _ raw: String, to extra: inout ExtraObject) {
        let bytes = raw.utf8Bytes
        extra.add(pointer: pointer, raw: bytes.span.bytes)
    }

    @Test("values added by hand stand under their pointers, in order, on one line")
    func add() {
        var batch = RowBatch(columns: [Column(name: "_extra", type: .json)])
        var extra = ExtraObject()
        #expect(extra.isEmpty == true)
        for round in 0..<3 {
            batch.addRow()
            add("/a \"b\"", "[1,\n2]", to: &extra)
            add("/ü/\u{1}", "\"\(round)\"", to: &extra)
            #expect(extra.isEmpty == false)
            extra.finish(into: &batch, column: 0)
            #expect(extra.isEmpty == true)
            #expect(batch.text(round, 0).string == #"{"/a \"b\"":[1,2],"/ü/\u0001":"\#(round)"}"#)
        }
    }

    @Test("what is forgotten is not written")
    func removeAll() {
        var batch = RowBatch(columns: [Column(name: "_extra", type: .json)])
        var extra = ExtraObject()
        add("/a", "1", to: &extra)
        extra.removeAll()
        #expect(extra.isEmpty == true)
        batch.addRow()
        add("/b", "2", to: &extra)
        extra.finish(into: &batch, column: 0)
        #expect(batch.text(0, 0).string == #"{"/b":2}"#)
    }
}
