import Foundation
import ObjectStore
import Testing

/// What the contract of ``ObjectStore`` says, tried on a store.
struct Conformance {
    let store: any ObjectStore
    /// Whether the store can refuse to replace an object.
    var isConditional = true
    /// Whether a key may also be the beginning of other keys: not where keys are paths of files.
    var isFlat = true
    /// Whether it says truly when an upload was begun.
    var tellsTime = true
    /// The objects on a page of its listings, set small by the tests.
    var pageSize = 3
    /// What must live as long as the store is used.
    var owner: (any Sendable)?

    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            for index in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                buffer[index] = UInt8(truncatingIfNeeded: state >> 56)
            }
            done = count
        }
    }

    func wholeObjects() throws {
        let body = Self.bytes(100_000)
        #expect(try store.get("whole/a.bin", range: nil) == nil)
        #expect(try store.head("whole/a.bin") == nil)
        #expect(try store.put("whole/a.bin", body, .none) == .written)
        #expect(try store.get("whole/a.bin", range: nil) == body)
        let info = try #require(try store.head("whole/a.bin"))
        #expect(info.key == "whole/a.bin")
        #expect(info.size == 100_000)
        let modified = try #require(info.modified)
        #expect(abs(modified.timeIntervalSinceNow) < 120)

        // A folder of keys is no object.
        #expect(try store.head("whole") == nil)
        #expect(try store.get("whole", range: nil) == nil)

        #expect(try store.put("whole/a.bin", [1, 2, 3], .none) == .written)
        #expect(try store.get("whole/a.bin", range: nil) == [1, 2, 3])

        try store.delete("whole/a.bin")
        #expect(try store.get("whole/a.bin", range: nil) == nil)
        try store.delete("whole/a.bin")
        try store.delete("never/there")
    }

    func emptyObject() throws {
        #expect(try store.put("empty", [], .none) == .written)
        #expect(try store.get("empty", range: nil) == [])
        #expect(try store.get("empty", range: 0..<10) == [])
        #expect(try store.head("empty")?.size == 0)

        let writer = ObjectWriter(store: store, key: "empty-too")
        #expect(try writer.finish().size == 0)
        #expect(try store.get("empty-too", range: nil) == [])
    }

    func ranges() throws {
        let body = Self.bytes(1000)
        try store.put("ranged", body, .none)
        #expect(try store.get("ranged", range: 0..<1) == [body[0]])
        #expect(try store.get("ranged", range: 10..<20) == Array(body[10..<20]))
        #expect(try store.get("ranged", range: 0..<1000) == body)
        #expect(try store.get("ranged", range: 990..<5000) == Array(body[990...]))
        #expect(try store.get("ranged", range: 1000..<2000) == [])
        #expect(try store.get("ranged", range: 500_000..<500_001) == [])
        #expect(try store.get("ranged", range: 5..<5) == [])
        #expect(try store.get("not-there", range: 0..<5) == nil)
        #expect(try store.get("not-there", range: 5..<5) == nil)
    }

    func condition() throws {
        #expect(try store.put("once", [1], .ifAbsent) == .written)
        let second = try store.put("once", [2], .ifAbsent)
        if isConditional {
            #expect(second == .alreadyExists)
            #expect(try store.get("once", range: nil) == [1])
            // Refused also if what is there is the same.
            #expect(try store.put("once", [1], .ifAbsent) == .alreadyExists)
        } else {
            #expect(second == .written)
            #expect(try store.get("once", range: nil) == [2])
        }
    }

    /// One of many who write the same key at the same time wins, and its bytes stay.
    func race() throws {
        guard isConditional else { return }
        for round in 0..<5 {
            let outcomes = Outcomes()
            let threads = (0..<8).map { number in
                Thread.run {
                    let body = [UInt8](repeating: UInt8(number), count: 10_000)
                    outcomes.add(number, Result { try store.put("race/\(round)", body, .ifAbsent) })
                }
            }
            threads.forEach { $0.join() }
            let winners = try outcomes.all.filter { try $0.result.get() == .written }
            #expect(winners.count == 1)
            let winner = UInt8(try #require(winners.first).number)
            #expect(try store.get("race/\(round)", range: nil) == [UInt8](repeating: winner, count: 10_000))
        }
    }

    static let strangeKeys = [
        "strange/a b.txt", "strange/a+b", "strange/a=b/c=d", "strange/100%", "strange/a%20b", "strange/é日本😀",
        "strange/quo\"te'", "strange/am&p;", "strange/a~!*()", "strange/#?x", "strange/<tag>", "strange/trailing.",
        "strange/a:b@c,d", "strange/event_date=2026-01-01/1-2-3.ndjson.zst", "strange/[x]{y}|$^`",
    ]

    func keys() throws {
        for (index, key) in Self.strangeKeys.enumerated() {
            #expect(try store.put(key, [UInt8(index)], .none) == .written)
        }
        for (index, key) in Self.strangeKeys.enumerated() {
            #expect(try store.get(key, range: nil) == [UInt8(index)], "\(key)")
            #expect(try store.head(key)?.size == 1, "\(key)")
        }
        #expect(try list("strange/") == Self.sorted(Self.strangeKeys))
        for key in Self.strangeKeys { try store.delete(key) }
        #expect(try list("strange/") == [])

        for key in ["../out", "a/../../out", "", "/a", "a//b", "a/", "."] {
            let error = try #require(throws: StoreError.self) { try store.put(key, [1], .none) }
            #expect(!error.isTransient)
            #expect(throws: StoreError.self) { try store.get(key, range: nil) }
            #expect(throws: StoreError.self) { try store.delete(key) }
        }
    }

    func listing() throws {
        // `.` and `-` come before `/`, so folders and files mix.
        let keys = Self.sorted(
            [
                "list/a", "list/a/1", "list/a-b", "list/a.b/2", "list/a0", "list/b/c/d/e", "list/b/c/f", "list/é",
                "list/Z", "listed",
            ].filter { isFlat || $0 != "list/a" })
        for key in keys { try store.put(key, [1, 2], .none) }
        #expect(try list("list") == keys)
        #expect(try list("list/") == keys.filter { $0 != "listed" })
        #expect(try list("list/a") == keys.filter { $0.hasPrefix("list/a") })
        #expect(try list("list/b/c/") == ["list/b/c/d/e", "list/b/c/f"])
        #expect(try list("nothing/") == [])
        for key in keys {
            #expect(try list("list", after: key) == keys.filter { Self.precedes(key, $0) }, "after \(key)")
        }
        let first = try store.list("list", after: nil)
        #expect(first.objects.count == pageSize)
        #expect(first.objects.allSatisfy { $0.size == 2 && $0.modified != nil })
    }

    func parts() throws {
        let size = store.partSize
        for (name, count) in [
            ("less", size - 1), ("one", size), ("more", size + 1), ("two", 2 * size), ("two-more", 2 * size + 77),
        ] {
            let body = Self.bytes(count, seed: UInt64(count))
            let writer = ObjectWriter(store: store, key: "parts/\(name)")
            // Pieces that fit into parts nowhere.
            var start = 0
            while start < count {
                let end = min(count, start + 1_000_003)
                try writer.write(Array(body[start..<end]))
                start = end
            }
            #expect(try store.head("parts/\(name)") == nil, "nothing is to be seen before the end")
            let result = try writer.finish()
            #expect(result.size == Int64(count))
            #expect(result.outcome == .written)
            #expect(try store.head("parts/\(name)")?.size == Int64(count))
            let isSame = try store.get("parts/\(name)", range: nil) == body
            #expect(isSame, "\(name)")
            try store.delete("parts/\(name)")
        }
    }

    /// Parts in any order, and one of them twice.
    func partsOutOfOrder() throws {
        let size = store.partSize
        let body = Self.bytes(2 * size + 5)
        let upload = try store.startUpload("order/a b+c")
        let third = try store.uploadPart(upload, number: 3, Array(body[(2 * size)...]))
        _ = try store.uploadPart(upload, number: 1, Array(body[..<size]))
        let second = try store.uploadPart(upload, number: 2, Array(body[size..<2 * size]))
        let first = try store.uploadPart(upload, number: 1, Array(body[..<size]))
        #expect(try store.completeUpload(upload, [first, second, third], .none) == .written)
        let isSame = try store.get("order/a b+c", range: nil) == body
        #expect(isSame)
        try store.delete("order/a b+c")
    }

    func conditionOfUpload() throws {
        let body = Self.bytes(store.partSize + 1)
        for attempt in 1...2 {
            let writer = ObjectWriter(store: store, key: "upload-once", condition: .ifAbsent)
            try writer.write(attempt == 1 ? body : Self.bytes(store.partSize + 2, seed: 9))
            let result = try writer.finish()
            #expect(result.outcome == (attempt == 1 || !isConditional ? .written : .alreadyExists))
        }
        if isConditional {
            let isSame = try store.get("upload-once", range: nil) == body
            #expect(isSame)
        }
        try store.delete("upload-once")
    }

    func abort() throws {
        let writer = ObjectWriter(store: store, key: "aborted/large")
        try writer.write(Self.bytes(store.partSize + 1))
        writer.abort()
        let small = ObjectWriter(store: store, key: "aborted/small")
        try small.write([1])
        small.abort()
        #expect(try list("aborted/") == [])

        let upload = try store.startUpload("aborted/by-hand")
        let part = try store.uploadPart(upload, number: 1, [1])
        try store.abortUpload(upload)
        try store.abortUpload(upload)
        #expect(throws: StoreError.self) { try store.completeUpload(upload, [part], .none) }
        #expect(throws: StoreError.self) { try store.uploadPart(upload, number: 2, [1]) }
        #expect(try list("aborted/") == [])
    }

    /// What was begun and never ended is found by whoever looks, over several pages, and can be aborted.
    func pendingUploads() throws {
        #expect(try store.listUploads("") == [])
        let keys = Self.sorted(["pending/a", "pending/a", "pending/b c+d=é", "pending/x/y", "pending/z", "elsewhere/q"])
        for key in keys { _ = try store.uploadPart(try store.startUpload(key), number: 1, [1, 2, 3]) }
        let done = try store.startUpload("pending/done")
        let part = try store.uploadPart(done, number: 1, [1])
        try store.completeUpload(done, [part], .none)
        try store.abortUpload(try store.startUpload("pending/aborted"))
        #expect(try store.listUploads("").map(\.key) == keys)
        let pending = try store.listUploads("pending/")
        #expect(pending.map(\.key) == keys.filter { $0.hasPrefix("pending/") })
        #expect(Set(pending.map(\.upload.id)).count == 5)
        for upload in pending {
            let started = try #require(upload.started)
            if tellsTime { #expect(abs(started.timeIntervalSinceNow) < 120) }
            try store.abortUpload(upload.upload)
        }
        #expect(try store.listUploads("").map(\.key) == ["elsewhere/q"])
        #expect(try list("pending/") == ["pending/done"])
    }

    /// Many threads at once, each with keys of its own. Now and then rclone answers 500 when folders are made at once.
    func threads() throws {
        let store = RetryingStore(store, policy: RetryPolicy(attempts: 5, totalTime: 30))
        let outcomes = Outcomes()
        let threads = (0..<6).map { number in
            Thread.run {
                for round in 0..<10 {
                    let body = Self.bytes(50_000 + round, seed: UInt64(number * 100 + round))
                    let key = "threads/\(number)/\(round)"
                    outcomes.add(
                        number,
                        Result {
                            let outcome = try store.put(key, body, .none)
                            guard try store.get(key, range: nil) == body else { throw Mixed() }
                            return outcome
                        })
                }
            }
        }
        threads.forEach { $0.join() }
        #expect(outcomes.all.count == 60)
        for outcome in outcomes.all { #expect(try outcome.result.get() == .written) }
        #expect(try list("threads/").count == 60)
    }

    private struct Mixed: Error {}

    func list(_ prefix: String, after: String? = nil) throws -> [String] {
        var keys: [String] = []
        var after = after
        repeat {
            let page = try store.list(prefix, after: after)
            #expect(page.objects.count <= pageSize)
            keys += page.objects.map(\.key)
            after = page.next
        } while after != nil
        return keys
    }

    static func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }
    static func sorted(_ keys: [String]) -> [String] { keys.sorted(by: precedes) }
}
