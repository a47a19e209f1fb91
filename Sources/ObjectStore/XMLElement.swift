/// An element of a small XML document: what S3's answers need, and no more.
///
/// Attributes, comments and processing instructions are passed over, prefixes of names dropped.
struct XMLElement {
    var name: String
    /// The characters directly in the element, decoded.
    var text: String
    var children: [XMLElement] = []

    /// The text of the first child of a name.
    subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    /// The children of a name.
    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Reads a document; nil if it is no XML, or is cut off.
    init?(document: [UInt8]) {
        var reader = XMLReader(bytes: document)
        guard let root = reader.root() else { return nil }
        self = root
    }

    fileprivate init(name: String) {
        self.name = name
        text = ""
    }
}

/// Reads elements from bytes.
private struct XMLReader {
    let bytes: [UInt8]
    var position = 0

    private static let deepest = 32

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func root() -> XMLElement? {
        // White space comes before the document where a store keeps a connection alive while it works.
        while position < bytes.count {
            if passOver() { continue }
            if peek("<") { return element(depth: 0) }
            position += 1
        }
        return nil
    }

    private mutating func element(depth: Int) -> XMLElement? {
        guard depth < Self.deepest, let tag = tag() else { return nil }
        let name = tag.prefix { !Self.isSpace($0) && $0 != UInt8(ascii: "/") }
        var element = XMLElement(name: Self.localName(name))
        if tag.last == UInt8(ascii: "/") { return element }
        var text: [UInt8] = []
        while position < bytes.count {
            if peek("</") {
                guard let end = self.tag(), Self.localName(end.dropFirst().prefix { !Self.isSpace($0) }) == element.name
                else { return nil }
                element.text = String(decoding: text, as: UTF8.self)
                return element
            } else if peek("<![CDATA[") {
                guard let end = find("]]>", from: position + 9) else { return nil }
                text += bytes[position + 9..<end]
                position = end + 3
            } else if passOver() {
                continue
            } else if peek("<") {
                guard let child = self.element(depth: depth + 1) else { return nil }
                element.children.append(child)
            } else if peek("&") {
                guard let end = find(";", from: position), end - position <= 10,
                    let decoded = Self.decode(bytes[position + 1..<end])
                else { return nil }
                text += decoded
                position = end + 1
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return nil
    }

    /// What stands between `<` and `>`; a `>` in an attribute's value does not end it.
    private mutating func tag() -> ArraySlice<UInt8>? {
        let start = position + 1
        var quote: UInt8?
        for index in start..<max(start, bytes.count) {
            let byte = bytes[index]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                position = index + 1
                return bytes[start..<index]
            }
        }
        return nil
    }

    /// Passes over a declaration, a comment or a document type.
    private mutating func passOver() -> Bool {
        for (start, end) in [("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">")] where peek(start) {
            position = find(end, from: position).map { $0 + end.utf8.count } ?? bytes.count
            return true
        }
        return false
    }

    private func peek(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private func find(_ text: String, from start: Int) -> Int? {
        guard start <= bytes.count else { return nil }
        return bytes[start...].indices.first { bytes[$0...].starts(with: text.utf8) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private static func localName(_ name: ArraySlice<UInt8>) -> String {
        String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? [], as: UTF8.self)
    }

    /// An entity's or a character reference's characters.
    private static func decode(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        let name = String(decoding: name, as: UTF8.self)
        if let character = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"][name] {
            return Array(character.utf8)
        }
        guard name.hasPrefix("#") else { return nil }
        let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst(1))
        return number.flatMap(Unicode.Scalar.init).map { Array(String(Character($0)).utf8) }
    }
}
