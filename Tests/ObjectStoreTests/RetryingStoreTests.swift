import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ObjectStore

@Suite struct RetryingStoreTests {
    /// Fails as told before it works.
    final class FlakyStore: ObjectStore {
        let location = "flaky:"
        let partSize = 10
        private let failures: Mutex<[StoreError]>
        private let calls = Mutex<[String]>([])

        init(_ failures: [StoreError]) { self.failures = Mutex(failures) }

        var log: [String] { calls.withLock(\.self) }

        private func call(_ name: String) throws(StoreError) {
            calls.withLock { $0.append(name) }
            if let error = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw error }
        }

        func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
            try call("put")
            return .written
        }
        func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? {
            try call("get")
            return []
        }
        func head(_ key: String) throws(StoreError) -> ObjectInfo? {
            try call("head")
            return nil
        }
        func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
            try call("list")
            return ListPage(objects: [])
        }
        func delete(_ key: String) throws(StoreError) { try call("delete") }
        func startUpload(_ key: String) throws(StoreError) -> UploadID {
            try call("start")
            return UploadID(key: key, id: "1")
        }
        func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
            try call("part")
            return UploadedPart(number: number, size: body.count, etag: "e")
        }
        func completeUpload(
            _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
        ) throws(StoreError) -> PutOutcome {
            try call("complete")
            return .written
        }
        func abortUpload(_ upload: UploadID) throws(StoreError) { try call("abort") }
        func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
            try call("uploads")
            return []
        }
    }

    static func failure(transient: Bool = true, retryAfter: Double? = nil) -> StoreError {
        StoreError(
            operation: "write", object: "flaky:/x", reason: "it is one of those days", isTransient: transient,
            retryAfter: retryAfter)
    }

    static let fast = RetryPolicy(attempts: 4, totalTime: 10, firstDelay: 0.001, longestDelay: 0.002)

    @Test("Every operation is tried again after what may pass")
    func all() throws {
        let flaky = FlakyStore([])
        func each(_ body: (RetryingStore) throws -> Void) rethrows -> [String] {
            let flaky = FlakyStore([Self.failure(), Self.failure()])
            try body(RetryingStore(flaky, policy: Self.fast))
            return flaky.log
        }
        let upload = UploadID(key: "k", id: "1")
        #expect(try each { try $0.put("k", [], .none) } == ["put", "put", "put"])
        #expect(try each { _ = try $0.get("k", range: nil) } == ["get", "get", "get"])
        #expect(try each { _ = try $0.head("k") } == ["head", "head", "head"])
        #expect(try each { _ = try $0.list("k", after: nil) } == ["list", "list", "list"])
        #expect(try each { try $0.delete("k") } == ["delete", "delete", "delete"])
        #expect(try each { _ = try $0.startUpload("k") } == ["start", "start", "start"])
        #expect(try each { _ = try $0.uploadPart(upload, number: 1, []) } == ["part", "part", "part"])
        #expect(try each { try $0.completeUpload(upload, [], .none) } == ["complete", "complete", "complete"])
        #expect(try each { try $0.abortUpload(upload) } == ["abort", "abort", "abort"])
        #expect(RetryingStore(flaky).location == "flaky:")
        #expect(RetryingStore(flaky).partSize == 10)
    }

    @Test("What will not pass is not tried again")
    func lasting() throws {
        let flaky = FlakyStore([Self.failure(transient: false)])
        let error = try #require(throws: StoreError.self) {
            try RetryingStore(flaky, policy: Self.fast).put("k", [], .none)
        }
        #expect(flaky.log.count == 1)
        #expect(error.attempts == 1)
        #expect(error.description == "Could not write flaky:/x: it is one of those days.")
    }

    @Test("Attempts are counted and bounded, and the error says how many there were")
    func attempts() throws {
        let flaky = FlakyStore(Array(repeating: Self.failure(), count: 10))
        let waits = Mutex<[Double]>([])
        var policy = Self.fast
        policy.onRetry = { _, seconds in waits.withLock { $0.append(seconds) } }
        let error = try #require(throws: StoreError.self) { try RetryingStore(flaky, policy: policy).delete("k") }
        #expect(flaky.log.count == 4)
        #expect(error.description.contains("tried 4 times"))
        #expect(waits.withLock(\.count) == 3)
        #expect(waits.withLock { $0.allSatisfy { $0 <= 0.002 } })
    }

    @Test("The total time is bounded, also when the store asks to wait longer")
    func totalTime() throws {
        var policy = RetryPolicy(attempts: 1000, totalTime: 0.3, firstDelay: 0.05, longestDelay: 0.05)
        let flaky = FlakyStore(Array(repeating: Self.failure(), count: 1000))
        let start = Date()
        #expect(throws: StoreError.self) { try RetryingStore(flaky, policy: policy).delete("k") }
        #expect(Date().timeIntervalSince(start) < 2)
        #expect(flaky.log.count > 2)

        policy.totalTime = 5
        let patient = FlakyStore([Self.failure(retryAfter: 3600)])
        #expect(throws: StoreError.self) { try RetryingStore(patient, policy: policy).delete("k") }
        #expect(patient.log.count == 1)
    }

    @Test("A wait grows from attempt to attempt, is random, and is never shorter than the store asks")
    func delays() {
        let policy = RetryPolicy(attempts: 100, totalTime: 100, firstDelay: 1, longestDelay: 20)
        let longest = (1...7).map { policy.delay(after: $0, Self.failure(), left: 100, random: 1) }
        #expect(longest == [1, 2, 4, 8, 16, 20, 20])
        #expect(policy.delay(after: 3, Self.failure(), left: 100, random: 0) == 0)
        #expect(policy.delay(after: 3, Self.failure(), left: 100, random: 0.25) == 1)
        #expect(policy.delay(after: 1, Self.failure(retryAfter: 7), left: 100, random: 1) == 7)
        #expect(policy.delay(after: 1, Self.failure(retryAfter: 7), left: 6) == nil)
        #expect(policy.delay(after: 1_000_000, Self.failure(), left: 100, random: 1) == 20)
    }

    @Test("Whoever wants to stop does not wait for the next attempt")
    func stop() throws {
        let stopping = Mutex(false)
        var policy = RetryPolicy(attempts: 10, totalTime: 100, firstDelay: 50, longestDelay: 50)
        policy.shouldStop = { stopping.withLock(\.self) }
        policy.onRetry = { _, _ in stopping.withLock { $0 = true } }
        let flaky = FlakyStore([Self.failure(retryAfter: 30)])
        let start = Date()
        #expect(throws: StoreError.self) { try RetryingStore(flaky, policy: policy).delete("k") }
        #expect(Date().timeIntervalSince(start) < 5)
        #expect(flaky.log.count == 1)
    }
}
