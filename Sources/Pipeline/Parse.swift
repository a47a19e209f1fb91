import Records

/// The kinds of values, each read from its text.
enum Parse {
    /// `true` or `false`.
    static func bool(_ text: String) throws(InvalidValue) -> Bool {
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw InvalidValue(hint: "write true or false")
        }
    }

    /// A whole number; underscores may part its digits.
    static func int(_ range: ClosedRange<Int>) -> (String) throws(InvalidValue) -> Int {
        { text throws(InvalidValue) in
            let digits = text.filter { $0 != "_" }
            guard let number = Int(digits), range.contains(number), text.first != "_" else {
                throw InvalidValue(hint: "write a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// A number of bytes.
    static func size(_ range: ClosedRange<ByteSize>) -> (String) throws(InvalidValue) -> ByteSize {
        { text throws(InvalidValue) in
            let size = try ByteSize(parsing: text)
            guard range.contains(size) else {
                throw InvalidValue(hint: "write a size from \(range.lowerBound) to \(range.upperBound)")
            }
            return size
        }
    }

    /// A length of time.
    static func span(_ range: ClosedRange<TimeSpan>) -> (String) throws(InvalidValue) -> TimeSpan {
        { text throws(InvalidValue) in
            let span = try TimeSpan(parsing: text)
            guard range.contains(span) else {
                throw InvalidValue(hint: "write a time from \(range.lowerBound) to \(range.upperBound)")
            }
            return span
        }
    }

    /// A day or a moment: microseconds since 2000-01-01 UTC.
    static func moment(_ text: String) throws(InvalidValue) -> Int64 {
        guard let moment = TimeText.moment(parsing: text) else {
            throw InvalidValue(hint: "write a day such as 2026-01-01, or a moment such as 2026-01-01T06:00:00Z")
        }
        return moment
    }

    /// One of an enumeration's words.
    ///
    /// - Parameter notYet: the words that are planned but do not work yet.
    static func choice<Value: CaseIterable & RawRepresentable<String>>(
        notYet: [String] = []
    ) -> (String) throws(InvalidValue) -> Value {
        { text throws(InvalidValue) in
            if let value = Value(rawValue: text) { return value }
            let words = Value.allCases.map(\.rawValue)
            let all =
                words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
            if notYet.contains(text) { throw InvalidValue("it is not supported yet", hint: "write \(all)") }
            let near = Suggestion.nearest(to: text, among: words)
            throw InvalidValue(near.map { "perhaps '\($0)' is meant" }, hint: "write \(all)")
        }
    }

    /// A text without white space.
    static func word(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty, !text.contains(where: \.isWhitespace), text.utf8.count <= 16_384 else {
            throw InvalidValue(hint: "write a text without spaces, not an empty one")
        }
        return text
    }

    /// A column's name: 1 to 255 bytes without control characters.
    static func name(_ text: String) throws(InvalidValue) -> String {
        guard !text.isEmpty else { throw InvalidValue(hint: "write a name that is not empty") }
        return try namePart(text)
    }

    /// A part of a column's name: at most 255 bytes without control characters.
    static func namePart(_ text: String) throws(InvalidValue) -> String {
        guard text.utf8.count <= 255,
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { throw InvalidValue(hint: "write at most 255 bytes, without line ends and other control characters") }
        return text
    }

    /// The name of a pipeline, a dataset or a part of a path.
    static func identifier(_ text: String) throws(InvalidValue) -> String {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, (1...63).contains(text.utf8.count), text.first != "_", text.first != "-" else {
            throw InvalidValue(hint: "write 1 to 63 letters, digits, '_' and '-', a letter or a digit first")
        }
        return text
    }
}
