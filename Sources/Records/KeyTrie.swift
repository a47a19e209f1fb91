#if canImport(Glibc)
    import Glibc
#endif

/// The keys of a column's documents as a tree: the planned ones, and unplanned ones as they are met, up to a limit.
///
/// A child is found by a hash over its parent and key; but mostly the flattener asks first for the one that followed the
/// key before it last time, which a comparison of one or two words confirms. All nodes are allocated at once, so that
/// their addresses hold.
@safe struct KeyTrie: ~Copyable {
    struct Node {
        // The key as it stands in a document, with its closing quote and the colon: the first 16 bytes, and masks for
        // what is shorter. A key that JSON must escape has a length of 0 and is never expected.
        var word0: UInt64 = 0
        var word1: UInt64 = 0
        var mask0: UInt64 = 0
        var mask1: UInt64 = 0
        var tokenLength = 0
        /// The key, decoded: where it lies in ``keys``. A place in an array has its number in ``places``, and a length of -1.
        var key = 0
        var keyLength = 0
        /// What an `_extra` entry begins with, `,"/payload/a":`: where it lies in ``prefixes``.
        var prefix = 0
        var prefixLength = 0

        var parent: Int32 = -1
        var firstChild: Int32 = 0
        var nextSibling: Int32 = 0
        /// The child that is expected first, and the sibling that is expected next; 0 for none.
        var expectedChild: Int32 = 0
        var expectedSibling: Int32 = 0

        /// The column that takes the value; -1 for none.
        var column: Int32 = -1
        var kind = ColumnKind.none
        var hasPlannedChildren = false
        var precision: Int16 = 0
        var scale: Int16 = 0
        /// Whether a column of the path takes objects whole.
        var takesObjects = false
        /// The number of the ``ItemsTarget`` that takes arrays; -1 for none. The node's own column then is the count's.
        var items: Int32 = -1
        /// Whether the column takes numbers and truth values as text.
        var takesScalars = false
        /// Another node for the same path, not in the tree, whose column takes the value too; 0 for none.
        var twin: Int32 = 0
        /// The first place planned in an array here, or the next one in the same array; 0 for none. See ``places``.
        var place: Int32 = 0

        /// The last document in which the node was met.
        var document: Int64 = 0
        /// The entry of `_extra` that holds its value, and the document for which that is so.
        var entryDocument: Int64 = 0
        var entry = 0..<0

        var unplanned: Int64 = 0
        var misfits: Int64 = 0
        var widened: Int64 = 0
        var kinds: UInt8 = 0
    }

    /// A path from an array on. Its node is not in the tree, but in its array's list.
    struct Place {
        enum Step: Hashable {
            case index(Int)
            case key([UInt8])
        }

        /// The steps, the first one an index.
        let steps: [Step]
        let pointer: String
    }

    /// The document itself.
    static let root = 0
    /// What stands for every key that is not told apart.
    static let overflow = 1
    /// What stands for every key that is passed over.
    static let skipped = 2
    /// An object under a longer pointer, in bytes, is not taken apart: entries repeat their pointers.
    static let longestPointer = 1_024

    let nodes: UnsafeMutablePointer<Node>
    private(set) var count = 3
    /// The planned nodes and the first three; those behind them are unplanned.
    private(set) var plannedCount = 3
    /// How many of them stand beside another for the same path.
    private(set) var twinCount = 0
    /// The planned paths that lead into arrays.
    private(set) var places: [Place] = []
    /// How many steps the longest of them has.
    private(set) var placeDepth = 0
    /// How many levels of keys are planned.
    let plannedDepth: Int
    private let capacity: Int
    private let table: UnsafeMutablePointer<Int32>
    private let tableMask: Int
    private let rootPointer: String
    private var keys = ByteBuffer()
    private var prefixes = ByteBuffer()

    /// Plants the planned paths.
    init(source: [String], targets: [FlattenTarget], items: [ItemsTarget]) {
        let planned =
            targets.reduce(3) { $0 + $1.path.count + 1 } + items.reduce(0) { $0 + $1.path.count + 1 }
        capacity = planned + StrayPath.limit
        var size = 64
        while size < capacity * 2 { size *= 2 }
        tableMask = size - 1
        unsafe nodes = .allocate(capacity: capacity)
        unsafe nodes.initialize(repeating: Node(), count: capacity)
        unsafe table = .allocate(capacity: size)
        unsafe table.initialize(repeating: 0, count: size)
        plannedDepth = max(targets.map(\.path.count).max() ?? 0, items.map(\.path.count).max() ?? 0)

        rootPointer = source.map { "/" + JSONText.pointerStep($0) }.joined()
        var scratch = ByteBuffer()
        scratch.append(Array(rootPointer.utf8))
        prefixes.append(",\"")
        unsafe JSONText.appendEscaped(scratch.base, scratch.count, to: &prefixes)
        prefixes.append("\":")
        unsafe nodes[Self.root].prefixLength = prefixes.count

        for target in items {
            let node = plant(target.path.map(PathStep.key))
            precondition(unsafe nodes[node].items < 0 && target.items >= 0, "An array becomes rows of one table.")
            unsafe nodes[node].column = Int32(target.count)
            unsafe nodes[node].items = Int32(target.items)
        }
        for target in targets {
            var node = plant(target.path)
            if target.type == .json { unsafe nodes[node].takesObjects = true }
            if unsafe nodes[node].column >= 0 { node = addTwin(of: node) }
            unsafe nodes[node].column = Int32(target.column)
            unsafe nodes[node].kind = ColumnKind(target.type)
            unsafe nodes[node].takesScalars = target.takesScalars && target.type == .string
            if case .decimal(let precision, let scale) = target.type {
                unsafe nodes[node].precision = Int16(clamping: precision)
                unsafe nodes[node].scale = Int16(clamping: scale)
            }
        }
        plannedCount = count
    }

    /// The node of a planned path, which is added unless it is there.
    private mutating func plant(_ path: [PathStep]) -> Int {
        var node = Self.root
        var rest = path[...]
        var bytes = ByteBuffer()
        while case .key(let key)? = rest.first {
            unsafe nodes[node].hasPlannedChildren = true
            bytes.removeAll()
            bytes.append(Array(key.utf8))
            let hash = unsafe Self.hash(node, bytes.base, bytes.count)
            let found = unsafe child(of: node, bytes.base, bytes.count, hash)
            node = found > 0 ? found : unsafe insert(node, bytes.base, bytes.count, hash)
            rest.removeFirst()
        }
        return rest.isEmpty ? node : addPlace(in: node, rest)
    }

    /// Adds a node beside one whose path has a column already.
    private mutating func addTwin(of node: Int) -> Int {
        let twin = count
        count += 1
        twinCount += 1
        unsafe nodes[twin].parent = Int32(node)
        unsafe nodes[twin].prefix = nodes[node].prefix
        unsafe nodes[twin].prefixLength = nodes[node].prefixLength
        unsafe nodes[twin].twin = nodes[node].twin
        unsafe nodes[node].twin = Int32(twin)
        return twin
    }

    /// The node of a place in an array, which is added unless it is there.
    private mutating func addPlace(in array: Int, _ path: ArraySlice<PathStep>) -> Int {
        let steps = path.map { step -> Place.Step in
            switch step {
            case .key(let key): return .key(Array(key.utf8))
            case .index(let index):
                precondition(index >= 0, "A place in an array is counted from 0.")
                return .index(index)
            case .each: preconditionFailure("A column takes one element of an array, not every one.")
            }
        }
        var next = unsafe Int(nodes[array].place)
        while next != 0 {
            if places[unsafe nodes[next].key].steps == steps { return next }
            next = unsafe Int(nodes[next].place)
        }
        let index = count
        count += 1
        placeDepth = max(placeDepth, steps.count)
        unsafe nodes[index].parent = Int32(array)
        unsafe nodes[index].key = places.count
        unsafe nodes[index].keyLength = -1
        unsafe nodes[index].place = nodes[array].place
        unsafe nodes[array].place = Int32(index)
        unsafe nodes[index].prefix = prefixes.count
        let inherited = unsafe nodes[array].prefixLength - 2
        prefixes.reserve(inherited)
        unsafe prefixes.append(start: prefixes.base + nodes[array].prefix, count: inherited)
        var pointer = self.pointer(array)
        for step in path {
            let text = if case .index(let index) = step { String(index) } else { step.description }
            pointer += "/" + JSONText.pointerStep(text)
            var key = ByteBuffer()
            key.append(Array(text.utf8))
            unsafe Self.appendStep(key.base, key.count, to: &prefixes)
        }
        prefixes.append("\":")
        unsafe nodes[index].prefixLength = prefixes.count - nodes[index].prefix
        places.append(Place(steps: steps, pointer: pointer))
        return index
    }

    deinit {
        unsafe nodes.deallocate()
        unsafe table.deallocate()
    }

    /// Whether another unplanned key can be told apart.
    var hasRoom: Bool { count < plannedCount + StrayPath.limit }

    /// A hash over a parent and a key, of which eight bytes can be read whatever its length.
    @inline(__always)
    static func hash(_ parent: Int, _ key: UnsafePointer<UInt8>, _ length: Int) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: parent) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: length)
        if length >= 8 {
            hash ^= unsafe Wide.load(key)
            hash = (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
            hash ^= unsafe Wide.load(key + length - 8)
        } else {
            var word: UInt64 = 0
            for index in 0..<length { word = unsafe word << 8 | UInt64(key[index]) }
            hash ^= word
        }
        hash = (hash ^ hash >> 32) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }

    /// The child of a key; 0 when there is none.
    @inline(__always)
    func child(of parent: Int, _ key: UnsafePointer<UInt8>, _ length: Int, _ hash: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: hash) & tableMask
        while true {
            let index = unsafe Int(table[slot])
            if index == 0 { return 0 }
            if unsafe nodes[index].parent == Int32(truncatingIfNeeded: parent), unsafe nodes[index].keyLength == length,
                unsafe memcmp(keys.base + nodes[index].key, key, length) == 0
            {
                return index
            }
            slot = (slot &+ 1) & tableMask
        }
    }

    /// Adds a child that is not there yet; there must be room.
    mutating func insert(
        _ parent: Int, _ key: UnsafePointer<UInt8>, _ length: Int, _ hash: UInt64
    ) -> Int {
        let index = count
        count += 1
        var node = Node()
        node.parent = Int32(parent)
        node.key = keys.count
        node.keyLength = length
        unsafe keys.append(start: key, count: length)
        node.nextSibling = unsafe nodes[parent].firstChild
        unsafe nodes[parent].firstChild = Int32(index)
        node.prefix = prefixes.count
        // The parent's prefix without its end, then the key.
        let inherited = unsafe nodes[parent].prefixLength - 2
        prefixes.reserve(inherited)
        unsafe prefixes.append(start: prefixes.base + nodes[parent].prefix, count: inherited)
        unsafe Self.appendStep(key, length, to: &prefixes)
        prefixes.append("\":")
        node.prefixLength = prefixes.count - node.prefix
        unsafe Self.setToken(&node, key, length)
        unsafe nodes[index] = node

        var slot = Int(truncatingIfNeeded: hash) & tableMask
        while unsafe table[slot] != 0 { slot = (slot + 1) & tableMask }
        unsafe table[slot] = Int32(index)
        return index
    }

    /// Lays out what is compared with a document's bytes.
    private static func setToken(_ node: inout Node, _ key: UnsafePointer<UInt8>, _ length: Int) {
        for index in 0..<length {
            let byte = unsafe key[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
        }
        func byte(_ index: Int) -> UInt8? {
            if index < length { return unsafe key[index] }
            return index == length ? UInt8(ascii: "\"") : index == length + 1 ? UInt8(ascii: ":") : nil
        }
        for index in 0..<8 {
            if let byte = byte(index) {
                node.word0 |= UInt64(byte) << UInt64(8 * index)
                node.mask0 |= 0xFF << UInt64(8 * index)
            }
            if let byte = byte(index + 8) {
                node.word1 |= UInt64(byte) << UInt64(8 * index)
                node.mask1 |= 0xFF << UInt64(8 * index)
            }
        }
        node.tokenLength = length + 2
    }

    /// Whether a document's bytes behind a key's opening quote are the node's key, its closing quote and a colon.
    @inline(__always)
    func isExpected(_ index: Int, at place: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) -> Bool {
        let node = unsafe nodes + index
        let other0 = unsafe (Wide.load(place) ^ node.pointee.word0) & node.pointee.mask0
        let other1 = unsafe (Wide.load(place + 8) ^ node.pointee.word1) & node.pointee.mask1
        if other0 | other1 != 0 { return false }
        let length = unsafe node.pointee.tokenLength
        return unsafe length <= 16 || isExpectedRest(node, length, at: place, end: end)
    }

    /// The same for what is longer than two words.
    private func isExpectedRest(
        _ node: UnsafeMutablePointer<Node>, _ length: Int, at place: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>
    ) -> Bool {
        guard unsafe end - place >= length else { return false }
        return unsafe place[length - 1] == UInt8(ascii: ":") && place[length - 2] == UInt8(ascii: "\"")
            && memcmp(place + 14, keys.base + node.pointee.key + 14, length - 16) == 0
    }

    /// What a node's `_extra` entry begins with.
    @inline(__always)
    func prefix(_ index: Int) -> (start: UnsafePointer<UInt8>, count: Int) {
        unsafe (UnsafePointer(prefixes.base + nodes[index].prefix), nodes[index].prefixLength)
    }

    /// Appends `/` and a key to a pointer within a JSON string: escaped for the pointer, then for JSON.
    static func appendStep(_ key: UnsafePointer<UInt8>, _ length: Int, to pointer: inout ByteBuffer) {
        pointer.append(UInt8(ascii: "/"))
        var plain = 0
        for index in 0..<length {
            let byte = unsafe key[index]
            guard byte == UInt8(ascii: "~") || byte == UInt8(ascii: "/") else { continue }
            unsafe JSONText.appendEscapedAll(key + plain, index - plain, to: &pointer)
            pointer.append(byte == UInt8(ascii: "~") ? "~0" : "~1")
            plain = index + 1
        }
        unsafe JSONText.appendEscapedAll(key + plain, length - plain, to: &pointer)
    }

    /// What went to `_extra`, by pointer.
    var strays: [StrayPath] {
        var found: [String: StrayPath] = [:]
        for index in 0..<count {
            let node = unsafe nodes[index]
            guard node.unplanned > 0 || node.misfits > 0 || node.widened > 0 else { continue }
            let pointer = index == Self.overflow ? StrayPath.others : pointer(index)
            var path = found[pointer] ?? StrayPath(pointer: pointer)
            path.unplanned += node.unplanned
            path.misfits += node.misfits
            path.widened += node.widened
            path.kinds.formUnion(JSONKinds(rawValue: node.kinds))
            found[pointer] = path
        }
        return found.values.sorted { $0.pointer < $1.pointer }
    }

    /// The JSON Pointer of a node, not escaped for JSON. A half of a surrogate pair in it becomes U+FFFD.
    private func pointer(_ index: Int) -> String {
        var steps: [String] = []
        var index = index
        while index != Self.root {
            let node = unsafe nodes[index]
            if node.keyLength < 0 { return places[node.key].pointer + steps.reversed().joined() }
            let key = unsafe UnsafeBufferPointer(start: keys.base + node.key, count: node.keyLength)
            // A twin has no key of its own.
            if unsafe node.prefix != nodes[Int(node.parent)].prefix {
                steps.append("/" + JSONText.pointerStep(unsafe String(decoding: key, as: UTF8.self)))
            }
            index = Int(node.parent)
        }
        return rootPointer + steps.reversed().joined()
    }
}
