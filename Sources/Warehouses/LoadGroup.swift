import Lake

/// Files of a table that one statement may read together.
struct LoadGroup {
    /// How they are written.
    let dialect: FileDialect
    /// How many of the table's columns they have; of NDJSON, where absent keys do no harm, all of them.
    let columns: Int
    /// Where a statement can give only one value to all rows: the values that the paths hold.
    let folders: [PartitionPath.Folder]
    /// The files.
    var files: [LoadTable.File]

    private struct Kind: Hashable {
        let dialect: FileDialect
        let columns: Int
        let folders: [PartitionPath.Folder]
    }

    /// Cuts a table's files into groups.
    ///
    /// CSV has its columns by position, so files of versions with fewer columns are groups of their own: each is read with
    /// the columns that it has, and the others become NULL. No loader has to guess, and none drops a column.
    ///
    /// - Parameters:
    ///   - table: the table.
    ///   - most: how many files a statement may name.
    ///   - byFolder: whether all files of a group must have the same partition values.
    /// - Throws: `LoadError` for files of a format that is not known here.
    static func groups(of table: LoadTable, most: Int, byFolder: Bool) throws -> [LoadGroup] {
        var dialects: [Int: (FileDialect, Int)] = [:]
        for version in table.versions {
            dialects[version.version] = (try FileDialect(version.output), min(version.columns, table.columns.count))
        }
        var order: [Kind] = []
        var files: [Kind: [LoadTable.File]] = [:]
        for file in table.files {
            guard let (dialect, columns) = dialects[file.schema] else {
                throw LoadError(
                    object: "table \(table.name)",
                    reason: "\(file.key) has version \(file.schema) of its columns, of which the log says nothing",
                    hint: "Look at it with `tidemark verify`.")
            }
            let names = Set(table.partitions.map(\.name))
            let kind = Kind(
                dialect: dialect, columns: dialect.isCSV ? columns : table.columns.count,
                folders: byFolder ? PartitionPath.folders(of: file.key).filter { names.contains($0.name) } : [])
            if files[kind] == nil { order.append(kind) }
            files[kind, default: []].append(file)
        }
        return order.flatMap { kind -> [LoadGroup] in
            let all = files[kind] ?? []
            return stride(from: 0, to: all.count, by: most).map { start in
                LoadGroup(
                    dialect: kind.dialect, columns: kind.columns, folders: kind.folders,
                    files: Array(all[start..<min(start + most, all.count)]))
            }
        }
    }
}
