import Records
import Testing

/// Everything that reads documents, given texts of all sorts that end before a page which nobody may read.
///
/// The address sanitizer sees what a page does not, such as a read behind a buffer of the module's own:
///
///     swift test --sanitize=address --filter RecordsTests --disable-xctest --scratch-path /tmp/tidemark-asan
@Suite("Texts of all sorts")
struct FuzzTests {
    @Test("changed documents are taken exactly when the grammar takes them, by every reader alike", arguments: 1...2)
    func mutations(seed: UInt64) throws {
        var generator = DocumentGenerator(random: SeededGenerator(seed: 100 + seed), isLoose: seed > 1)
        let pieces = Array("{}[]\",:\\ \n\u{0}019-+.eEtfnu/au\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
        let readers = Readers()
        for _ in 0..<3_000 {
            var json = Array(generator.document().utf8)
            for _ in 0..<Int.random(in: 0...3, using: &generator.random) where !json.isEmpty {
                let index = Int.random(in: 0..<json.count, using: &generator.random)
                switch Int.random(in: 0..<6, using: &generator.random) {
                case 0: json[index] = generator.pick(pieces)
                case 1: json.remove(at: index)
                case 2: json.insert(generator.pick(pieces), at: index)
                case 3: json.removeSubrange(index...)
                case 4:
                    // A part of it once more, somewhere else.
                    let end = Int.random(in: index...min(json.count, index + 20), using: &generator.random)
                    let place = Int.random(in: 0...json.count, using: &generator.random)
                    json.insert(contentsOf: json[index..<end], at: place)
                default: json[index] ^= 1 << UInt8.random(in: 0...7, using: &generator.random)
                }
            }
            try readers.check(json)
        }
        #expect(readers.accepted > 600)
        #expect(readers.refused > 600)
    }

    @Test("arbitrary bytes do no harm", arguments: 1...2)
    func arbitraryBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: 200 + seed)
        let narrow = Array("{}[]\",:\\ue0d8-+.1tfa \n".utf8)
        let readers = Readers()
        for round in 0..<4_000 {
            let count = Int.random(in: 0...(round % 100 == 0 ? 5_000 : 70), using: &random)
            try readers.check(
                (0..<count).map { _ in
                    seed == 1
                        ? UInt8.random(in: 0...255, using: &random)
                        : narrow[Int.random(in: 0..<narrow.count, using: &random)]
                })
        }
        #expect(readers.refused > 3_000)
    }

    @Test("the page behind the texts is guarded indeed: whoever reads it is killed")
    func guardedPage() async {
        await #expect(processExitsWith: .failure) {
            let byte = GuardedBytes(room: 8).with([1, 2, 3]) { span in
                span.withUnsafeBytes { $0.baseAddress?.load(fromByteOffset: 3, as: UInt8.self) }
            }
            print(byte ?? 0)
        }
    }

    @Test("a document that is cut anywhere is refused at its end or before")
    func everyPrefix() throws {
        let json =
            Array(
                #"{"a":[1.5e+3,{"b":"\u00e9\ud83d\ude00 and a longer text\n"}],"user":{"id":-12,"a key that is longer than two words":true},"#
                    .utf8)
            + Array(#""b":false,"é":null,"id":"2026-10-31T23:59:59.123456Z","items":[{"id":1},[]]}"#.utf8)
        let readers = Readers()
        for count in 0..<json.count { try readers.check(Array(json[..<count])) }
        #expect(readers.refused == json.count)
        try readers.check(json)
        #expect(readers.accepted == 1)
    }
}

/// What reads documents in this module, kept from one text to the next as in a run.
final class Readers {
    private let guarded = GuardedBytes(room: 1 << 20)
    private var flattener: Flattener
    private var child: Flattener
    private var batch: RowBatch
    private var childBatch: RowBatch
    private var extra = ExtraObject()
    private var sampler = PathSampler(depth: 4, explodes: true)
    private var redactor: Redactor
    private var untouched: Redactor
    private static let targets: [([String], ColumnType)] = [
        (["a"], .string), (["b"], .json), (["user", "id"], .int64), (["id"], .timestamp), (["é"], .number),
        (["a b"], .decimal(precision: 5, scale: 2)),
    ]
    private(set) var accepted = 0
    private(set) var refused = 0

    init() {
        let places: [([PathStep], ColumnType)] = [
            (["b", .index(0)], .json), (["b", .index(1), "a"], .string), ([.index(0)], .uuid),
            ([.index(1), "id"], .int64),
        ]
        let plan =
            FlattenedRow.plan(Self.targets)
            + places.enumerated().map { index, place in
                FlattenTarget(
                    path: place.0, column: Self.targets.count + index, type: place.1,
                    takesScalars: index.isMultiple(of: 2))
            }
        let items = [ItemsTarget(path: ["items"], count: plan.count, items: 0)]
        flattener = Flattener(source: "payload", targets: plan, items: items, depth: 4)
        batch = RowBatch(
            columns: plan.map { Column(name: "c\($0.column)", type: $0.type) } + [
                Column(name: "n", type: .int64), Column(name: "_extra", type: .json),
            ], rowCapacity: 1)
        child = Flattener(
            source: "payload", below: ["items"], targets: [FlattenTarget(path: ["id"], column: 0, type: .int64)],
            items: [ItemsTarget(path: [], count: 1, items: 0)], depth: 4)
        childBatch = RowBatch(
            columns: [Column(name: "id", type: .int64), Column(name: "n", type: .int64)], rowCapacity: 1)
        let rules: [([PathStep], RedactionRule.Action)] = [
            (["a"], .hash), (["b", .each], .mask(keep: 2)), (["user"], .exclude), ([.each, "id"], .exclude),
            (["é"], .mask(keep: 1)), (["items", .index(0)], .hash), (["id"], .mask(keep: 3)),
        ]
        redactor = Redactor(rules: rules.map { RedactionRule(path: $0.0, action: $0.1) }, key: [1, 2, 3])
        untouched = Redactor(rules: [], key: [])
    }

    func check(_ json: [UInt8]) throws {
        let text = String(decoding: json, as: UTF8.self)
        let reference = ReferenceJSON(json)
        var errors: [RecordError?] = []
        errors.append(
            refusal {
                () throws(RecordError) in
                batch.removeAll()
                batch.addRow()
                extra.removeAll()
                try guarded.with(json) { span throws(RecordError) in
                    try flattener.flatten(span, into: &batch, extra: &extra)
                }
            })
        if errors[0] == nil {
            if !extra.isEmpty {
                extra.finish(into: &batch, column: batch.columns.count - 1)
                #expect(ReferenceJSON(batch.cellText(0, batch.columns.count - 1).utf8, allowsRepeats: false) != nil)
            }
            // Of what was accepted, each element is a document too.
            flattener.forEachElement { _, _, element in
                childBatch.removeAll()
                childBatch.addRow()
                let error = refusal { () throws(RecordError) in
                    try child.flatten(element, into: &childBatch, extra: &extra)
                }
                #expect(error == nil)
                extra.removeAll()
            }
        }
        errors.append(
            refusal { () throws(RecordError) in
                try guarded.with(json) { span throws(RecordError) in try sampler.add(span) }
            })
        for index in 0..<2 {
            var redacted = ByteBuffer()
            errors.append(
                refusal { () throws(RecordError) in
                    try guarded.with(json) { span throws(RecordError) in
                        if index == 0 {
                            try redactor.redact(span, into: &redacted)
                        } else {
                            try untouched.redact(span, into: &redacted)
                        }
                    }
                })
            let made = redacted.span.withUnsafeBufferPointer { Array($0) }
            if errors.last == .some(nil) {
                if index == 0 {
                    #expect(ReferenceJSON(made) != nil, "\(text) became \(redacted.string)")
                } else {
                    #expect(made == json)
                }
            } else {
                #expect(made.isEmpty)
            }
        }
        for error in errors {
            #expect(error == errors[0], "\(text)")
            #expect((error == nil) == (reference != nil), "\(text): \(String(describing: error))")
            guard let error else { continue }
            #expect(error.offset >= 0 && error.offset <= json.count)
            #expect(error.found == (error.offset < json.count ? json[error.offset] : nil))
        }
        if reference == nil { refused += 1 } else { accepted += 1 }

        // What takes texts that are no documents, or documents that were checked.
        guarded.with(json) { span in
            var quoted = ByteBuffer()
            JSONText.appendString(span, to: &quoted)
            if String(validating: json, as: UTF8.self) != nil {
                #expect(ReferenceJSON(quoted.span.withUnsafeBufferPointer { Array($0) }) == .text(text))
            }
            var line = ByteBuffer()
            JSONText.appendOneLine(span, to: &line)
            if let reference { #expect(ReferenceJSON(line.span.withUnsafeBufferPointer { Array($0) }) == reference) }
            var plain = ByteBuffer()
            redactor.redact(text: span, .mask(keep: 3), into: &plain)
            redactor.redact(text: span, .hash, into: &plain)
            #expect(plain.count >= 64)
            _ = KeyHash.hash(span)
            extra.removeAll()
            if reference != nil { extra.add(pointer: text, raw: span) }
            extra.removeAll()
        }
        if let reference, String(validating: json, as: UTF8.self) != nil {
            let row = try FlattenedRow(json, Self.targets, depth: 4)
            #expect(row.rebuilt(Self.targets) == reference, "\(text)")
        }
    }

    private func refusal(_ body: () throws(RecordError) -> Void) -> RecordError? {
        do throws(RecordError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
