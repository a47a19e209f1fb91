import Glibc
import Synchronization

/// The store itself. Only in a debug build, and only if a test says so in the environment, a ``FaultyStore`` around it.
func withTestFaults(_ store: any ObjectStore, _ environment: [String: String]) -> any ObjectStore {
    #if DEBUG
        if let faults = TestFaults(environment) { return FaultyStore(store, faults) }
    #endif
    return store
}

#if DEBUG
    /// What a test wants to go wrong: how it holds the program to its promises at each write, and not only where dice fall.
    ///
    /// Writes are numbered from 1 in the order in which they begin, over all threads.
    final class TestFaults: Sendable {
        /// This write is carried out and is the last thing that the process does.
        private let crashAt: Int?
        /// Right before this write the process falls asleep, until SIGCONT wakes it.
        private let pauseAt: Int?
        /// Right after this write the process falls asleep.
        private let pauseAfter: Int?
        /// A file that gets a line `number verb key` for each write that begins.
        private let writesLog: String?
        /// How many of 1,000,000 calls fail.
        private let failing: UInt64
        private let state: Mutex<State>

        private struct State {
            var writes = 0
            var dice: UInt64
        }

        /// When a call fails.
        enum Failure { case before, after }

        /// Reads what a test wants; nil when it wants nothing.
        init?(_ environment: [String: String]) {
            func number(_ name: String) -> Int? { environment["TIDEMARK_TEST_" + name].flatMap { Int($0) } }
            crashAt = number("CRASH_AT")
            pauseAt = number("PAUSE_AT")
            pauseAfter = number("PAUSE_AFTER")
            writesLog = environment["TIDEMARK_TEST_WRITES_LOG"]
            // Probability and seed: `0.1,7`.
            let faults = (environment["TIDEMARK_TEST_STORE_FAULTS"] ?? "").split(separator: ",")
            failing = UInt64((faults.first.flatMap { Double($0) } ?? 0) * 1e6)
            state = Mutex(State(dice: faults.last.flatMap { UInt64($0) } ?? 0))
            guard crashAt ?? pauseAt ?? pauseAfter != nil || writesLog != nil || failing > 0 else { return nil }
        }

        /// Carries a write out, with what is to happen before and after it.
        func write<Result>(
            _ verb: String, _ key: String, _ body: () throws(StoreError) -> Result
        ) throws(StoreError) -> Result {
            let number = state.withLock { state in
                state.writes += 1
                record("\(state.writes) \(verb) \(key)\n")
                return state.writes
            }
            // What comes after the crash never begins, however slow the crash is.
            if let crashAt, number > crashAt { while true { pause() } }
            // To this thread, so that it is stopped when the call returns.
            if number == pauseAt { raise(SIGSTOP) }
            defer {
                if number == crashAt { kill(getpid(), SIGKILL) }
                if number == pauseAfter { raise(SIGSTOP) }
            }
            return try call(verb, key, body)
        }

        /// Makes a call, which may fail before it is carried out, or after it: then its answer is lost.
        func call<Result>(
            _ verb: String, _ key: String, _ body: () throws(StoreError) -> Result
        ) throws(StoreError) -> Result {
            let failure = roll()
            let result = failure == .before ? nil : try body()
            guard failure == nil, let result else {
                throw StoreError(
                    operation: verb, object: key, code: "TestFault",
                    reason: failure == .before ? "a test wants it to fail" : "a test wants its answer to be lost",
                    isTransient: true)
            }
            return result
        }

        private func roll() -> Failure? {
            guard failing > 0 else { return nil }
            let dice = state.withLock { state in
                state.dice = state.dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state.dice >> 33
            }
            guard dice % 1_000_000 < failing else { return nil }
            return dice % 2 == 0 ? .before : .after
        }

        private func record(_ line: String) {
            guard let writesLog else { return }
            // pwrite(2) heeds no offset in a file that is open for appending.
            try? File(writesLog, O_WRONLY | O_CREAT | O_APPEND).write(Array(line.utf8), at: 0)
        }
    }

    /// A store in which goes wrong what a test wants.
    ///
    /// It lies below ``RetryingStore``, so that a failed call meets what a real one meets, and each attempt is a write of its
    /// own.
    struct FaultyStore: ObjectStore {
        private let store: any ObjectStore
        private let faults: TestFaults

        init(_ store: any ObjectStore, _ faults: TestFaults) {
            self.store = store
            self.faults = faults
        }

        var location: String { store.location }
        var partSize: Int { store.partSize }

        func put(_ key: String, _ body: [UInt8], _ condition: PutCondition) throws(StoreError) -> PutOutcome {
            try faults.write("put", key) { () throws(StoreError) in try store.put(key, body, condition) }
        }

        func get(_ key: String, range: Range<Int64>?) throws(StoreError) -> [UInt8]? {
            try faults.call("get", key) { () throws(StoreError) in try store.get(key, range: range) }
        }

        func head(_ key: String) throws(StoreError) -> ObjectInfo? {
            try faults.call("head", key) { () throws(StoreError) in try store.head(key) }
        }

        func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
            try faults.call("list", prefix) { () throws(StoreError) in try store.list(prefix, after: after) }
        }

        func delete(_ key: String) throws(StoreError) {
            try faults.write("delete", key) { () throws(StoreError) in try store.delete(key) }
        }

        func startUpload(_ key: String) throws(StoreError) -> UploadID {
            try faults.write("startUpload", key) { () throws(StoreError) in try store.startUpload(key) }
        }

        func uploadPart(_ upload: UploadID, number: Int, _ body: [UInt8]) throws(StoreError) -> UploadedPart {
            try faults.write("uploadPart", upload.key) { () throws(StoreError) in
                try store.uploadPart(upload, number: number, body)
            }
        }

        func completeUpload(
            _ upload: UploadID, _ parts: [UploadedPart], _ condition: PutCondition
        ) throws(StoreError) -> PutOutcome {
            try faults.write("completeUpload", upload.key) { () throws(StoreError) in
                try store.completeUpload(upload, parts, condition)
            }
        }

        func abortUpload(_ upload: UploadID) throws(StoreError) {
            try faults.write("abortUpload", upload.key) { () throws(StoreError) in try store.abortUpload(upload) }
        }
    }
#endif
