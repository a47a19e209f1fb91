// swift-tools-version: 6.2

import PackageDescription

/// Settings of every target: the modules that touch memory also ask the compiler to point at each unsafe use.
let settings: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
let strict: [SwiftSetting] = settings + [.strictMemorySafety()]

let package = Package(
    name: "tidemark",
    products: [
        .executable(name: "tidemark", targets: ["tidemark"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/ordo-one/TextTable", from: "0.0.2"),
    ],
    targets: [
        // The C libraries: a module map and a header of typed inline shims each.
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        .target(name: "Postgres", dependencies: ["CPostgres"], swiftSettings: strict),
        .target(name: "Compression", dependencies: ["CZstd", "CZlib"], swiftSettings: strict),
        .target(
            name: "ObjectStore",
            dependencies: ["CCurl", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "Records", dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
        .target(name: "Pipeline", dependencies: ["Records", "Yams"], swiftSettings: settings),
        .target(
            name: "Lake",
            dependencies: ["ObjectStore", "Records", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .target(
            name: "Export",
            dependencies: [
                "Postgres", "Compression", "ObjectStore", "Records", "Pipeline", "Lake",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .target(name: "Warehouses", dependencies: ["Lake", "Records", "Pipeline"], swiftSettings: settings),
        .executableTarget(
            name: "tidemark",
            dependencies: [
                "Export", "Warehouses",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                "TextTable",
            ],
            swiftSettings: settings),

        // `scripts/bench` runs it.
        .executableTarget(
            name: "microbench", dependencies: ["Records"], path: "Tests/Benchmarks", swiftSettings: settings),
        .target(name: "TestSupport", dependencies: ["ObjectStore"], path: "Tests/TestSupport"),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "CompressionTests", dependencies: ["Compression", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "ObjectStoreTests", dependencies: ["ObjectStore", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "RecordsTests", dependencies: ["Records"], swiftSettings: settings),
        .testTarget(name: "PipelineTests", dependencies: ["Pipeline"], swiftSettings: settings),
        .testTarget(name: "LakeTests", dependencies: ["Lake", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "ExportTests", dependencies: ["Export", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "WarehousesTests", dependencies: ["Warehouses", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Export", "TestSupport", "tidemark"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
