import Lake

/// How a file is written, as far as its readers care: the one place that knows what an ``OutputPlan`` means to them.
struct FileDialect: Hashable {
    enum Format: Hashable {
        case ndjson
        case csv(header: Bool, delimiter: String, null: String)
    }

    enum Codec: String {
        case zstd, gzip, none
    }

    /// How rows are written.
    let format: Format
    /// How the file is compressed.
    let codec: Codec
    /// Of NDJSON: whether whole numbers, numbers and decimals are strings, which no reader rounds.
    let quotesNumbers: Bool
    /// Whether columns of moments and numbers may hold `infinity`, `NaN` and years before Christ as text.
    let holdsSpecials: Bool
    /// Of CSV: whether lines end in CR LF.
    let endsInCRLF: Bool

    init(_ output: OutputPlan) throws {
        switch output.format {
        case "ndjson": format = .ndjson
        case "csv": format = .csv(header: output.header, delimiter: output.delimiter, null: output.null)
        default:
            throw LoadError(
                object: "files in the format \(output.format)", reason: "this version of Tidemark does not know it",
                hint: "Use the version that wrote them, or a later one.")
        }
        guard let codec = Codec(rawValue: output.codec) else {
            throw LoadError(
                object: "files compressed with \(output.codec)", reason: "this version of Tidemark does not know it",
                hint: "Use the version that wrote them, or a later one.")
        }
        self.codec = codec
        quotesNumbers = output.bigintAsString
        holdsSpecials = output.specialValues == "string"
        endsInCRLF = output.lineEnd == "crlf"
    }

    var isCSV: Bool { format != .ndjson }
}
