import ObjectStore
import Pipeline

/// Opens the store that a pipeline writes to.
enum Destination {
    /// Opens it.
    ///
    /// - Throws: `StoreError` when the url or the credentials cannot be used.
    static func open(_ spec: PipelineSpec) throws -> any ObjectStore {
        let destination = spec.destination
        let options = StoreOptions()
        return try openStore(url: destination.url, options: options)
    }
}
