/// Redaction rules as a tree of steps, in which a step leads to one node at most.
struct RedactionTree {
    struct Node {
        enum Action: UInt8 {
            case none, exclude, hash, mask
        }

        var action = Action.none
        /// How many scalars a mask keeps.
        var keep = 0
        /// The first node that a key leads to, and the next one beside a node that a key or a place leads to; 0 for none.
        var firstKey = 0
        var next = 0
        /// The key: where it lies in ``RedactionTree/keys``.
        var key = 0..<0
        /// The first node that a place leads to, and the place of a node.
        var firstPlace = 0
        var place = 0
        /// The node of all other elements; 0 for none.
        var each = 0

        var hasElements: Bool { firstPlace != 0 || each != 0 }
    }

    private(set) var nodes = [Node()]
    /// All keys, decoded.
    private(set) var keys: [UInt8] = []
    /// How many steps the longest rule has.
    private(set) var depth = 0

    /// The rules below a step, before the tree is laid out.
    private struct Branch {
        var action: RedactionRule.Action?
        var keys: [[UInt8]: Branch] = [:]
        var places: [Int: Branch] = [:]
        /// One or none.
        var each: [Branch] = []

        mutating func add(_ path: ArraySlice<PathStep>, _ action: RedactionRule.Action) {
            switch path.first {
            case nil: self.action = Self.stricter(self.action, action)
            case .key(let key)?: keys[Array(key.utf8), default: Branch()].add(path.dropFirst(), action)
            case .index(let index)?: places[index, default: Branch()].add(path.dropFirst(), action)
            case .each?:
                if each.isEmpty { each = [Branch()] }
                each[0].add(path.dropFirst(), action)
            }
        }

        mutating func merge(_ other: Branch) {
            if let theirs = other.action { action = Self.stricter(action, theirs) }
            for (key, branch) in other.keys { keys[key, default: Branch()].merge(branch) }
            for (place, branch) in other.places { places[place, default: Branch()].merge(branch) }
            guard let theirs = other.each.first else { return }
            if each.isEmpty { each = [Branch()] }
            each[0].merge(theirs)
        }

        /// Of two rules for the same values, the one that leaves less of them.
        private static func stricter(_ one: RedactionRule.Action?, _ other: RedactionRule.Action)
            -> RedactionRule.Action
        {
            switch (one, other) {
            case (nil, _): other
            case (.exclude, _), (_, .exclude): .exclude
            case (.hash, _), (_, .hash): .hash
            case (.mask(let keep)?, .mask(let otherKeep)): .mask(keep: min(keep, otherKeep))
            }
        }
    }

    init(_ rules: [RedactionRule]) {
        var root = Branch()
        for rule in rules {
            if case .mask(let keep) = rule.action { precondition(keep >= 0, "A mask keeps 0 scalars or more.") }
            root.add(rule.path[...], rule.action)
            depth = max(depth, rule.path.count)
        }
        layOut(root, at: 0)
    }

    /// Lays out a branch; what stands below a rule is not met.
    private mutating func layOut(_ branch: Branch, at index: Int) {
        switch branch.action {
        case .exclude?: nodes[index].action = .exclude
        case .hash?: nodes[index].action = .hash
        case .mask(let keep)?:
            nodes[index].action = .mask
            nodes[index].keep = keep
        case nil:
            for (key, inner) in branch.keys {
                let start = keys.count
                keys += key
                let child = add(inner)
                nodes[child].key = start..<start + key.count
                nodes[child].next = nodes[index].firstKey
                nodes[index].firstKey = child
            }
            for (place, inner) in branch.places {
                // What holds for every element holds for this one.
                var inner = inner
                if let each = branch.each.first { inner.merge(each) }
                let child = add(inner)
                nodes[child].place = place
                nodes[child].next = nodes[index].firstPlace
                nodes[index].firstPlace = child
            }
            if let each = branch.each.first { nodes[index].each = add(each) }
        }
    }

    private mutating func add(_ branch: Branch) -> Int {
        nodes.append(Node())
        let index = nodes.count - 1
        layOut(branch, at: index)
        return index
    }
}
