import Yams

/// A place in a text.
struct Place: Hashable {
    /// The line, from 1.
    let line: Int
    /// The column in Unicode scalars, from 1.
    let column: Int
}

extension Place {
    init?(_ mark: Mark?) {
        guard let mark else { return nil }
        self.init(line: mark.line, column: mark.column)
    }
}

/// A pipeline file that is being read: its text, its variables, and what was found wrong with it so far.
final class Document {
    /// The file as messages name it.
    let file: String
    /// The variables that values may name.
    let environment: [String: String]
    /// The YAML.
    let tree: YAMLTree
    /// Every setting that was asked for, as `SettingReference` names them.
    private(set) var accepted: Set<String> = []
    private var found: Set<Problem> = []

    init(file: String, tree: YAMLTree, environment: [String: String]) {
        self.file = file
        self.tree = tree
        self.environment = environment
    }

    /// What is wrong, each once (an alias leads to the same text twice), in file order.
    var problems: [Problem] {
        found.sorted {
            ($0.line ?? 0, $0.column ?? 0, $0.message) < ($1.line ?? 0, $1.column ?? 0, $1.message)
        }
    }

    /// Notes a problem; reading goes on, so that all are found at once.
    func report(_ message: String, at place: Place?, hint: String? = nil) {
        found.insert(Problem(file: file, line: place?.line, column: place?.column, message: message, hint: hint))
    }

    /// Notes that a setting exists.
    func accept(_ setting: String) {
        accepted.insert(setting)
    }

    /// A scalar with its variables filled in; nil, and a problem each, when that cannot be.
    func text(of scalar: Node.Scalar) -> Text? {
        let expansion = Expansion(of: scalar.string, in: environment)
        for problem in expansion.problems {
            let place = scalar.place.map { tree.lines.place(of: problem.token, from: $0) }
            report(problem.message, at: place, hint: problem.hint)
        }
        guard expansion.problems.isEmpty else { return nil }
        return Text(
            value: expansion.value, written: scalar.string, isExpanded: expansion.usesVariables, place: scalar.place)
    }
}

/// A scalar's text as it stands in the file, and with its variables filled in.
struct Text {
    /// With variables filled in.
    let value: String
    /// As the file has it.
    let written: String
    /// Whether variables were filled in, so that the value may be a secret.
    let isExpanded: Bool
    /// Where it begins.
    let place: Place?

    /// What messages may show.
    var shown: String { isExpanded ? written : value }
}

extension Node.Scalar {
    /// Where it begins.
    var place: Place? { Place(mark) }
}

extension Yams.Node {
    /// Where it begins.
    var place: Place? { Place(mark) }

    /// Whether a person would say that there is nothing: an empty plain scalar, `~` or `null`.
    var isNothing: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// What messages call it.
    var kind: String {
        switch self {
        case .scalar: isNothing ? "empty" : "text"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
