/// A YAML text in lines and Unicode scalars, as libyaml counts them.
struct SourceLines {
    private(set) var lines: [[Unicode.Scalar]] = []

    init(_ text: String) {
        var line: [Unicode.Scalar] = []
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where isAfterReturn: break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(line)
                line = []
            default: line.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        lines.append(line)
    }

    /// Where a text first stands at or behind a place; the place itself when it is not found in the 100 lines there.
    func place(of token: String, from place: Place) -> Place {
        let wanted = Array(token.unicodeScalars)
        guard !wanted.isEmpty else { return place }
        for number in place.line..<place.line + 100 {
            guard lines.indices.contains(number - 1) else { break }
            let line = lines[number - 1]
            var start = number == place.line ? place.column - 1 : 0
            while start + wanted.count <= line.count {
                if line[start..<start + wanted.count].elementsEqual(wanted) {
                    return Place(line: number, column: start + 1)
                }
                start += 1
            }
        }
        return place
    }
}
