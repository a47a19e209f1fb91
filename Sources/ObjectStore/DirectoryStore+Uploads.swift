import Foundation

extension DirectoryStore {
    /// Lists the files under `_tidemark/tmp/`, those of ``put(_:_:_:)`` too; files that the store did not make are not.
    public func listUploads(_ prefix: String) throws(StoreError) -> [PendingUpload] {
        do throws(FileSystemError) {
            let folder = path(Self.temporaryFolder)
            var uploads: [PendingUpload] = []
            for name in try FileSystem.names(in: folder) {
                guard let draft = DraftName(name), draft.key.utf8.starts(with: prefix.utf8),
                    let status = try FileSystem.status("\(folder)/\(name)", followingLinks: false),
                    status.regularSize != nil
                else { continue }
                let upload = UploadID(key: draft.key, id: name)
                uploads.append(PendingUpload(key: draft.key, upload: upload, started: status.modified))
            }
            return uploads.sorted { ObjectKey.precedes($0.key, $1.key) }
        } catch {
            throw error.storeError("list the uploads to", "\(location)/\(prefix)")
        }
    }
}

/// The name of a file that is being written: what makes it unlike all others, and the key that it is for, so that
/// whoever finds it later knows what it was to be.
struct DraftName {
    /// The file's name.
    let text: String
    /// The key; only its beginning if it is too long for the name of a file.
    let key: String

    private static let separator = "~"
    /// A name may have 255 bytes on most file systems.
    private static let longest = 250

    /// Makes a name that nobody has used.
    init(for key: String) {
        let id = UUID().uuidString.lowercased() + Self.separator
        var kept = ""
        for character in key {
            let encoded = PercentEncoding.encode(String(character))
            guard id.utf8.count + kept.utf8.count + encoded.utf8.count <= Self.longest else { break }
            kept += encoded
        }
        text = id + kept
        self.key = PercentEncoding.decodeForm(kept)
    }

    /// Reads a name; nil if the store did not make it.
    init?(_ text: String) {
        let parts = text.split(separator: Self.separator, maxSplits: 1)
        guard parts.count == 2, UUID(uuidString: String(parts[0])) != nil,
            parts[1].utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        let key = PercentEncoding.decodeForm(String(parts[1]))
        guard ObjectKey.flaw(in: key) == nil else { return nil }
        self.text = text
        self.key = key
    }
}
