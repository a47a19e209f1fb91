import Crypto

/// Checksums as the log has them.
public enum Checksum {
    /// The SHA-256 of bytes, in lower-case hexadecimal.
    public static func sha256(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

    /// Any digest in lower-case hexadecimal.
    public static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
