/// One pipeline file, checked: a source, a destination, and the datasets exported together.
public struct PipelineSpec: Hashable, Sendable {
    /// The pipeline's name: 1 to 63 letters, digits, `_` and `-`.
    public var name: String
    /// The file that it was read from, as it was named.
    public var file: String
    /// The database that is read.
    public var source: SourceSpec
    /// Where the files go.
    public var destination: DestinationSpec
    /// How many connections read at once, 1 to 64; nil: as many as the machine has cores, at most 4.
    public var workers: Int?
    /// The key of hashed values; nil where nothing is hashed.
    public var hashKey: Secret?
    /// How many bytes of table a unit covers, 1 MiB to 64 GiB.
    public var unitSize: Int
    /// 256 MiB.
    public static let defaultUnitSize = 256 << 20
    /// The datasets in file order; at least one.
    public var datasets: [DatasetSpec]

    /// Makes a pipeline.
    public init(
        name: String, file: String, source: SourceSpec, destination: DestinationSpec, workers: Int? = nil,
        hashKey: Secret? = nil, unitSize: Int = defaultUnitSize, datasets: [DatasetSpec]
    ) {
        self.name = name
        self.file = file
        self.source = source
        self.destination = destination
        self.workers = workers
        self.hashKey = hashKey
        self.unitSize = unitSize
        self.datasets = datasets
    }
}
