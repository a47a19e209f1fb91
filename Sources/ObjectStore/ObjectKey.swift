/// What all stores ask of a key.
enum ObjectKey {
    /// Says what is wrong with a key; nil if nothing is.
    ///
    /// The names `.` and `..` would lead elsewhere, control characters cannot stand in a listing's XML.
    static func flaw(in key: String) -> String? {
        if key.isEmpty { return "the key is empty" }
        for name in key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if name.isEmpty { return "its key has an empty name between slashes" }
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                return "its key has the name \"\(Substring(name))\", which could lead out of the store"
            }
        }
        if key.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "its key has a control character" }
        return nil
    }

    /// Whether a key comes before another in a listing: by its bytes, as S3 sorts them.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
