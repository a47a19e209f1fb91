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
    /// A write is named by its number, counted from 1 in the order in which they begin, over all threads: `7`. Or it is the
    /// first, second, … of those whose verb and key hold a text: `2:put _tidemark/log/`.
    final class TestFaults: Sendable {
        /// What happens at a write that a test names.
        private enum Event: String, CaseIterable {
            /// The write is carried out and is the last thing that the process does.
            case crash = "CRASH_AT"
            /// Right before the write the process falls asleep, until SIGCONT wakes it.
            case pauseBefore = "PAUSE_AT"
            /// Right after the write the process falls asleep.
            case pauseAfter = "PAUSE_AFTER"
        }

        private struct State {
            /// What waits for its write: how many such writes are still to come, the last of them being the one.
            var waiting: [(event: Event, text: String, left: Int)] = []
            var writes = 0
            var dice: UInt64 = 0
        }

        /// A file that gets a line `number verb key` for each write that begins.
        private let writesLog: String?
        /// How many of 1,000,000 calls fail.
        private let failing: UInt64
        private let state: Mutex<State>

        /// When a call fails.
        private enum Failure { case before, after }

        /// Reads what a test wants; nil when it wants nothing.
        init?(_ environment: [String: String]) {
            var wanted = State()
            for event in Event.allCases {
                let words = (environment["TIDEMARK_TEST_" + event.rawValue] ?? "").split(separator: ":", maxSplits: 1)
                guard let number = words.first.flatMap({ Int($0) }) else { continue }
                wanted.waiting.append((event, words.count > 1 ? String(words[1]) : "", number))
            }
            writesLog = environment["TIDEMARK_TEST_WRITES_LOG"]
            // Probability and seed: `0.1,7`.
            let faults = (environment["TIDEMARK_TEST_STORE_FAULTS"] ?? "").split(separator: ",")
            failing = UInt64((faults.first.flatMap { Double($0) } ?? 0) * 1e6)
            wanted.dice = faults.last.flatMap { UInt64($0) } ?? 0
            guard !wanted.waiting.isEmpty || writesLog != nil || failing > 0 else { return nil }
            state = Mutex(wanted)
        }

        /// Carries a write out, with what is to happen before and after it.
        func write<Result>(
            _ verb: String, _ key: String, _ body: () throws(StoreError) -> Result
        ) throws(StoreError) -> Result {
            let events = begin("\(verb) \(key)")
            // To this thread, so that it is stopped when the call returns.
            if events.contains(.pauseBefore) { raise(SIGSTOP) }
            defer {
                if events.contains(.crash) { kill(getpid(), SIGKILL) }
                if events.contains(.pauseAfter) { raise(SIGSTOP) }
            }
            return try call(verb, key, body)
        }

        /// Counts a write.
        ///
        /// - Returns: what is to happen at it. It does not return for what would come after the crash.
        private func begin(_ write: String) -> [Event] {
            let events: [Event]? = state.withLock { state in
                if state.waiting.contains(where: { $0.event == .crash && $0.left == 0 }) { return nil }
                state.writes += 1
                record("\(state.writes) \(write)\n")
                var events: [Event] = []
                for index in state.waiting.indices where state.waiting[index].left > 0 {
                    guard state.waiting[index].text.isEmpty || write.contains(state.waiting[index].text) else {
                        continue
                    }
                    state.waiting[index].left -= 1
                    if state.waiting[index].left == 0 { events.append(state.waiting[index].event) }
                }
                return events
            }
            guard let events else { while true { pause() } }
            return events
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

        func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
            try faults.call("listUploads", prefix) { () throws(StoreError) in try store.listUploads(prefix) }
        }
    }
#endif
