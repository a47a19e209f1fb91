#if canImport(Glibc)
    import Glibc
#endif

/// The planned keys of a document as a tree, laid out flat: each node's children stand together, ordered as jsonb orders
/// keys (by length, then by bytes), so that the next key of a document is mostly the next child.
@safe struct KeyTree: ~Copyable {
    struct Node {
        /// Where the key lies in ``keys``.
        var key = 0
        var keyCount = 0
        /// The column that takes the value; -1 for none.
        var column: Int32 = -1
        var kind = Kind.none
        /// For decimals.
        var precision: Int32 = 0
        var scale: Int32 = 0
        /// Whether the key stands in JSON as it is, without escapes.
        var isPlain = true
        var firstChild: Int32 = 0
        var childCount: Int32 = 0
    }

    /// A column's type as the flattener's switch wants it.
    enum Kind: UInt8 {
        case none, string, int64, number, decimal, double, bool, timestamp, date, uuid, json, bytes

        init(_ type: ColumnType) {
            self =
                switch type {
                case .string: .string
                case .int64: .int64
                case .number: .number
                case .decimal: .decimal
                case .double: .double
                case .bool: .bool
                case .timestamp: .timestamp
                case .date: .date
                case .uuid: .uuid
                case .json: .json
                case .bytes: .bytes
                }
        }
    }

    let nodes: UnsafeMutablePointer<Node>
    let count: Int
    private let keys: UnsafeMutablePointer<UInt8>
    /// Each node's JSON Pointer, quoted and escaped for JSON.
    let pointers: [[UInt8]]

    /// Lays out the tree.
    init(source: String, targets: [FlattenTarget]) {
        final class Branch {
            var target: FlattenTarget?
            var children: [[UInt8]: Branch] = [:]
        }
        let root = Branch()
        for target in targets {
            var branch = root
            for key in target.path {
                let bytes = Array(key.utf8)
                let next = branch.children[bytes] ?? Branch()
                branch.children[bytes] = next
                branch = next
            }
            branch.target = target
        }
        var flat: [Node] = [Node()]
        var text: [UInt8] = []
        var pointers = [Pointer.root(source)]
        var queue = [(root, 0)]
        var next = 0
        while next < queue.count {
            let (branch, index) = queue[next]
            next += 1
            if let target = branch.target {
                flat[index].column = Int32(target.column)
                flat[index].kind = Kind(target.type)
                if case .decimal(let precision, let scale) = target.type {
                    flat[index].precision = Int32(clamping: precision)
                    flat[index].scale = Int32(clamping: scale)
                }
            }
            flat[index].firstChild = Int32(flat.count)
            flat[index].childCount = Int32(branch.children.count)
            let ordered = branch.children.keys.sorted {
                ($0.count, 0) < ($1.count, 0) || $0.count == $1.count && $0.lexicographicallyPrecedes($1)
            }
            for key in ordered {
                guard let child = branch.children[key] else { continue }
                queue.append((child, flat.count))
                let isPlain = key.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                flat.append(Node(key: text.count, keyCount: key.count, isPlain: isPlain))
                text += key
                pointers.append(Pointer.step(pointers[index], key))
            }
        }
        count = flat.count
        unsafe nodes = .allocate(capacity: flat.count)
        for (index, node) in flat.enumerated() { unsafe (nodes + index).initialize(to: node) }
        unsafe keys = .allocate(capacity: max(1, text.count))
        for (index, byte) in text.enumerated() { unsafe keys[index] = byte }
        self.pointers = pointers
    }

    deinit {
        unsafe nodes.deallocate()
        unsafe keys.deallocate()
    }

    /// Steps over a node's key where it is the next one of the document, as it mostly is.
    @inline(__always)
    func skip(_ node: Int, _ cursor: inout JSONCursor) -> Bool {
        unsafe nodes[node].isPlain && cursor.skip(key: keys + nodes[node].key, count: nodes[node].keyCount)
    }

    /// The child of a key, the document's next key not being the expected one.
    ///
    /// - Parameters:
    ///   - parent: the node.
    ///   - key: the key's bytes, decoded.
    ///   - next: becomes the child that is expected next.
    /// - Returns: the child's index; -1 when no such key is planned.
    func child(of parent: Int, _ key: UnsafeBufferPointer<UInt8>, next: inout Int) -> Int {
        var low = unsafe Int(nodes[parent].firstChild)
        var high = unsafe low + Int(nodes[parent].childCount)
        while low < high {
            let middle = (low + high) >> 1
            let order = unsafe compare(middle, key)
            if order == 0 {
                next = middle + 1
                return middle
            }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        next = low
        return -1
    }

    /// How a node's key stands to another: less than 0 when it comes before.
    @inline(__always)
    private func compare(_ index: Int, _ key: UnsafeBufferPointer<UInt8>) -> Int {
        let own = unsafe nodes[index].keyCount
        guard own == key.count, let start = key.baseAddress else { return own - key.count }
        return unsafe Int(memcmp(keys + nodes[index].key, start, own))
    }
}
