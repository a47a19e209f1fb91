import Foundation
import Lake

/// The partition folders of a key.
enum PartitionPath {
    /// What stands for NULL.
    static let null = "__HIVE_DEFAULT_PARTITION__"

    /// A folder: its name, and its value as it stands there.
    struct Folder: Hashable {
        let name: String
        let raw: String

        /// The value; nil is NULL.
        var value: String? { raw == PartitionPath.null ? nil : raw.removingPercentEncoding ?? raw }
    }

    /// The folders of a key, in order.
    static func folders(of key: String) -> [Folder] {
        key.split(separator: "/").dropLast().compactMap { folder in
            guard let sign = folder.firstIndex(of: "=") else { return nil }
            let name = String(folder[..<sign])
            return Folder(
                name: name.removingPercentEncoding ?? name, raw: String(folder[folder.index(after: sign)...]))
        }
    }

    /// The different values of a folder that do not stand in the path as they are.
    static func coded(_ name: String, in files: [LoadTable.File]) -> [Folder] {
        let all = Set(files.compactMap { file in folders(of: file.key).last { $0.name == name } })
        return all.filter { $0.value != nil && $0.value != $0.raw }.sorted { $0.raw < $1.raw }
    }

    /// A regular expression, of RE2, Java and POSIX alike, whose first group is a folder's value as it stands in a path.
    static func pattern(_ name: String) -> String {
        // Names are letters, digits, `_` and `-`; the last folder of that name is the lake's.
        "^.*/\(name.replacingOccurrences(of: ".", with: "[.]"))=([^/]*)/"
    }
}
