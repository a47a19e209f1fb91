import Records

/// A column of the source's table, or a place in its JSON documents: `occurred_at`, `payload.user.id`,
/// `payload."user.name".id`, `payload.items[0].id`, `payload.items[*].email`.
public struct FieldPath: Hashable, Sendable {
    /// The table's column.
    public var column: String
    /// The steps into its documents; none for the column itself.
    public var steps: [PathStep]

    /// Makes a path.
    public init(column: String, steps: [PathStep] = []) {
        self.column = column
        self.steps = steps
    }
}

extension FieldPath: CustomStringConvertible {
    /// The path as pipeline files have it.
    public var description: String {
        var text = Self.shown(column)
        for step in steps {
            if case .key(let key) = step { text += "." + Self.shown(key) } else { text += step.description }
        }
        return text
    }

    private static func shown(_ key: String) -> String {
        !key.isEmpty && key.allSatisfy(isPlain) ? key : "\"\(key.replacing("\"", with: "\"\""))\""
    }

    fileprivate static func isPlain(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-$@".contains(character)
    }
}

extension FieldPath {
    /// The most steps that a path may have.
    private static let longest = 64

    /// Reads a path.
    ///
    /// A step is letters, digits, `_`, `-`, `$` and `@`, or anything in double quotes (a double quote itself twice); a
    /// place in an array stands in brackets, `[*]` for all of them.
    /// - Throws: `InvalidValue` for an empty step, an unclosed quote or bracket, or another character.
    init(parsing text: String) throws(InvalidValue) {
        var rest = text[...]
        var column: String?
        var steps: [PathStep] = []
        repeat {
            if column != nil { rest.removeFirst() }
            let step = rest.first == "\"" ? try Self.quoted(&rest) : Self.plain(&rest)
            if let next = rest.first, next != ".", next != "[" { throw Self.stop(at: next, after: step) }
            guard !step.isEmpty else {
                throw InvalidValue("it has an empty step", hint: "write the column and the keys as in payload.user.id")
            }
            if column == nil { column = step } else { steps.append(.key(step)) }
            while rest.first == "[" { steps.append(try Self.place(&rest)) }
            if let next = rest.first, next != "." { throw Self.stop(at: next, after: "]") }
        } while !rest.isEmpty
        guard steps.count <= Self.longest else {
            throw InvalidValue("it has more than \(Self.longest) steps", hint: "write a shorter path")
        }
        self.init(column: column ?? "", steps: steps)
    }

    /// Reads a path to one place.
    ///
    /// - Throws: `InvalidValue` for `[*]`, too.
    static func single(_ text: String) throws(InvalidValue) -> FieldPath {
        let path = try FieldPath(parsing: text)
        guard !path.steps.contains(.each) else {
            throw InvalidValue(
                "it leads to many values", hint: "write a place, as in payload.items[0].id; `arrays: explode` takes all"
            )
        }
        return path
    }

    private static func plain(_ rest: inout Substring) -> String {
        let step = rest.prefix(while: isPlain)
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

    private static func place(_ rest: inout Substring) throws(InvalidValue) -> PathStep {
        rest.removeFirst()
        guard let end = rest.firstIndex(of: "]") else {
            throw InvalidValue("a bracket is not closed", hint: "write a place in an array as in payload.items[0].id")
        }
        let text = rest[..<end]
        rest = rest[rest.index(after: end)...]
        if text == "*" { return .each }
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let index = Int(text), index < 1_000_000 else {
            throw InvalidValue(
                "'[\(text)]' is no place in an array",
                hint: "write a number from 0, as in payload.items[0].id; a key that holds a '[' goes in double quotes")
        }
        return .index(index)
    }

    private static func stop(at character: Character, after step: String) -> InvalidValue {
        InvalidValue(
            "'\(character)' cannot stand \(step.isEmpty ? "there" : "behind '\(step)'")",
            hint: "a key with other characters than letters, digits, '_', '-', '$' and '@' goes in double quotes")
    }
}
