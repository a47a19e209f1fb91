/// A field as a CSV reader sees it.
struct CSVField: Hashable {
    var text: String
    var isQuoted: Bool

    static func plain(_ text: String) -> CSVField { CSVField(text: text, isQuoted: false) }
    static func quoted(_ text: String) -> CSVField { CSVField(text: text, isQuoted: true) }
}

/// Reads CSV by the letter of RFC 4180, with LF as line end; nil for anything that it does not allow.
func readCSV(_ text: [UInt8], delimiter: Character = ",") -> [[CSVField]]? {
    let delimiter = delimiter.asciiValue ?? 0
    var rows: [[CSVField]] = []
    var row: [CSVField] = []
    var index = 0
    while index < text.count {
        var field: [UInt8] = []
        let isQuoted = text[index] == UInt8(ascii: "\"")
        if isQuoted {
            index += 1
            while true {
                guard index < text.count else { return nil }
                if text[index] == UInt8(ascii: "\"") {
                    index += 1
                    guard index < text.count, text[index] == UInt8(ascii: "\"") else { break }
                }
                field.append(text[index])
                index += 1
            }
        } else {
            while index < text.count, text[index] != delimiter, text[index] != 0x0A {
                if text[index] == UInt8(ascii: "\"") || text[index] == 0x0D { return nil }
                field.append(text[index])
                index += 1
            }
        }
        row.append(CSVField(text: String(decoding: field, as: UTF8.self), isQuoted: isQuoted))
        guard index < text.count else { return nil }
        if text[index] == 0x0A {
            rows.append(row)
            row = []
            index += 1
        } else if text[index] == delimiter {
            index += 1
            if index < text.count, text[index] != 0x0A { continue }
            guard index < text.count else { return nil }
            row.append(.plain(""))
            rows.append(row)
            row = []
            index += 1
        } else {
            return nil
        }
    }
    return row.isEmpty ? rows : nil
}
