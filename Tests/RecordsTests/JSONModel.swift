/// JSON as a value: the reference against which flattened rows are held. Numbers are their digits; texts are UTF-16 code
/// units, which can also be half of a surrogate pair.
indirect enum JSONModel: Hashable {
    case null
    case bool(Bool)
    case number(String)
    case string([UInt16])
    case array([JSONModel])
    case object([[UInt16]: JSONModel])

    /// Reads JSON text; of a repeated key the last value counts.
    init?(_ text: [UInt8]) {
        var parser = Parser(rest: text[...])
        guard let value = parser.value(), parser.peek() == nil else { return nil }
        self = value
    }

    init?(_ text: String) { self.init(Array(text.utf8)) }

    var members: [[UInt16]: JSONModel]? { if case .object(let members) = self { members } else { nil } }

    /// The text of a number or string; nil for anything else.
    var plainText: String? {
        switch self {
        case .number(let digits): digits
        case .string(let units): String(decoding: units, as: UTF16.self)
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }

    func value(at path: ArraySlice<[UInt16]>) -> JSONModel? {
        guard let key = path.first else { return self }
        return members?[key]?.value(at: path.dropFirst())
    }

    /// Puts a value where a path leads, through objects that are made as needed.
    mutating func set(_ value: JSONModel, at path: ArraySlice<[UInt16]>) {
        guard let key = path.first else {
            self = value
            return
        }
        var members = members ?? [:]
        var child = members[key] ?? .object([:])
        child.set(value, at: path.dropFirst())
        members[key] = child
        self = .object(members)
    }

    private struct Parser {
        var rest: ArraySlice<UInt8>

        mutating func peek() -> UInt8? {
            rest = rest.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            return rest.first
        }

        mutating func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest = rest.dropFirst(text.utf8.count)
            return true
        }

        mutating func value() -> JSONModel? {
            switch peek() {
            case UInt8(ascii: "{"): return object()
            case UInt8(ascii: "["): return array()
            case UInt8(ascii: "\""): return string().map { .string($0) }
            case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
            case UInt8(ascii: "n"): return take("null") ? .null : nil
            default:
                let digits = rest.prefix { "0123456789+-.eE".utf8.contains($0) }
                rest = rest.dropFirst(digits.count)
                return digits.isEmpty ? nil : .number(String(decoding: digits, as: UTF8.self))
            }
        }

        mutating func array() -> JSONModel? {
            guard take("[") else { return nil }
            var elements: [JSONModel] = []
            if peek() == UInt8(ascii: "]") { return take("]") ? .array([]) : nil }
            repeat {
                guard let element = value() else { return nil }
                elements.append(element)
                _ = peek()
            } while take(",")
            return take("]") ? .array(elements) : nil
        }

        mutating func object() -> JSONModel? {
            guard take("{") else { return nil }
            var members: [[UInt16]: JSONModel] = [:]
            if peek() == UInt8(ascii: "}") { return take("}") ? .object([:]) : nil }
            repeat {
                guard peek() == UInt8(ascii: "\""), let key = string(), peek() == UInt8(ascii: ":"), take(":"),
                    let member = value()
                else { return nil }
                members[key] = member
                _ = peek()
            } while take(",")
            return take("}") ? .object(members) : nil
        }

        mutating func string() -> [UInt16]? {
            guard take("\"") else { return nil }
            var units: [UInt16] = []
            while let byte = rest.first {
                if byte == UInt8(ascii: "\"") { return take("\"") ? units : nil }
                if byte < 0x20 { return nil }
                guard byte == UInt8(ascii: "\\") else {
                    let plain = rest.prefix { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                    units += String(decoding: plain, as: UTF8.self).utf16
                    rest = rest.dropFirst(plain.count)
                    continue
                }
                guard let kind = rest.dropFirst().first else { return nil }
                rest = rest.dropFirst(2)
                switch kind {
                case UInt8(ascii: "u"):
                    guard let unit = UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) else {
                        return nil
                    }
                    units.append(unit)
                    rest = rest.dropFirst(4)
                case UInt8(ascii: "b"): units.append(8)
                case UInt8(ascii: "t"): units.append(9)
                case UInt8(ascii: "n"): units.append(10)
                case UInt8(ascii: "f"): units.append(12)
                case UInt8(ascii: "r"): units.append(13)
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(UInt16(kind))
                default: return nil
                }
            }
            return nil
        }
    }
}
