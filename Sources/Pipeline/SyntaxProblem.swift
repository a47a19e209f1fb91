import Yams

/// What a YAML parser found wrong, in plain words.
struct SyntaxProblem {
    private let place: Place?
    private let message: String
    private let hint: String?

    /// - Parameter lines: the text that the error is about.
    init(_ error: YamlError, lines: SourceLines) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = Place(line: mark.line, column: mark.column)
            let words = Self.words(problem, begun: Place(context?.mark), context?.text ?? "", at: place, lines)
            self.init(place: words.place ?? place, message: words.message, hint: words.hint)
        case .reader(let problem, let offset, _, let yaml):
            let before = offset.map { yaml.prefix($0) }.map { SourceLines(String($0)).lines }
            let place = before.map { Place(line: $0.count, column: ($0.last?.count ?? 0) + 1) }
            self.init(
                place: place, message: "the YAML cannot be read: \(problem)",
                hint: "remove the character, or write it as \\xNN in double quotes")
        case .duplicatedKeysInMapping(let names, let context):
            // Yams has no text for a key that is a mapping or a list.
            let all = names.map { $0.hasPrefix("<") ? "a key" : "'\($0)'" }.joined(separator: ", ")
            self.init(
                place: Place(context.mark), message: "\(all) is set more than once here", hint: "remove all but one")
        default:
            self.init(place: nil, message: "the YAML cannot be read: \(error)", hint: nil)
        }
    }

    private init(place: Place?, message: String, hint: String?) {
        self.place = place
        self.message = message
        self.hint = hint
    }

    /// The problem as the file's user sees it.
    func problem(in file: String) -> Problem {
        Problem(file: file, line: place?.line, column: place?.column, message: message, hint: hint)
    }

    /// - Parameter begun: where what is being read began, such as a quote or a list.
    /// - Returns: also the place to point at, where it is not `place`.
    private static func words(
        _ problem: String, begun: Place?, _ context: String, at place: Place, _ lines: SourceLines
    ) -> (message: String, hint: String?, place: Place?) {
        let line = lines.lines.indices.contains(place.line - 1) ? lines.lines[place.line - 1] : []
        let from = begun.map { " in line \($0.line)" } ?? ""
        switch problem {
        case "but found another document":
            return ("the file holds a second document", "remove the '---', or put it into a file of its own", nil)
        case "found undefined alias":
            return ("the alias names no anchor before it", "write &NAME at the value that *NAME is to repeat", nil)
        case "found unexpected end of stream" where context.contains("quoted"):
            return ("the quote opened here is never closed", "close it", begun)
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            let hasVariable = zip(line, line.dropFirst()).contains { $0 == "$" && $1 == "{" }
            return (
                "the '\(problem.hasSuffix("'}'") ? "{" : "[")' opened\(from) is not closed, or a comma is missing",
                hasVariable
                    ? "inside { } and [ ] a ${VARIABLE} goes in quotes"
                    : "close it; a text with a bracket or a comma in it goes in quotes", nil
            )
        case "did not find expected node content":
            return ("a value or a closing bracket is missing here", nil, nil)
        case "found character that cannot start any token", "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            let isTab = problem.contains("tab") || line.dropFirst(place.column - 1).first == "\t"
            return isTab
                ? ("a tab stands where YAML wants spaces", "indent with spaces", nil)
                : ("no value can begin with this character", "put the value in quotes", nil)
        case "mapping values are not allowed in this context":
            return (
                "a second ': ' stands in this value, or the line is indented wrongly", "put the value in quotes", nil
            )
        case "found unexpected ':'":
            return ("a ':' cannot stand at this place of a text", "put the text in quotes", nil)
        case "block sequence entries are not allowed in this context":
            return ("a list cannot begin here", "put each '- ' on a line of its own, below the key", nil)
        case "could not find expected ':'":
            return ("this line has no ':' behind its key", "write `name: value`, with a space behind the colon", begun)
        case "did not find expected key", "did not find expected '-' indicator",
            "did not find expected <document start>":
            return (
                "the indentation does not fit what is above",
                "indent the settings of one mapping, and the entries of one list, by the same number of spaces", nil
            )
        case _ where problem.hasPrefix("Maximum nesting level"):
            return ("the YAML is nested too deeply", nil, nil)
        default:
            let words = [context, problem].filter { !$0.isEmpty }.joined(separator: ", ")
            return ("the YAML cannot be read: \(words)", nil, nil)
        }
    }
}
