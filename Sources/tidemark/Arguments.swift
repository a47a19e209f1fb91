import ArgumentParser
import Pipeline
import Records

/// Values of options, with the message that a wrong one gets.
enum Arguments {
    /// A length of time in seconds; nil for none given.
    static func span(_ text: String?, _ option: String) throws -> Double? {
        guard let text else { return nil }
        do {
            return try TimeSpan(parsing: text).seconds
        } catch {
            throw ValidationError("\(option) \(text): \(error)")
        }
    }

    /// A day or a moment: microseconds since 2000-01-01 UTC.
    static func moment(_ text: String, _ option: String) throws -> Int64 {
        guard let moment = TimeText.moment(parsing: text) else {
            throw ValidationError(
                "\(option) \(text): write a day such as 2026-11-01, or a moment such as 2026-11-01T06:00:00Z.")
        }
        return moment
    }
}
