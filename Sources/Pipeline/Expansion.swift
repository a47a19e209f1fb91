/// A text whose `${VAR}` and `${VAR:-default}` are filled in.
///
/// A default stands in for a variable that is unset or empty, as in a shell. What is filled in is not looked at
/// again. `$${` gives a literal `${`; any other `$` is only that.
struct Expansion {
    /// What is wrong, and with which part of the text.
    struct Problem {
        let token: String
        let message: String
        let hint: String
    }

    /// The text; without use when there are problems.
    private(set) var value = ""
    /// Whether something came from a variable or a variable's default.
    private(set) var usesVariables = false
    /// What is wrong.
    private(set) var problems: [Problem] = []

    init(of text: String, in environment: [String: String]) {
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("$${") {
                value += "${"
                rest.removeFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    fail(rest.prefix(40), "'${' is not closed")
                    return
                }
                let token = rest[...end]
                rest = rest[rest.index(after: end)...]
                fill(token, environment)
            } else {
                value.append(character)
                rest.removeFirst()
            }
        }
    }

    private mutating func fill(_ token: Substring, _ environment: [String: String]) {
        usesVariables = true
        let inside = token.dropFirst(2).dropLast()
        let name = inside.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        let rest = inside.dropFirst(name.count)
        guard !name.isEmpty, name.first?.isNumber == false else {
            fail(token, "'\(token)' names no variable")
            return
        }
        if rest.isEmpty {
            guard let set = environment[String(name)] else {
                problems.append(
                    Problem(
                        token: String(token), message: "the variable \(name) is not set",
                        hint: "set it (export \(name)=…), or give it a default (${\(name):-…})"))
                return
            }
            value += set
        } else if rest.hasPrefix(":-"), !rest.contains("${") {
            let set = environment[String(name)] ?? ""
            value += set.isEmpty ? String(rest.dropFirst(2)) : set
        } else if rest.hasPrefix(":-") {
            fail(token, "a default cannot hold another variable")
        } else {
            fail(token, "'\(token)' is not understood")
        }
    }

    private mutating func fail(_ token: Substring, _ message: String) {
        problems.append(
            Problem(
                token: String(token), message: message,
                hint: "write ${NAME} or ${NAME:-default}; $${ stands for a literal ${"))
    }
}
