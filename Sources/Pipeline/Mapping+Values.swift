import Yams

extension Mapping {
    /// A setting's value with its variables filled in, then parsed.
    ///
    /// - Parameters:
    ///   - isSecret: whether messages never show it, even when it stands in the file. Then `parse` does not quote it.
    ///   - allowsNull: whether the plain words `null` and `NULL` are a text like any other.
    /// - Returns: nil when it is not there, or when it is wrong and that was reported.
    func value<Value>(
        _ key: String, isSecret: Bool = false, allowsNull: Bool = false,
        _ parse: (String) throws(InvalidValue) -> Value
    ) -> Value? {
        guard let entry = take(key), let text = text(of: entry, named: key, allowsNull: allowsNull) else { return nil }
        return parsed(text, named: key, isSecret: isSecret, parse)
    }

    /// A key's text with its variables filled in; nil when it has none.
    func text(_ key: String) -> Text? {
        guard case .scalar(let scalar)? = entries.first(where: { $0.name == key })?.node else { return nil }
        return document.text(of: scalar)
    }

    /// What messages may show of a key's text; empty when it has none.
    func shown(_ key: String) -> String { text(key)?.shown ?? "" }

    /// Whether a key has a list without entries, or nothing.
    func isEmptyList(_ key: String) -> Bool {
        guard let node = entries.first(where: { $0.name == key })?.node else { return false }
        return node.isNothing || node.sequence?.isEmpty == true
    }

    /// The mapping under a key; nil when the key is not there.
    func optional(_ key: String) -> Mapping? {
        let nested = mapping(key)
        return has(key) ? nested : nil
    }

    /// Whether a key holds a mapping.
    func isMapping(_ key: String) -> Bool { entries.first { $0.name == key }?.node.mapping != nil }

    /// A mapping under a key; without settings when it is not there or empty.
    ///
    /// - Parameters:
    ///   - kind: what messages ask for.
    ///   - short: the setting that a plain text in the mapping's place stands for.
    func mapping(_ key: String, kind: String = "a mapping", short: String? = nil) -> Mapping {
        guard let entry = take(key) else {
            return Mapping(nil, path: setting(key), title: "'\(key)'", place: place, in: document)
        }
        return nested(entry, path: setting(key), title: "'\(key)'", kind: kind, short: short)
    }

    /// The mapping that an entry has as its value; without settings when it is empty.
    ///
    /// - Parameters:
    ///   - path: where it is.
    ///   - title: what messages call it.
    ///   - kind: what messages ask for.
    ///   - short: the setting that a plain text in the mapping's place stands for.
    func nested(
        _ entry: Entry, path: String, title: String, kind: String = "a mapping", short: String? = nil
    ) -> Mapping {
        let isMapping = entry.node.isNothing || entry.node.mapping != nil
        let isShort = short != nil && entry.node.scalar != nil
        if !isMapping, !isShort {
            document.report(
                "'\(entry.name)' must be \(kind), here it is \(entry.node.kind)", at: Self.place(of: entry))
        }
        return Mapping(
            isMapping || isShort ? entry.node : nil, path: path, title: title, place: entry.place,
            short: entry.node.isNothing ? nil : short, in: document)
    }

    /// A list of texts under a key, or one text that stands for a list of it; each parsed and none twice.
    ///
    /// - Returns: nil when it is not there.
    func texts(_ key: String, _ parse: (String) throws(InvalidValue) -> String) -> [Text]? {
        guard let entry = take(key) else { return nil }
        let nodes: [Node]
        switch entry.node {
        case .scalar where entry.node.isNothing: nodes = []
        case .scalar: nodes = [entry.node]
        case .sequence(let sequence): nodes = Array(sequence)
        case .mapping, .alias:
            document.report(
                "'\(key)' must be a list of names, here it is \(entry.node.kind)", at: Self.place(of: entry))
            return []
        }
        let texts = nodes.compactMap { node -> Text? in
            let item = Entry(name: key, place: entry.place, node: node)
            guard let text = text(of: item, named: key), parsed(text, named: key, isSecret: false, parse) != nil
            else { return nil }
            return text
        }
        reportRepeated(texts, in: key)
        return texts
    }

    /// A list of mappings under a key.
    ///
    /// - Parameter short: the setting that a plain text in the list stands for.
    /// - Returns: nil when it is not there.
    func entries(_ key: String, short: String) -> [Mapping]? {
        guard let entry = take(key) else { return nil }
        let example = "such as - {\(short): …}"
        guard case .sequence(let sequence) = entry.node else {
            if entry.node.isNothing { return [] }
            document.report(
                "'\(key)' must be a list, here it is \(entry.node.kind)", at: Self.place(of: entry),
                hint: "write one entry a line, \(example)")
            return []
        }
        return sequence.compactMap { node in
            if case .sequence = node {
                document.report("an entry of '\(key)' must be a mapping, here it is a list", at: node.place)
                return nil
            }
            guard !node.isNothing else {
                document.report("an entry of '\(key)' is empty", at: node.place, hint: "write \(example)")
                return nil
            }
            return Mapping(
                node, path: setting(key) + "[]", title: "an entry of '\(key)'", place: node.place, short: short,
                in: document)
        }
    }

    /// Reports what is listed more than once.
    func reportRepeated(_ texts: [Text], in key: String, ignoringCase: Bool = false) {
        var first: [String: Text] = [:]
        for text in texts where !text.value.isEmpty {
            let name = ignoringCase ? text.value.lowercased() : text.value
            guard let before = first.updateValue(first[name] ?? text, forKey: name) else { continue }
            let line = before.place.map { ", the first time in line \($0.line)" } ?? ""
            document.report(
                "'\(text.shown)' is listed twice in '\(key)'\(line)", at: text.place,
                hint: ignoringCase && before.value != text.value
                    ? "warehouses do not tell names by their case: choose another name" : "remove one of them")
        }
    }

    private func text(of entry: Entry, named key: String, allowsNull: Bool = false) -> Text? {
        guard case .scalar(let scalar) = entry.node else {
            document.report("'\(key)' must be text, here it is \(entry.node.kind)", at: Self.place(of: entry))
            return nil
        }
        if entry.node.isNothing, !allowsNull || ["", "~"].contains(scalar.string) {
            document.report("'\(key)' has no value", at: entry.place, hint: "give it one, or remove the line")
            return nil
        }
        return document.text(of: scalar)
    }

    private func parsed<Value>(
        _ text: Text, named key: String, isSecret: Bool, _ parse: (String) throws(InvalidValue) -> Value
    ) -> Value? {
        do {
            return try parse(text.value)
        } catch {
            var message = "'\(key)' cannot be '\(text.shown)'"
            if isSecret {
                message = "'\(key)' cannot be used"
            } else if text.isExpanded {
                message = "'\(key)' cannot be what '\(text.shown)' stands for"
            }
            // A reason may quote the value, which may be a secret.
            let reason = text.isExpanded && !isSecret ? nil : error.reason
            document.report(message + (reason.map { ": \($0)" } ?? ""), at: text.place, hint: error.hint)
            return nil
        }
    }
}
