import Logging
import ObjectStore
import Pipeline

/// Opens the store that a pipeline writes to.
enum Destination {
    /// Opens it.
    ///
    /// - Parameters:
    ///   - spec: the pipeline.
    ///   - log: hears when the store is asked again.
    ///   - interruption: ends the asking.
    /// - Throws: `StoreError` when the url or the credentials cannot be used.
    static func open(
        _ spec: PipelineSpec, log: Logger, interruption: Interruption = Interruption()
    ) throws -> any ObjectStore {
        let destination = spec.destination
        var options = StoreOptions()
        options.region = destination.region
        options.endpoint = destination.endpoint
        options.pathStyle = destination.pathStyle
        options.accessKeyID = destination.accessKeyID
        options.secretAccessKey = destination.secretAccessKey?.value
        options.sessionToken = destination.sessionToken?.value
        options.partSize = destination.partSize
        options.retry.shouldStop = { interruption.signal != nil }
        options.retry.onRetry = { error, seconds in
            log.warning("the store is asked again in \(Int(seconds.rounded(.up))) s: \(error)")
        }
        return try openStore(url: destination.url, options: options)
    }
}
