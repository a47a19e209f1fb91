/// JSON as the tests understand it, written for clearness only: numbers are their digits, strings UTF-16 units, so that
/// halves of surrogate pairs are told apart; the last of a repeated key wins.
indirect enum ReferenceJSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string([UInt16])
    case array([ReferenceJSON])
    case object([[UInt16]: ReferenceJSON])

    static func text(_ text: String) -> ReferenceJSON { .string(Array(text.utf16)) }

    /// Reads a text; nil when it is no JSON.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - allowsRepeats: whether the outermost object may hold a key twice; those within always may.
    init?(_ bytes: some Sequence<UInt8>, allowsRepeats: Bool = true) {
        var reader = Reader(bytes: Array(bytes), allowsRepeats: allowsRepeats)
        guard let value = reader.value() else { return nil }
        reader.space()
        guard reader.index == reader.bytes.count else { return nil }
        self = value
    }

    private struct Reader {
        let bytes: [UInt8]
        let allowsRepeats: Bool
        var index = 0
        var level = 0

        var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

        mutating func space() { while let byte, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 } }

        mutating func take(_ text: String) -> Bool {
            guard bytes[index...].starts(with: text.utf8) else { return false }
            index += text.utf8.count
            return true
        }

        mutating func value() -> ReferenceJSON? {
            space()
            switch byte {
            case UInt8(ascii: "{"): return object()
            case UInt8(ascii: "["): return array()
            case UInt8(ascii: "\""): return string().map { .string($0) }
            case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
            case UInt8(ascii: "n"): return take("null") ? .null : nil
            default: return number()
            }
        }

        mutating func object() -> ReferenceJSON? {
            index += 1
            level += 1
            defer { level -= 1 }
            var members: [[UInt16]: ReferenceJSON] = [:]
            space()
            if take("}") { return .object(members) }
            while true {
                space()
                guard byte == UInt8(ascii: "\""), let key = string() else { return nil }
                space()
                guard take(":"), let member = value() else { return nil }
                if !allowsRepeats, level == 1, members[key] != nil { return nil }
                members[key] = member
                space()
                if take("}") { return .object(members) }
                guard take(",") else { return nil }
            }
        }

        mutating func array() -> ReferenceJSON? {
            index += 1
            level += 1
            defer { level -= 1 }
            var elements: [ReferenceJSON] = []
            space()
            if take("]") { return .array(elements) }
            while true {
                guard let element = value() else { return nil }
                elements.append(element)
                space()
                if take("]") { return .array(elements) }
                guard take(",") else { return nil }
            }
        }

        mutating func string() -> [UInt16]? {
            index += 1
            var units: [UInt16] = []
            var plain: [UInt8] = []
            func flush(_ units: inout [UInt16], _ plain: inout [UInt8]) {
                units += String(decoding: plain, as: UTF8.self).utf16
                plain = []
            }
            while let byte {
                index += 1
                switch byte {
                case UInt8(ascii: "\""):
                    flush(&units, &plain)
                    return units
                case 0..<0x20: return nil
                case UInt8(ascii: "\\"):
                    flush(&units, &plain)
                    guard let kind = self.byte else { return nil }
                    index += 1
                    let simple: [UInt8: UInt16] = [
                        34: 34, 92: 92, 47: 47, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9,
                    ]
                    if let unit = simple[kind] {
                        units.append(unit)
                    } else if kind == UInt8(ascii: "u"), index + 4 <= bytes.count,
                        bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                        let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
                    {
                        units.append(unit)
                        index += 4
                    } else {
                        return nil
                    }
                default: plain.append(byte)
                }
            }
            return nil
        }

        mutating func number() -> ReferenceJSON? {
            let start = index
            _ = take("-")
            guard let first = byte, (48...57).contains(first) else { return nil }
            if first == 48 { index += 1 } else { digits() }
            if byte == UInt8(ascii: ".") {
                index += 1
                guard digits() > 0 else { return nil }
            }
            if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
                index += 1
                if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
                guard digits() > 0 else { return nil }
            }
            return .number(String(decoding: bytes[start..<index], as: UTF8.self))
        }

        @discardableResult
        mutating func digits() -> Int {
            let start = index
            while let byte, (48...57).contains(byte) { index += 1 }
            return index - start
        }
    }

    /// The value with another one put at a path; objects on the way are made.
    func setting(_ path: ArraySlice<[UInt16]>, to value: ReferenceJSON) -> ReferenceJSON {
        guard let key = path.first else { return value }
        var members: [[UInt16]: ReferenceJSON] = [:]
        if case .object(let own) = self { members = own }
        members[key] = (members[key] ?? .object([:])).setting(path.dropFirst(), to: value)
        return .object(members)
    }

    /// The keys of a JSON Pointer (RFC 6901), behind its first step.
    static func keys(ofPointer pointer: [UInt16]) -> [[UInt16]] {
        let steps = pointer.split(separator: UInt16(UInt8(ascii: "/")), omittingEmptySubsequences: false)
        return steps.dropFirst(2).map { step in
            var key: [UInt16] = []
            var rest = step
            while let unit = rest.popFirst() {
                if unit == UInt16(UInt8(ascii: "~")), let kind = rest.popFirst() {
                    key.append(UInt16(kind == 48 ? UInt8(ascii: "~") : UInt8(ascii: "/")))
                } else {
                    key.append(unit)
                }
            }
            return key
        }
    }
}
