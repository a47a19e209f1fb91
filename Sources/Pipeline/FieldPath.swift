/// The text of a path into a JSON column: `payload.user.id`, `payload."user.name".id`.
enum FieldPath {
    /// Reads a path.
    ///
    /// A step is letters, digits, `_`, `-`, `$` and `@`, or anything in double quotes (a double quote itself twice).
    /// - Throws: `InvalidValue` for an empty step, an unclosed quote, an array index, or another character.
    static func steps(_ text: String) throws(InvalidValue) -> [String] {
        var rest = text[...]
        var steps: [String] = []
        while true {
            let step = rest.first == "\"" ? try quoted(&rest) : plain(&rest)
            if let next = rest.first, next != "." { throw stop(at: next, after: step) }
            guard !step.isEmpty else {
                throw InvalidValue("it has an empty step", hint: "write the column and the keys as in payload.user.id")
            }
            steps.append(step)
            guard !rest.isEmpty else { return steps }
            rest.removeFirst()
        }
    }

    private static func plain(_ rest: inout Substring) -> String {
        let step = rest.prefix { $0.isLetter || $0.isNumber || "_-$@".contains($0) }
        rest.removeFirst(step.count)
        return String(step)
    }

    private static func quoted(_ rest: inout Substring) throws(InvalidValue) -> String {
        rest.removeFirst()
        var step = ""
        while let character = rest.popFirst() {
            if character != "\"" {
                step.append(character)
            } else if rest.first == "\"" {
                rest.removeFirst()
                step.append(character)
            } else {
                return step
            }
        }
        throw InvalidValue("a double quote is not closed", hint: "write such a key as in payload.\"user.name\".id")
    }

    private static func stop(at character: Character, after step: String) -> InvalidValue {
        if character == "[" {
            return InvalidValue(
                "places in arrays are not supported yet",
                hint: "take the whole array, with type: json; a key that holds a '[' goes in double quotes")
        }
        return InvalidValue(
            "'\(character)' cannot stand \(step.isEmpty ? "there" : "behind '\(step)'")",
            hint: "a key with other characters than letters, digits, '_', '-', '$' and '@' goes in double quotes")
    }
}
