import Glibc

extension DirectoryStore {
    public func list(_ prefix: String, after: String?) throws(StoreError) -> ListPage {
        do throws(FileSystemError) {
            var walk = Walk(store: self, prefix: Array(prefix.utf8), after: after.map { Array($0.utf8) })
            try walk.descend("")
            var page = ListPage(objects: walk.found)
            if page.objects.count > pageSize {
                page.objects.removeLast()
                page.next = page.objects.last?.key
            }
            return page
        } catch {
            throw error.storeError("list", "\(location)/\(prefix)")
        }
    }

    /// A walk through the folders in the order of the keys' bytes, which skips all that cannot be on the page.
    private struct Walk {
        let store: DirectoryStore
        let prefix: [UInt8]
        let after: [UInt8]?
        var found: [ObjectInfo] = []

        /// - Parameter folder: the folder's keys' beginning: empty, or with a slash at the end.
        mutating func descend(_ folder: String) throws(FileSystemError) {
            var entries: [(key: String, status: stat)] = []
            for name in try FileSystem.names(in: store.path(folder)) {
                if let entry = try entry(folder + name) { entries.append(entry) }
            }
            // A folder counts with its slash: `a.b` comes before `a/b`.
            entries.sort { ObjectKey.precedes($0.key, $1.key) }
            for (key, status) in entries where found.count <= store.pageSize {
                if status.isFolder {
                    try descend(key)
                } else if let size = status.regularSize {
                    found.append(ObjectInfo(key: key, size: size, modified: status.modified))
                }
            }
        }

        /// A plain file, or a folder with a slash at the end; nil for what cannot be on the page.
        private func entry(_ key: String) throws(FileSystemError) -> (String, stat)? {
            guard canHold(key + "/") || isWanted(key) else { return nil }
            let path = store.path(key)
            guard var status = try FileSystem.status(path, followingLinks: false) else { return nil }
            if status.isLink {
                // A link to a file is that file; a link to a folder could lead in a circle.
                guard let target = try FileSystem.status(path), target.regularSize != nil else { return nil }
                status = target
            }
            if status.isFolder { return canHold(key + "/") ? (key + "/", status) : nil }
            return isWanted(key) ? (key, status) : nil
        }

        private func isWanted(_ key: String) -> Bool {
            guard key.utf8.starts(with: prefix) else { return false }
            return after.map { $0.lexicographicallyPrecedes(key.utf8) } ?? true
        }

        /// Whether a folder can have keys with the prefix that come after `after`.
        private func canHold(_ folder: String) -> Bool {
            if folder == DirectoryStore.temporaryFolder + "/" { return false }
            guard folder.utf8.starts(with: prefix) || prefix.starts(with: folder.utf8) else { return false }
            guard let after else { return true }
            return after.starts(with: folder.utf8) || after.lexicographicallyPrecedes(folder.utf8)
        }
    }
}
