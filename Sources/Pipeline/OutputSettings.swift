/// The settings that `defaults` and each dataset have in common; a dataset's win, each by itself.
struct OutputSettings {
    enum Format: String, CaseIterable {
        case ndjson, csv
    }

    var format = Format.ndjson
    var json = JSONSpec()
    var csv = CSVSpec()
    var specialValues = SpecialValues.null
    var compression = CompressionSpec()
    var chunk = ChunkSpec()
    var schema = SchemaSpec()
    var sample = 10_000
    var timestampZone = "UTC"

    var formatSpec: FormatSpec { format == .csv ? .csv(csv) : .json(json) }

    /// These settings with what a mapping says in place of them.
    func overridden(by map: Mapping) -> OutputSettings {
        var settings = self
        settings.format = map.value("format", Parse.choice(notYet: ["parquet"])) ?? format
        settings.json.nulls = map.value("nulls", Parse.choice()) ?? json.nulls
        settings.json.bigintAsString = map.value("bigint_as_string", Parse.bool) ?? json.bigintAsString
        settings.csv.read(from: map.mapping("csv", short: "preset"))
        settings.specialValues = map.value("special_values", allowsNull: true, Parse.choice()) ?? specialValues
        settings.compression.read(from: map.mapping("compression"))
        settings.chunk.read(from: map.mapping("chunk"))
        settings.schema.read(from: map)
        settings.sample = map.value("sample", Parse.int(0...10_000_000)) ?? sample
        settings.timestampZone = map.value("timestamp_zone", Self.zone) ?? timestampZone
        return settings
    }

    /// A zone's name, not an offset: PostgreSQL reads '+02' the POSIX way, as two hours west of Greenwich.
    private static func zone(_ text: String) throws(InvalidValue) -> String {
        if ["utc", "z", "etc/utc"].contains(text.lowercased()) { return "UTC" }
        let hint = "write a zone's name, such as Europe/Berlin or UTC"
        let isName =
            text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/_+-".contains($0)) }
        guard isName, text.utf8.count <= 64 else { throw InvalidValue("it is no zone's name", hint: hint) }
        let offset = zip(text, text.dropFirst()).contains { "+-".contains($0) && $1.isNumber }
        if offset, !text.hasPrefix("Etc/") {
            throw InvalidValue("it is an offset, whose sign PostgreSQL reads the other way round", hint: hint)
        }
        return text
    }
}

extension CSVSpec {
    fileprivate mutating func read(from map: Mapping) {
        if let preset: Preset = map.value("preset", Parse.choice()) { self = CSVSpec(preset) }
        header = map.value("header", Parse.bool) ?? header
        delimiter = map.value("delimiter", Self.delimiter) ?? delimiter
        let taken = delimiter
        null = map.value("null", allowsNull: true) { text throws(InvalidValue) in try Self.null(text, taken) } ?? null
        quote = map.value("quote", Parse.choice()) ?? quote
        lineEnd = map.value("line_end", Parse.choice()) ?? lineEnd
        map.finish()
    }

    private static func delimiter(_ text: String) throws(InvalidValue) -> String {
        let text = ["\\t", "tab"].contains(text) ? "\t" : text
        guard text.utf8.count == 1, let byte = text.utf8.first, byte > 0, byte < 0x7F, !"\"\r\n ".contains(text),
            !text.allSatisfy({ $0.isLetter || $0.isNumber })
        else { throw InvalidValue(hint: "write one ASCII character, such as \",\" or \";\" or \"|\" or \"\\t\"") }
        return text
    }

    private static func null(_ text: String, _ delimiter: String) throws(InvalidValue) -> String {
        let forbidden = "\"\r\n\0" + delimiter
        // PostgreSQL takes a lone `\.` for the end of the data.
        guard text.utf8.count <= 32, text != "\\.",
            !text.unicodeScalars.contains(where: forbidden.unicodeScalars.contains)
        else {
            throw InvalidValue(
                hint: "write at most 32 bytes without quotes, line ends and the delimiter, such as '\\N'")
        }
        return text
    }
}

extension CompressionSpec {
    fileprivate mutating func read(from map: Mapping) {
        // A level belongs to its codec: another codec does not take it over.
        if let own: Codec = map.value("codec", Parse.choice()), own != codec { self = CompressionSpec(codec: own) }
        let codec = codec
        level =
            map.value("level") { text throws(InvalidValue) in
                do throws(InvalidValue) {
                    return try Parse.int(codec.levels)(text)
                } catch {
                    throw InvalidValue("the codec is \(codec.rawValue)", hint: error.hint)
                }
            } ?? level
        map.finish()
    }
}

extension ChunkSpec {
    fileprivate mutating func read(from map: Mapping) {
        let sizes = ByteSize(bytes: 1 << 20)...ByteSize(bytes: 5 << 30)
        targetSize = map.value("target_size", Parse.size(sizes))?.bytes ?? targetSize
        rows = map.value("rows", Parse.int(1...1_000_000_000_000)) ?? rows
        map.finish()
    }
}
