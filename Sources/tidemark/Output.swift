import Foundation
import TextTable

/// What commands print on standard output.
enum Output {
    /// One JSON document.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// A table with a line of titles.
    ///
    /// - Parameters:
    ///   - titles: the titles; one that begins with `>` is aligned to the right, without the mark.
    ///   - rows: the cells.
    static func table(_ titles: [String], _ rows: [[String]]) {
        let table = TextTable<[String]> { row in
            titles.enumerated().map { index, title in
                let isRight = title.hasPrefix(">")
                return Column(
                    title: isRight ? String(title.dropFirst()) : title, value: row[index],
                    align: isRight ? .right : .left)
            }
        }
        if let text = table.string(for: rows, style: Style.plain) { print(text) }
    }
}

/// Figures as people read them.
enum Figure {
    /// A whole number with separators: `1,234,567`.
    static func count(_ number: some BinaryInteger) -> String {
        Int64(number).formatted(.number.locale(Locale(identifier: "en_US")))
    }

    /// Bytes in binary units: `12.3 MiB`.
    static func bytes(_ number: some BinaryInteger) -> String {
        var value = Double(number)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1_024 { return unit == "B" ? "\(Int(value)) B" : String(format: "%.1f %@", value, unit) }
            value /= 1_024
        }
        return String(format: "%.1f TiB", value)
    }

    /// A span of time: `0.8 s`, `1 min 23 s`, `2 h 5 min`.
    static func seconds(_ number: Double) -> String {
        if number < 60 { return String(format: "%.1f s", number) }
        let whole = Int(number)
        if whole < 3_600 { return "\(whole / 60) min \(whole % 60) s" }
        if whole < 86_400 { return "\(whole / 3_600) h \(whole % 3_600 / 60) min" }
        return "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
    }
}
