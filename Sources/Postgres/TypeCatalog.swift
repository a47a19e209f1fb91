/// The rows of pg_type that some columns need, with all that those refer to.
struct TypeCatalog {
    private struct Entry {
        var name: String
        /// b base, c composite, d domain, e enum, p pseudo, r range, m multirange.
        var kind: String
        var isNotNull: Bool
        /// Of a domain: the type that it is over, else 0.
        var base: UInt32
        var modifier: Int32
        /// Of a true array (not `int2vector` and such): the element's type, else 0.
        var element: UInt32
        /// The extension's case-insensitive text, in whatever schema it lies.
        var isCitext: Bool
    }

    private var entries: [UInt32: Entry] = [:]

    /// Reads the types, level by level: domains over arrays over domains end somewhere, since none can contain itself.
    init(_ connection: Connection, types: [UInt32]) throws(PostgresError) {
        var wanted = Set(types)
        var asked: Set<UInt32> = []
        while !wanted.isEmpty {
            let list = "{" + wanted.sorted().map { String($0) }.joined(separator: ",") + "}"
            let result = try connection.query(
                """
                SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typnotnull, t.typbasetype, t.typtypmod,
                  CASE WHEN e.typarray = t.oid THEN e.oid ELSE 0 END,
                  t.typname = 'citext' AND t.typtype = 'b' AND t.typcategory = 'S'
                FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
                WHERE t.oid = ANY ($1::pg_catalog.oid[])
                """, [list])
            for row in result.rows {
                guard let oid = row[0].flatMap({ UInt32($0) }) else { continue }
                entries[oid] = Entry(
                    name: row[1] ?? "", kind: row[2] ?? "", isNotNull: row[3] == "t",
                    base: row[4].flatMap { UInt32($0) } ?? 0, modifier: row[5].flatMap { Int32($0) } ?? -1,
                    element: row[6].flatMap { UInt32($0) } ?? 0, isCitext: row[7] == "t")
            }
            asked.formUnion(wanted)
            wanted = Set(entries.values.flatMap { [$0.base, $0.element] }).subtracting(asked).subtracting([0])
        }
    }

    /// The type below all domains, the modifier that counts, and whether a domain on the way is NOT NULL.
    func base(of oid: UInt32, modifier: Int32) -> (oid: UInt32, modifier: Int32, notNull: Bool) {
        var result = (oid: oid, modifier: modifier, notNull: false)
        while let entry = entries[result.oid], entry.kind == "d" {
            if result.modifier == -1 { result.modifier = entry.modifier }
            result.notNull = result.notNull || entry.isNotNull
            result.oid = entry.base
        }
        return result
    }

    /// How a type's binary form is decoded.
    func type(_ oid: UInt32) -> PostgresType {
        let oid = base(of: oid, modifier: -1).oid
        if let known = PostgresType(builtIn: oid) { return known }
        guard let entry = entries[oid] else { return .other("oid \(oid)") }
        if entry.element != 0 {
            let element = type(entry.element)
            if case .other = element { return .other(entry.name) }
            return .array(element)
        }
        if entry.kind == "e" || entry.isCitext { return .text }
        return .other(entry.name)
    }
}

extension PostgresType {
    /// The types with an object identifier that is the same in every database (pg_type.dat).
    init?(builtIn oid: UInt32) {
        switch oid {
        case 16: self = .bool
        case 17: self = .bytea
        case 19, 25, 142, 1042, 1043: self = .text  // name, text, xml, bpchar, varchar
        case 20: self = .int8
        case 21: self = .int2
        case 23: self = .int4
        case 26: self = .oid
        case 114: self = .json
        case 650: self = .cidr
        case 700: self = .float4
        case 701: self = .float8
        case 869: self = .inet
        case 1082: self = .date
        case 1083: self = .time
        case 1114: self = .timestamp
        case 1184: self = .timestamptz
        case 1186: self = .interval
        case 1266: self = .timetz
        case 1700: self = .numeric
        case 2950: self = .uuid
        case 3802: self = .jsonb
        default: return nil
        }
    }
}
