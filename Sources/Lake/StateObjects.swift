import ObjectStore

/// The state's objects in a store: typed, and created so that the first writer wins on any kind of store.
struct StateObjects: Sendable {
    let store: any ObjectStore

    /// Who came first.
    enum Creation<Value> {
        /// The object is ours.
        case ours
        /// Another's object was there first.
        case theirs(Value)
    }

    /// Reads an object; nil when there is none.
    func read<Value: Decodable>(_ type: Value.Type, at key: String) throws -> Value? {
        guard let bytes = try store.get(key, range: nil) else { return nil }
        return try LakeJSON.decode(type, from: bytes, object: "\(store.location)/\(key)")
    }

    func exists(_ key: String) throws -> Bool { try store.head(key) != nil }

    /// Writes an object, whatever was there: for hints, and for what is the same whoever writes it.
    func replace(_ value: some Encodable, at key: String) throws {
        _ = try store.put(key, try LakeJSON.encode(value), .none)
    }

    /// Writes an object unless one is there.
    ///
    /// A refused PUT may be our own, its answer lost on the way: equal bytes tell. On a store that does not refuse (or
    /// is not known to), it looks first and reads back what it wrote; the advisory lock keeps others away in between.
    func create<Value: Codable>(_ value: Value, at key: String, conditional: Bool?) throws -> Creation<Value> {
        let bytes = try LakeJSON.encode(value)
        if conditional != true, let other = try store.get(key, range: nil) {
            return try verdict(bytes, other, key)
        }
        if try store.put(key, bytes, .ifAbsent) == .written, conditional == true { return .ours }
        guard let now = try store.get(key, range: nil) else {
            throw LakeError(
                operation: "write", object: "\(store.location)/\(key)", reason: "it was written, but is not there",
                hint: "The store must show an object to a reader as soon as it has accepted it.")
        }
        return try verdict(bytes, now, key)
    }

    /// Puts an object's own bytes again and tells whether the store refused.
    func refusesSecondPut(at key: String) throws -> Bool {
        guard let bytes = try store.get(key, range: nil) else { return false }
        return try store.put(key, bytes, .ifAbsent) == .alreadyExists
    }

    private func verdict<Value: Codable>(_ ours: [UInt8], _ found: [UInt8], _ key: String) throws -> Creation<Value> {
        if ours == found { return .ours }
        return .theirs(try LakeJSON.decode(Value.self, from: found, object: "\(store.location)/\(key)"))
    }
}
