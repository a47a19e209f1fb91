import Yams

/// A YAML text as nodes.
struct YAMLTree {
    /// What the text holds; nil when it holds nothing.
    let root: Node?
    /// The text's lines.
    let lines: SourceLines
    /// The keys that were renamed because their mapping has them twice, with their real names.
    private let renamed: [Place: String]

    /// So many keys that are there twice are told apart.
    private static let renamedLimit = 100
    /// The first of the private code points that stand in for a repeated key's first letter.
    private static let firstStandIn: UInt32 = 0xE000

    /// Composes a text's only document.
    ///
    /// Yams refuses a mapping that has a key twice and tells where the first one stands, but not the others, and it
    /// stops there. So that key's first letter is replaced by a private one, in memory, and the text is composed
    /// again; the reader of the mapping then sees both.
    ///
    /// - Throws: `PipelineError` for a text that is no YAML, or holds several documents.
    init(_ text: String, file: String) throws(PipelineError) {
        lines = SourceLines(text)
        var scalars = lines.lines
        var renamed: [Place: String] = [:]
        var text = text
        while true {
            do {
                root = try Yams.compose(yaml: text, .basic, .default, .utf8)
                self.renamed = renamed
                return
            } catch let error as YamlError {
                guard case .duplicatedKeysInMapping(let names, let context) = error, let name = names.first,
                    let place = Place(context.mark), renamed.count < Self.renamedLimit,
                    let first = Self.firstLetter(of: name, at: place, in: scalars), renamed[place] == nil,
                    let standIn = Unicode.Scalar(Self.firstStandIn + UInt32(renamed.count))
                else {
                    let others = renamed.map { Self.repeated($0.value, at: $0.key, file) }
                    let problem = SyntaxProblem(error, lines: lines).problem(in: file)
                    throw PipelineError(problems: (others + [problem]).sorted { ($0.line ?? 0) < ($1.line ?? 0) })
                }
                scalars[place.line - 1][first] = standIn
                renamed[place] = name
                text = Self.joined(scalars)
            } catch {
                throw PipelineError(problems: [Problem(file: file, message: "the YAML cannot be read: \(error)")])
            }
        }
    }

    /// A key as the file has it.
    func name(of key: Node.Scalar) -> String {
        key.place.flatMap { renamed[$0] } ?? key.string
    }

    /// Where the first letter of a plain or simply quoted key stands in its line; nil for any other key.
    private static func firstLetter(of name: String, at place: Place, in lines: [[Unicode.Scalar]]) -> Int? {
        guard lines.indices.contains(place.line - 1), let letter = name.unicodeScalars.first else { return nil }
        let line = lines[place.line - 1]
        let isQuoted = place.column <= line.count && "\"'".unicodeScalars.contains(line[place.column - 1])
        let index = isQuoted ? place.column : place.column - 1
        guard line.indices.contains(index), line[index] == letter, letter != "'" else { return nil }
        return index
    }

    private static func joined(_ lines: [[Unicode.Scalar]]) -> String {
        var text = String.UnicodeScalarView()
        for (index, line) in lines.enumerated() {
            if index > 0 { text.append("\n") }
            text.append(contentsOf: line)
        }
        return String(text)
    }

    private static func repeated(_ name: String, at place: Place, _ file: String) -> Problem {
        Problem(
            file: file, line: place.line, column: place.column, message: "'\(name)' is set again further down",
            hint: "remove one of them")
    }
}
