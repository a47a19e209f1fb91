/// The results of a run's units: each is put if absent, so the first one counts.
public struct UnitResults: Sendable {
    let objects: StateObjects
    let run: Int
    let isConditional: Bool
    let guardWrite: @Sendable () throws -> Void

    /// Writes a unit's result, or reads the one that came first.
    ///
    /// - Parameter result: the result.
    /// - Returns: the result that counts.
    /// - Throws: `StoreError`, `LakeError`, or what the log's `guardWrite` throws.
    public func settle(_ result: UnitResult) throws -> UnitResult {
        if !isConditional { try guardWrite() }
        switch try objects.create(result, at: Layout.unit(run: run, unit: result.unit), conditional: isConditional) {
        case .ours: return result
        case .theirs(let first): return first
        }
    }

    /// Reads the results that units have left.
    ///
    /// - Parameter units: the units' numbers.
    /// - Returns: the results that are there, by unit.
    /// - Throws: `StoreError`, `LakeError`.
    public func read(units: some Sequence<Int>) throws -> [Int: UnitResult] {
        var results: [Int: UnitResult] = [:]
        for unit in units { results[unit] = try objects.read(UnitResult.self, at: Layout.unit(run: run, unit: unit)) }
        return results
    }
}
