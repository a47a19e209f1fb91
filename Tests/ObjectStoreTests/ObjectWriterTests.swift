import ObjectStore
import TestSupport
import Testing

@Suite struct ObjectWriterTests {
    @Test("An object of up to one part is one PUT; a larger one is parts of equal size, and the rest")
    func sizes() throws {
        for (count, calls) in [
            (0, ["put"]), (9, ["put"]), (10, ["put"]), (11, ["start", "part", "part", "complete"]),
            (20, ["start", "part", "part", "complete"]), (21, ["start", "part", "part", "part", "complete"]),
        ] {
            let store = RetryingStoreTests.FlakyStore([])
            let writer = ObjectWriter(store: store, key: "k")
            for _ in 0..<count { try writer.write([1]) }
            #expect(writer.size == Int64(count))
            #expect(try writer.finish().size == Int64(count))
            #expect(store.log == calls, "\(count) bytes")
        }
    }

    @Test("After an error the writer is aborted, and what it began is taken back")
    func failure() throws {
        let store = RetryingStoreTests.FlakyStore([])
        let writer = ObjectWriter(store: store, key: "k")
        try writer.write([UInt8](repeating: 1, count: 15))
        writer.abort()
        writer.abort()
        #expect(store.log == ["start", "part", "abort"])

        let broken = RetryingStoreTests.FlakyStore([RetryingStoreTests.failure()])
        let unlucky = ObjectWriter(store: broken, key: "k")
        #expect(throws: StoreError.self) { try unlucky.write([UInt8](repeating: 1, count: 15)) }
        unlucky.abort()
        #expect(broken.log == ["start"])
    }

    @Test("What is finished is not aborted afterwards")
    func abortAfterFinish() throws {
        let store = RetryingStoreTests.FlakyStore([])
        let writer = ObjectWriter(store: store, key: "k")
        try writer.write([UInt8](repeating: 1, count: 15))
        try writer.finish()
        writer.abort()
        #expect(store.log == ["start", "part", "part", "complete"])
    }
}
