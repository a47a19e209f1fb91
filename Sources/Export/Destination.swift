import ObjectStore
import Pipeline

/// Opens the store that a pipeline writes to.
enum Destination {
    /// Opens it.
    ///
    /// - Throws: `StoreError` when the url or the credentials cannot be used.
    static func open(_ spec: PipelineSpec) throws -> any ObjectStore {
        let destination = spec.destination
        var options = StoreOptions()
        options.region = destination.region
        options.endpoint = destination.endpoint
        options.pathStyle = destination.pathStyle
        options.accessKeyID = destination.accessKeyID
        options.secretAccessKey = destination.secretAccessKey?.value
        options.sessionToken = destination.sessionToken?.value
        options.partSize = destination.partSize
        return try openStore(url: destination.url, options: options)
    }
}
