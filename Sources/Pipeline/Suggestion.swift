/// Guesses what somebody meant to write.
enum Suggestion {
    /// The word that is nearest to a text, if one is near enough to be meant.
    ///
    /// Case, `_` and `-` do not count; for the rest a third of the text may differ.
    static func nearest(to text: String, among words: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let wanted = folded(text)
        let allowed = max(1, wanted.count / 3)
        let near = words.map { (word: $0, distance: distance(wanted, folded($0))) }.filter { $0.distance <= allowed }
        return near.min { $0.distance < $1.distance }?.word
    }

    private static func folded(_ text: String) -> [Character] {
        text.lowercased().filter { $0 != "_" && $0 != "-" }
    }

    /// How many letters must be inserted, removed, replaced or swapped with the next one.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
