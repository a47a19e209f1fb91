/// Names as a warehouse can have them: no two that differ only by case, none too long.
struct FittedNames {
    private var taken: Set<String> = []
    private let mostBytes: Int
    private let isAllowed: (Unicode.Scalar) -> Bool

    /// Begins without names.
    ///
    /// - Parameters:
    ///   - mostBytes: the longest name in bytes of UTF-8.
    ///   - isAllowed: which characters a name may hold; others become `_`.
    init(mostBytes: Int, isAllowed: @escaping (Unicode.Scalar) -> Bool = { _ in true }) {
        self.mostBytes = mostBytes
        self.isAllowed = isAllowed
    }

    /// Fits a name. The same names in the same order always fit the same way, so who comes first keeps its name.
    mutating func fit(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in name.unicodeScalars { scalars.append(isAllowed(scalar) ? scalar : "_") }
        let fitted = scalars.isEmpty ? "_" : String(scalars)
        var candidate = Self.cut(fitted, to: mostBytes)
        var number = 2
        while !taken.insert(candidate.lowercased()).inserted {
            let suffix = "_\(number)"
            candidate = Self.cut(fitted, to: mostBytes - suffix.utf8.count) + suffix
            number += 1
        }
        return candidate
    }

    private static func cut(_ name: String, to bytes: Int) -> String {
        var name = name
        while name.utf8.count > bytes { name.unicodeScalars.removeLast() }
        return name
    }
}
