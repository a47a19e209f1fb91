// How fast one core takes documents apart and writes rows: MB of JSON text a second, the best of several rounds.
//
//   microbench DOCUMENTS     a file with one document a line, as PostgreSQL prints jsonb; `scripts/bench` makes one

import Foundation
import Records

/// What is measured.
struct Benchmark {
    let name: String
    let round: () throws -> Void
}

/// A sink for a file's documents, read again and again.
final class Documents {
    let texts: [[UInt8]]
    let bytes: Int

    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: file])
        }
        texts = data.split(separator: 0x0A).map(Array.init)
        bytes = texts.reduce(0) { $0 + $1.count }
    }
}

/// Flattens all documents, and encodes them where a format is given.
func flatten(
    _ documents: Documents, _ columns: [Column], _ targets: [FlattenTarget], _ format: RowFormat?
) throws {
    var flattener = Flattener(source: "payload", targets: targets, depth: 5, mayRepeatKeys: false)
    var batch = RowBatch(columns: columns)
    var extra = ExtraObject()
    var text = ByteBuffer()
    let encoder = format.map { RowEncoder(format: $0, columns: columns) }
    func write(_ batch: inout RowBatch, _ text: inout ByteBuffer) {
        let rows = (0..<Int32(batch.rowCount)).map { $0 }
        encoder?.encode(batch, rows: rows.span, into: &text)
        text.removeAll()
        batch.removeAll()
    }
    for document in documents.texts {
        batch.addRow()
        try flattener.flatten(document.span.bytes, into: &batch, extra: &extra)
        if !extra.isEmpty { extra.finish(into: &batch, column: columns.count - 1) }
        if batch.isFull { write(&batch, &text) }
    }
    write(&batch, &text)
}

func sample(_ documents: Documents) throws -> [SampledPath] {
    var sampler = PathSampler(depth: 5)
    for document in documents.texts.prefix(10_000) { try sampler.add(document.span.bytes) }
    return sampler.paths
}

func redact(_ documents: Documents, _ rules: [RedactionRule]) throws {
    var redactor = Redactor(rules: rules, key: Array("0123456789abcdef".utf8))
    var text = ByteBuffer()
    for document in documents.texts {
        text.removeAll()
        try redactor.redact(document.span.bytes, into: &text)
    }
}

guard CommandLine.arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: microbench DOCUMENTS\n".utf8))
    exit(2)
}
let documents = try Documents(file: CommandLine.arguments[1])
let paths = try sample(documents).filter { $0.suggestedType != nil && !$0.path.isEmpty }
var columns = paths.map { Column(name: $0.path.joined(separator: "_"), type: $0.suggestedType ?? .string) }
let targets = paths.enumerated().map {
    FlattenTarget(keys: $0.element.path, column: $0.offset, type: $0.element.suggestedType ?? .string)
}
columns.append(Column(name: "_extra", type: .json))
let benchmarks = [
    Benchmark(name: "flatten") { try flatten(documents, columns, targets, nil) },
    Benchmark(name: "flatten, CSV") { try flatten(documents, columns, targets, .csv(CSVOptions())) },
    Benchmark(name: "flatten, NDJSON") { try flatten(documents, columns, targets, .ndjson) },
    Benchmark(name: "mask a key") {
        try redact(documents, [RedactionRule(path: [.key(paths[0].path[0])], action: .mask(keep: 4))])
    },
    Benchmark(name: "hash a key") {
        try redact(documents, [RedactionRule(path: [.key(paths[0].path[0])], action: .hash)])
    },
]
print(
    "\(documents.texts.count) documents of \(documents.bytes / max(1, documents.texts.count)) bytes, \(paths.count) paths"
)
for benchmark in benchmarks {
    let times = try (0..<7).map { _ in
        let start = ContinuousClock.now
        try benchmark.round()
        return (ContinuousClock.now - start) / .seconds(1)
    }.sorted()
    let rates = [times[0], times[3]].map { Double(documents.bytes) / $0 / 1e6 }
    let name = benchmark.name.padding(toLength: 18, withPad: " ", startingAt: 0)
    print("\(name) \(String(format: "%7.0f MB/s best, %7.0f median", rates[0], rates[1]))")
}
