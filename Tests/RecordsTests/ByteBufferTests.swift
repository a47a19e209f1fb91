import Records
import Testing

@Suite("ByteBuffer")
struct ByteBufferTests {
    @Test("what is appended comes out again, whatever its length and however it is appended")
    func append() {
        var random = SeededGenerator(seed: 3)
        var buffer = ByteBuffer()
        var expected: [UInt8] = []
        for _ in 0..<3_000 {
            let bytes = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
            switch random.below(4) {
            case 0: buffer.append(bytes)
            case 1: buffer.append(bytes.span.bytes)
            case 2:
                buffer.append(addingCapacity: bytes.count + 5) { out in
                    for byte in bytes { out.append(byte) }
                }
            default: for byte in bytes { buffer.append(byte) }
            }
            expected += bytes
        }
        #expect(buffer.count == expected.count)
        #expect(buffer.copy() == expected)
        #expect(buffer.bytes.byteCount == expected.count)
    }

    @Test("every length is copied whole", arguments: 0...100)
    func lengths(length: Int) {
        let bytes = (0..<length).map { UInt8($0 + 1) }
        var buffer = ByteBuffer()
        buffer.append(0xFF)
        buffer.append(bytes)
        buffer.append(0xFE)
        #expect(buffer.copy() == [0xFF] + bytes + [0xFE])
    }

    @Test("an emptied buffer begins anew")
    func removeAll() {
        var buffer = ByteBuffer(capacity: 10)
        #expect(buffer.copy().isEmpty)
        buffer.append("text")
        buffer.removeAll()
        #expect(buffer.count == 0)
        buffer.append("new")
        #expect(buffer.string == "new")
    }

    @Test("a body that throws adds nothing")
    func throwing() {
        struct Failure: Error {}
        var buffer = ByteBuffer()
        buffer.append("a")
        #expect(throws: Failure.self) {
            try buffer.append(addingCapacity: 4) { (out) throws(Failure) in
                out.append(1)
                throw Failure()
            }
        }
        buffer.append("b")
        #expect(buffer.string == "ab")
    }
}
