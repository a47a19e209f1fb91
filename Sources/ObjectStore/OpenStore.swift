/// How to reach a store; what is not given comes from the environment, as AWS's own tools read it.
public struct StoreOptions: Sendable {
    public init() {}
}

public func openStore(url: String, options: StoreOptions) throws(StoreError) -> any ObjectStore {
    DirectoryStore(root: String(url.dropFirst(5)))
}
