/// What to ask of an HTTP server.
struct HTTPRequest {
    /// `GET`, `HEAD`, `PUT`, `POST`, `DELETE`.
    var method: String
    /// The whole URL, encoded.
    var url: String
    /// The headers, but for Host and Content-Length, which libcurl adds.
    var headers: [(name: String, value: String)] = []
    /// What to send; nil for no body, which differs from an empty one.
    var body: [UInt8]?
    /// The most bytes of an answer that are taken.
    var answerLimit: Int
    /// The seconds without a byte after which the transfer is given up, instead of the client's.
    var stallTimeout: Int?
}

/// What an HTTP server answered.
struct HTTPAnswer {
    var status: Int
    /// The headers by lower-case name; of several with one name the last.
    var headers: [String: String]
    var body: [UInt8]

    var isSuccess: Bool { (200...299).contains(status) }
}

/// Why there was no answer.
struct HTTPFailure: Error {
    /// Why, in words for an operator.
    var reason: String
    /// What to do about it.
    var hint: String?
    /// Whether it may be otherwise the next time.
    var isTransient: Bool
}

/// The times that an HTTP client is patient, in seconds.
struct HTTPTimeouts: Hashable, Sendable {
    /// For a connection, with TLS.
    var connect = 10
    /// For a transfer in which nothing moves.
    var stall = 60
}
