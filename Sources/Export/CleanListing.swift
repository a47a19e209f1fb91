import Foundation
import Lake
import ObjectStore

/// What a listing finds that may be nobody's.
///
/// Live files and those of open runs are left out page by page, so memory holds what may go and not what is there.
struct CleanListing {
    /// A data file and who wrote it.
    struct ChunkFile {
        let object: ObjectInfo
        let run: Int
    }
    /// A unit's result.
    struct ResultFile {
        let object: ObjectInfo
        let run: Int
    }

    let store: any ObjectStore
    /// Files with names as chunks have them.
    private(set) var files: [ChunkFile] = []
    /// The keys of other files in the datasets' folders.
    private(set) var strange: [String] = []
    /// The results of units.
    private(set) var results: [ResultFile] = []
    /// The checkpoints and the pieces of the file list.
    private(set) var checkpoints: [ObjectInfo] = []
    /// What was begun to be written and not ended.
    private(set) var uploads: [PendingUpload] = []
    /// Why uploads could not be listed by a store that knows no such thing.
    private(set) var uploadsProblem: String?

    init(store: any ObjectStore) { self.store = store }

    /// Lists all.
    ///
    /// - Parameters:
    ///   - folders: the folders of data.
    ///   - live: the live files by now; they may be others when the listing is through.
    ///   - open: the runs that are open by now, likewise.
    /// - Throws: `StoreError`.
    mutating func list(folders: [String], live: Set<String>, open: Set<Int>) throws {
        for folder in folders {
            try pages(folder) { listing, object in
                guard let name = ChunkName(key: object.key) else { return listing.strange.append(object.key) }
                guard !live.contains(object.key), !open.contains(name.run) else { return }
                listing.files.append(ChunkFile(object: object, run: name.run))
            }
        }
        try pages("\(Layout.stateFolder)/checkpoint/") { listing, object in listing.checkpoints.append(object) }
        try pages("\(Layout.stateFolder)/run/") { listing, object in
            guard let run = Self.runOfResult(object.key), !open.contains(run) else { return }
            listing.results.append(ResultFile(object: object, run: run))
        }
        do throws(StoreError) {
            uploads = try store.listUploads("")
        } catch {
            // A store that does not know the question has, for all we can tell, none; one that forbids it may have many.
            guard [400, 404, 405, 501].contains(error.status ?? 0), error.code != "NoSuchBucket" else { throw error }
            uploadsProblem = "\(error)"
        }
    }

    private mutating func pages(_ prefix: String, _ take: (inout CleanListing, ObjectInfo) -> Void) throws {
        var after: String?
        repeat {
            let page = try store.list(prefix, after: after)
            for object in page.objects { take(&self, object) }
            after = page.next
        } while after != nil
    }

    /// The run that a unit's result belongs to; nil for another key.
    private static func runOfResult(_ key: String) -> Int? {
        let names = key.split(separator: "/")
        guard names.count == 5, let run = Int(names[2]), let unit = Int(names[4].prefix { $0 != "." }) else {
            return nil
        }
        return Layout.unit(run: run, unit: unit) == key ? run : nil
    }

    /// The checkpoint at which readers begin; nil if there is no hint.
    static func latest(_ store: any ObjectStore) throws -> Int? {
        struct Latest: Decodable { let checkpoint: Int }
        guard let bytes = try store.get(Layout.latest, range: nil) else { return nil }
        return try LakeJSON.decode(Latest.self, from: bytes, object: Layout.latest).checkpoint
    }

    /// The keys of the pieces of the file list that a checkpoint names.
    static func segments(of checkpoint: String, _ store: any ObjectStore) throws -> [String] {
        struct Segments: Decodable { let segments: [FileSegment] }
        guard let bytes = try store.get(checkpoint, range: nil) else { return [] }
        return try LakeJSON.decode(Segments.self, from: bytes, object: checkpoint).segments.map(\.key)
    }
}

extension ChunkName {
    private static let formats = ["ndjson", "csv"]
    private static let codecs = ["", ".zst", ".gz"]

    /// Reads the name of a file; nil unless it is exactly as Tidemark names chunks.
    ///
    /// - Parameter key: the file's key, or its name alone.
    init?(key: String) {
        let name = key.split(separator: "/").last.map(String.init) ?? ""
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = (parts.first ?? "").split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 3, let run = numbers[0], let unit = numbers[1], let chunk = numbers[2], parts.count > 1
        else { return nil }
        var attempt = 1
        if parts[1].first == "a", let number = Int(parts[1].dropFirst()) { attempt = number }
        self.init(run: run, unit: unit, chunk: chunk, attempt: attempt)
        // Written anew it must be the same: `1-1-1.csv`, `+1`, `.a1` are somebody else's.
        let names = Self.formats.lazy.flatMap { [self] format in
            Self.codecs.map { "\(description).\(format)\($0)" }
        }
        guard run > 0, unit > 0, chunk > 0, names.contains(name) else { return nil }
    }
}
