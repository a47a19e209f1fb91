/// Quoting of what is put into SQL text.
public enum SQL {
    /// A name in double quotes, so that it means exactly itself.
    ///
    /// Source: PostgreSQL manual, 4.1.1 "Identifiers and Key Words".
    /// - Parameter name: any text but the NUL byte, which PostgreSQL refuses.
    public static func identifier(_ name: String) -> String {
        quoted(name, by: "\"")
    }

    /// A qualified name: each part quoted, with dots between.
    /// - Parameter parts: schema and table, or schema, table and column.
    public static func identifier(_ parts: [String]) -> String {
        parts.map { identifier($0) }.joined(separator: ".")
    }

    /// A string constant, which means the same whatever `standard_conforming_strings` says.
    ///
    /// Source: libpq, `PQescapeLiteral`.
    public static func literal(_ text: String) -> String {
        guard text.unicodeScalars.contains("\\") else { return quoted(text, by: "'") }
        var doubled = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\\" { doubled.append(scalar) }
            doubled.append(scalar)
        }
        return " E" + quoted(String(doubled), by: "'")
    }

    // Scalars, not characters: a quote followed by a combining mark is another Character, but still ends a name.
    private static func quoted(_ text: String, by mark: Unicode.Scalar) -> String {
        var result = String.UnicodeScalarView()
        result.append(mark)
        for scalar in text.unicodeScalars {
            if scalar == mark { result.append(mark) }
            result.append(scalar)
        }
        result.append(mark)
        return String(result)
    }
}
