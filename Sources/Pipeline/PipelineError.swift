/// Something wrong with a pipeline file, and where.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named.
    public let file: String
    /// The line, from 1; nil when the file as a whole is meant.
    public let line: Int?
    /// The column in Unicode scalars, from 1; nil when the file as a whole is meant.
    public let column: Int?
    /// What is wrong; it holds no value that came from a variable.
    public let message: String
    /// What would be right.
    public let hint: String?

    /// Makes a problem.
    public init(file: String, line: Int? = nil, column: Int? = nil, message: String, hint: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }

    /// `file:line:column: what is wrong; what would be right`.
    public var description: String {
        let place = [line, column].compactMap { $0.map(String.init) }
        return ([file] + place).joined(separator: ":") + ": " + message + (hint.map { "; \($0)" } ?? "")
    }
}

/// A pipeline file cannot be used; all that is wrong with it.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, in file order; at least one.
    public let problems: [Problem]

    /// Makes an error.
    ///
    /// - Parameter problems: at least one.
    public init(problems: [Problem]) {
        self.problems = problems
    }

    /// One problem a line.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Why a text is no value of some kind, before it is known where the text stands.
public struct InvalidValue: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it; may quote the text, so it is not shown for what came from a variable.
    public let reason: String?
    /// What would be right; never quotes the text.
    public let hint: String

    /// Makes an error.
    public init(_ reason: String? = nil, hint: String) {
        self.reason = reason
        self.hint = hint
    }

    /// `reason; hint`.
    public var description: String {
        [reason, hint].compactMap { $0 }.joined(separator: "; ")
    }
}
