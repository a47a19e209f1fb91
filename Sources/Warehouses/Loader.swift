import Lake
import Records

/// How one warehouse is told what to do.
protocol Loader: Sendable {
    /// The warehouse.
    var warehouse: Warehouse { get }
    /// What its addresses may begin with, as `file:` or `s3:`.
    var schemes: [String] { get }
    /// The longest name in bytes.
    var longestName: Int { get }
    /// A column's name with what the warehouse allows in one.
    func columnName(_ name: String) -> String
    /// A name in its quotes.
    func identifier(_ name: String) -> String
    /// A string in its quotes.
    func literal(_ text: String) -> String
    /// The type that a column gets.
    func type(_ type: ColumnType) -> String
    /// What people should know of the types and of the files, one sentence each.
    func notes(of table: LoadTable) -> [String]
    /// What stands before all tables.
    func preamble(of script: LoadScript) -> [String]
    /// What changes a table that was made for an earlier version of the columns.
    func changes(of table: NamedTable) -> [String]
    /// The statements that load a table's files.
    func load(_ table: NamedTable, _ script: LoadScript) throws -> Loaded
    /// What stands behind all tables.
    func ending(of script: LoadScript) -> [String]
    /// The line by which `CREATE TABLE` ends, behind the columns.
    var tableOptions: String { get }
}

/// The statements of a table, and the files that they need.
struct Loaded {
    var statements: [String] = []
    var manifests: [LoadScript.Manifest] = []
}

extension Loader {
    func columnName(_ name: String) -> String { name }
    func preamble(of script: LoadScript) -> [String] { [] }
    func ending(of script: LoadScript) -> [String] { [] }
    var tableOptions: String { "" }

    /// The type of a partition's values.
    func type(_ partition: LoadTable.Partition) -> String { type(partition.isDay ? .date : .string) }

    /// The type of a table's column: text where the files may hold `infinity` and the like, which no other type here does.
    func type(_ column: PlannedColumn, in table: LoadTable) -> String { type(effectiveType(column, in: table)) }

    /// The type that a column's values are given.
    func effectiveType(_ column: PlannedColumn, in table: LoadTable) -> ColumnType {
        let holdsSpecials = table.versions.contains { (try? FileDialect($0.output))?.holdsSpecials == true }
        guard holdsSpecials, warehouse != .postgres else { return column.type }
        switch column.type {
        case .timestamp, .date, .decimal: return .string
        default: return column.type
        }
    }

    /// `CREATE TABLE IF NOT EXISTS`.
    func create(_ table: NamedTable) -> String {
        let columns =
            zip(table.columns, table.table.columns).map { "    \(identifier($0)) \(type($1, in: table.table))" }
            + zip(table.partitions, table.table.partitions).map { "    \(identifier($0)) \(type($1))" }
        return "CREATE TABLE IF NOT EXISTS \(table.name) (\n\(columns.joined(separator: ",\n"))\n)\(tableOptions);"
    }

    /// What older tables lack, each with its type.
    func additions(_ table: NamedTable) -> [String] {
        table.table.addedColumns.map {
            "\(identifier(table.columns[$0])) \(type(table.table.columns[$0], in: table.table))"
        }
    }

    /// The columns whose type was another one once, and is another one here, too.
    func widened(_ table: NamedTable) -> [(name: String, type: String, former: String)] {
        zip(table.columns, table.table.columns).compactMap { name, column in
            let now = type(column, in: table.table)
            let former = column.former.map { type($0) }.filter { $0 != now }
            return former.last.map { (identifier(name), now, $0) }
        }
    }

    /// What is said of them where a column's type cannot be changed in place.
    func widenedNotes(_ table: NamedTable) -> [String] {
        widened(table).map {
            SQLText.comment(
                "\($0.name) was \($0.former) once: a table that was made for it must be made anew, with \($0.type).")
        }
    }

    /// A folder's value where no function decodes it: those that are encoded are listed.
    func decoded(_ folder: String, _ part: LoadTable.Partition, _ files: [LoadTable.File]) -> String {
        let coded = PartitionPath.coded(part.name, in: files)
        guard !coded.isEmpty else { return folder }
        let cases = coded.map { "WHEN \(literal($0.raw)) THEN \(literal($0.value ?? ""))" }
        return "CASE \(folder) \(cases.joined(separator: " ")) ELSE \(folder) END"
    }

    /// Refuses files that the warehouse cannot read.
    func refuse(_ table: LoadTable, _ reason: String, _ hint: String) -> LoadError {
        LoadError(object: "table \(table.name) for \(warehouse.title)", reason: reason, hint: hint)
    }
}

/// A table with the names that the warehouse has for it.
struct NamedTable {
    let table: LoadTable
    /// The name with its schema, in its quotes.
    let name: String
    /// The name without either.
    let bareName: String
    /// The columns' names, without quotes.
    let columns: [String]
    /// The names of the columns that the path's values fill.
    let partitions: [String]

    init(_ table: LoadTable, bareName: String, schema: String?, _ loader: some Loader) {
        self.table = table
        self.bareName = bareName
        name = Self.qualified(bareName, schema: schema, loader)
        var names = FittedNames(mostBytes: loader.longestName)
        columns = table.columns.map { names.fit(loader.columnName($0.name)) }
        partitions = table.partitions.map { names.fit(loader.columnName($0.name)) }
    }

    /// A name with its schema, in quotes; a schema may have several parts: `project.dataset`.
    static func qualified(_ name: String, schema: String?, _ loader: some Loader) -> String {
        ((schema.map { $0.split(separator: ".").map(String.init) } ?? []) + [name]).map(loader.identifier)
            .joined(separator: ".")
    }

    /// The list of columns that an INSERT of a group's rows fills.
    func targets(_ group: LoadGroup, _ loader: some Loader) -> String {
        (columns.prefix(group.columns) + partitions).map(loader.identifier).joined(separator: ", ")
    }
}

/// How SQL writes strings and names.
enum SQLText {
    /// A string as the standard has it: quotes twice.
    static func standard(_ text: String) -> String { "'\(text.replacingOccurrences(of: "'", with: "''"))'" }

    /// A string where the backslash escapes.
    static func backslashed(_ text: String) -> String {
        let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "'", with: "\\'")
            .replacingOccurrences(of: "\n", with: "\\n").replacingOccurrences(of: "\r", with: "\\r")
        return "'\(escaped)'"
    }

    /// A list, an item a line. Names may have line ends of their own, behind which nothing may be put.
    static func list(_ items: [String], indent: Int) -> String {
        items.map { String(repeating: " ", count: indent) + $0 }.joined(separator: ",\n")
    }

    /// A line of comment, whatever the text holds: names may have line ends, which would end it.
    static func comment(_ text: String) -> String {
        "-- " + text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// A name in double quotes.
    static func quoted(_ name: String) -> String { "\"\(name.replacingOccurrences(of: "\"", with: "\"\""))\"" }

    /// A JSON string, as the files write keys.
    static func json(_ text: String) -> String {
        var buffer = ByteBuffer()
        JSONText.appendString(Array(text.utf8).span.bytes, to: &buffer)
        return buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension String {
    /// Each line behind some spaces.
    func indented(_ count: Int) -> String {
        let spaces = String(repeating: " ", count: count)
        return split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : spaces + $0 }
            .joined(separator: "\n")
    }
}
