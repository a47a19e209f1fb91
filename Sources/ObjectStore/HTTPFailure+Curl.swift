import CCurl

extension HTTPFailure {
    /// Explains one of libcurl's errors.
    ///
    /// - Parameters:
    ///   - code: libcurl's number for it.
    ///   - message: libcurl's words.
    ///   - request: what was asked; of its URL only host and port are named.
    ///   - isTooLong: whether the answer passed the request's limit.
    init(_ code: CURLcode, _ message: String, _ request: HTTPRequest, isTooLong: Bool) {
        let server = Self.server(of: request.url)
        let check = "Check the endpoint and that the service runs there and can be reached from this machine."
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(
                reason: "the name of the server at \(server) is not known: \(message)",
                hint: "Check the endpoint and this machine's DNS.", isTransient: true)
        case CURLE_COULDNT_CONNECT:
            self.init(reason: "\(server) cannot be reached: \(message)", hint: check, isTransient: true)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(reason: "\(server) did not answer in time: \(message)", hint: check, isTransient: true)
        case CURLE_PEER_FAILED_VERIFICATION:
            self.init(
                reason: "the certificate of \(server) is not trusted: \(message)",
                hint: "If the store has an authority of its own, name its certificate file in AWS_CA_BUNDLE.",
                isTransient: false)
        case CURLE_SSL_CACERT_BADFILE:
            self.init(
                reason: "the certificates that are to be trusted cannot be read: \(message)",
                hint: "Check the file that AWS_CA_BUNDLE names.", isTransient: false)
        case CURLE_SSL_CONNECT_ERROR:
            self.init(
                reason: "no TLS connection with \(server) came about: \(message)",
                hint: "If the service speaks plain HTTP, the endpoint begins with http://.", isTransient: true)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION:
            self.init(
                reason: "libcurl cannot send the request to \(server): \(message)", hint: "Check the endpoint.",
                isTransient: false)
        case CURLE_WRITE_ERROR where isTooLong:
            self.init(
                reason: "the answer of \(server) is longer than the \(request.answerLimit) bytes expected at most",
                isTransient: false)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL:
            self.init(reason: "\(server) does not speak HTTP: \(message)", hint: check, isTransient: false)
        default:
            self.init(reason: "the connection with \(server) broke: \(message)", isTransient: true)
        }
    }

    /// `host:port`, the port also where the URL leaves it out.
    static func server(of url: String) -> String {
        guard let scheme = url.range(of: "://") else { return url }
        let host = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        let hasPort = host.last != "]" && host.contains(":")
        return hasPort ? String(host) : "\(host):\(url.hasPrefix("https:") ? 443 : 80)"
    }
}
