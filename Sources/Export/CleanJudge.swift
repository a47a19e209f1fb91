import Foundation
import Lake
import ObjectStore

/// Decides what of a listing may go, given a state of the lake that is not older than the listing.
struct CleanJudge {
    let state: LakeState
    /// The keys of the live files.
    let live: Set<String>
    /// The keys of files that commits within the grace removed.
    let removedLately: Set<String>
    /// How old an object must be, in seconds.
    let grace: Double
    let now: Date

    /// What may go, in the order in which it was judged.
    private(set) var found: [CleanReport.Item] = []
    /// What may go, but not yet.
    private(set) var young = CleanReport.Total()
    /// The keys of what is not Tidemark's.
    private(set) var strange: [String] = []

    /// Readers and runners begin at one of the newest checkpoints; so many stay in any case.
    private static let checkpointsKept = 3
    /// No upload of a state object takes as long as this, in seconds, so no grace can cut one off.
    private static let longestUpload: Double = 3_600

    init(state: LakeState, live: Set<String>, removedLately: Set<String>, grace: Double, now: Date) {
        self.state = state
        self.live = live
        self.removedLately = removedLately
        self.grace = grace
        self.now = now
    }

    /// Data files: those of runs that have ended without them.
    mutating func judge(files: [CleanListing.ChunkFile]) {
        for file in files where !live.contains(file.object.key) {
            guard file.run <= state.version else {
                strange.append(file.object.key)
                continue
            }
            guard state.openRuns[file.run] == nil else { continue }
            if removedLately.contains(file.object.key) {
                young.add(file.object.size)
            } else {
                add(.file, file.object, "no live file of the lake, and run \(file.run) has ended")
            }
        }
    }

    /// Results of units: those of runs that have ended; what counts is in their commits.
    mutating func judge(results: [CleanListing.ResultFile]) {
        for result in results where result.run <= state.version && state.openRuns[result.run] == nil {
            add(.result, result.object, "run \(result.run) has ended")
        }
    }

    /// Uploads: to files of runs that have ended, and to state objects whose writers must have died.
    mutating func judge(uploads: [PendingUpload], folders: [String]) {
        for upload in uploads {
            let isState = upload.key.hasPrefix("\(Layout.stateFolder)/")
            let run = folders.contains(where: upload.key.hasPrefix) ? ChunkName(key: upload.key)?.run : nil
            guard isState || run.map({ $0 <= state.version }) ?? false else {
                strange.append(upload.key)
                continue
            }
            if let run, state.openRuns[run] != nil { continue }
            let object = ObjectInfo(key: upload.key, size: 0, modified: upload.started)
            add(
                .upload, object, run.map { "never ended, and run \($0) has" } ?? "its writer has died",
                grace: isState ? max(grace, Self.longestUpload) : grace, upload: upload.upload.id)
        }
    }

    /// Checkpoints that nobody begins at any more, and the pieces of the file list that only they name.
    ///
    /// A reader or runner that is at work may have begun at a checkpoint that was the newest then, and goes on to the
    /// pieces that it names; a runner names them again in its next checkpoint. So all stays from the checkpoint on that
    /// was the newest when the grace began, or before the oldest open run was opened. A piece of the list ends at the
    /// version that its writer has read, so none that ends before those checkpoints is ever written again.
    ///
    /// - Parameters:
    ///   - objects: what lies in the checkpoints' folder.
    ///   - latest: the number in the hint.
    ///   - segments: reads the keys of the pieces that a checkpoint names.
    /// - Throws: what `segments` throws.
    mutating func judge(
        checkpoints objects: [ObjectInfo], latest: Int?, segments: (String) throws -> [String]
    ) throws {
        let numbered = objects.compactMap { object in Self.number(object.key).map { (number: $0, object: object) } }
            .sorted { $0.number > $1.number }
        guard numbered.count >= Self.checkpointsKept else { return }
        let firstOpen = state.openRuns.keys.min() ?? Int.max
        var keep = numbered[Self.checkpointsKept - 1].number
        keep = min(keep, latest ?? keep)
        // Where there is none so old, all stays.
        keep = min(keep, numbered.first { !isYoung($0.object.modified, grace) }?.number ?? 0)
        keep = min(keep, numbered.first { $0.number < firstOpen }?.number ?? 0)
        for (number, object) in numbered where number < keep {
            add(.checkpoint, object, "newer ones took its place")
        }
        let pieces = objects.filter { object in Self.end(ofSegment: object.key).map { $0 < keep } ?? false }
        guard !pieces.isEmpty else { return }
        var named: Set<String> = []
        for (number, object) in numbered where number >= keep || isYoung(object.modified, grace) {
            named.formUnion(try segments(object.key))
        }
        for object in pieces where !named.contains(object.key) {
            add(.fileList, object, "no checkpoint that is kept names it")
        }
    }

    private mutating func add(
        _ kind: CleanReport.Kind, _ object: ObjectInfo, _ why: String, grace: Double? = nil, upload: String? = nil
    ) {
        guard let modified = object.modified, !isYoung(modified, grace ?? self.grace) else {
            return young.add(object.size)
        }
        found.append(
            CleanReport.Item(
                kind: kind, key: object.key, bytes: upload == nil ? object.size : nil, modified: modified, why: why,
                upload: upload))
    }

    /// What a store does not tell the age of is young.
    private func isYoung(_ modified: Date?, _ grace: Double) -> Bool { modified.map { $0 > now - grace } ?? true }

    private static func number(_ key: String) -> Int? {
        guard let number = Int(name(key)), Layout.checkpoint(number) == key else { return nil }
        return number
    }

    private static func end(ofSegment key: String) -> Int? {
        let numbers = name(key).split(separator: "-").dropFirst().compactMap { Int($0) }
        guard numbers.count == 2, Layout.segment(from: numbers[0], through: numbers[1]) == key else { return nil }
        return numbers[1]
    }

    private static func name(_ key: String) -> Substring {
        (key.split(separator: "/").last ?? "").prefix { $0 != "." }
    }
}
