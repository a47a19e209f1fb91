import Foundation

/// How state is written: one JSON document an object, keys sorted, moments in ISO 8601 with milliseconds.
///
/// Sorted keys make equal values equal bytes, which is how a writer recognises its own object.
public enum LakeJSON {
    /// Encodes a value.
    ///
    /// - Parameters:
    ///   - value: what to write.
    ///   - pretty: whether people are meant to read it.
    /// - Throws: `EncodingError`.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(date))
        }
        return try [UInt8](encoder.encode(value))
    }

    /// Decodes a value.
    ///
    /// - Parameters:
    ///   - type: what is expected.
    ///   - bytes: the object's bytes.
    ///   - object: the object's name, for the error.
    /// - Throws: `LakeError` when the bytes are not what this version of the program writes.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], object: String
    ) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let written = try container.decode(String.self)
            guard let date = try? style.parse(written) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(written) is no moment")
            }
            return date
        }
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw LakeError(
                operation: "read", object: object, reason: "it is not what this version of Tidemark writes (\(error))",
                hint: "Was it written by a newer version, or changed by hand?")
        }
    }

    /// A moment as state has it.
    public static func text(_ date: Date) -> String { date.formatted(style) }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}
