import CPostgres

/// What a connection string says, taken apart by libpq itself.
///
/// Source: libpq, `PQconninfoParse`, `PQconndefaults`.
struct Conninfo {
    /// keyword → value, as far as the string gives them.
    private(set) var given: [String: String] = [:]
    /// What is not given, from PG* variables, service file and libpq's defaults.
    private(set) var defaults: [String: String] = [:]
    /// Why libpq could not read the string, without any part of the string; nil if it could.
    private(set) var problem: String?

    init(_ conninfo: String) {
        defaults = unsafe Self.options(PQconndefaults())
        guard Self.isConnectionString(conninfo) else {
            if !conninfo.isEmpty { given["dbname"] = conninfo }
            problem = doubt
            return
        }
        var message: UnsafeMutablePointer<CChar>?
        let options = unsafe PQconninfoParse(conninfo, &message)
        if unsafe options == nil {
            problem = unsafe Self.withoutQuotations(message.map { unsafe String(cString: $0) } ?? "out of memory")
            unsafe PQfreemem(message)
        }
        given = unsafe Self.options(options)
        problem = problem ?? doubt
    }

    /// The value that libpq would use: the string's, else the environment's.
    subscript(_ keyword: String) -> String? {
        given[keyword] ?? defaults[keyword]
    }

    /// `user@host:port/database`, without secrets.
    var description: String {
        if problem != nil { return "the connection given" }
        if let service = given["service"], given["host"] == nil { return "service \(service)" }
        let host = self["host"].flatMap { $0.isEmpty ? nil : $0 } ?? self["hostaddr"] ?? "localhost"
        let user = self["user"] ?? ""
        return Self.target(
            user: user, host: host, port: self["port"] ?? "5432", database: self["dbname"] ?? user)
    }

    /// The text form of a target.
    static func target(user: String, host: String, port: String, database: String) -> String {
        let isAddress = host.contains(":") && !host.contains(",") && !host.hasPrefix("/")
        return "\(user)@\(isAddress ? "[\(host)]" : host):\(port)/\(database)"
    }

    /// What no text may show: passwords, unless a name says the same anyway.
    var secrets: [String] {
        let names = ["user", "dbname", "host"].compactMap { self[$0] }
        return ["password", "sslpassword"].compactMap { self[$0] }.filter { !$0.isEmpty && !names.contains($0) }
    }

    /// The text with every secret of this connection replaced, on one line.
    static func redact(_ text: String, secrets: [String]) -> String {
        var text = text
        for secret in secrets { text = replace(secret, in: text) }
        return text
    }

    // A short password is replaced only where it stands alone, or it would show itself by what is missing from other words.
    private static func replace(_ secret: String, in text: String) -> String {
        let text = Array(text.utf8)
        let secret = Array(secret.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let end = index + secret.count
            if end <= text.count, text[index..<end].elementsEqual(secret),
                secret.count >= 5
                    || !(index > 0 && isWordByte(text[index - 1])) && !(end < text.count && isWordByte(text[end]))
            {
                result += "***".utf8
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...:
            true
        default: false
        }
    }

    // libpq takes any other text as a database's name (fe-connect.c, recognized_connection_string).
    private static func isConnectionString(_ text: String) -> Bool {
        text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") || text.contains("=")
    }

    // libpq quotes parts of the string in its messages, and a misplaced part may be the password.
    private static func withoutQuotations(_ message: String) -> String {
        guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\"") else {
            return PostgresError.oneLine(message)
        }
        return PostgresError.oneLine(message[..<first] + "…" + message[message.index(after: last)...])
    }

    // A raw @, / or : in a url's password shifts what follows: part of it would become host, port or database, and be shown.
    private var doubt: String? {
        if let database = self["dbname"], database.contains("://") || given.count == 1 && database.contains("@") {
            return "it is neither a postgresql:// url nor made of keyword=value pairs"
        }
        let ports = (given["port"] ?? "").split(separator: ",")
        if !ports.allSatisfy({ port in port.allSatisfy { $0.isASCII && $0.isNumber } }) {
            return "the port is not a number"
        }
        if let host = given["host"], host.contains("@"), !host.hasPrefix("@"), !host.hasPrefix("/") {
            return "the host's name contains an @"
        }
        if let database = given["dbname"], database.contains("@"), given["port"] != nil, given["user"] == nil {
            return "the database's name contains an @ and there is no user"
        }
        return nil
    }

    private static func options(_ list: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
        guard var option = unsafe list else { return [:] }
        defer { unsafe PQconninfoFree(list) }
        var result: [String: String] = [:]
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe result[String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe option += 1
        }
        return result
    }
}

extension PostgresError {
    /// The text on one line, without libpq's location lines.
    static func oneLine(_ text: String) -> String {
        var result = ""
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("LOCATION:") {
            let words = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if words.isEmpty { continue }
            if let last = result.last { result += last == "." || last == "?" ? " " : "; " }
            result += words
        }
        return result
    }
}
