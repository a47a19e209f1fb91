import Testing

@testable import Pipeline

@Suite("No secret is ever shown")
struct SecretTests {
    static let environment = ["URL": "postgresql://u:hunter2@h/d", "KEY": "hunter2", "BAD": "hunter2 x[0]"]

    static func spec() throws -> PipelineSpec {
        try load(
            Sample.dataset().replacing("url: \"\"", with: "url: \"${URL}\"").replacing(
                "\"file:/lake\"",
                with: "\"s3://lake\", access_key_id: id, secret_access_key: hunter2, session_token: \"${KEY}\""),
            environment)
    }

    @Test("by a dump, a description, a debug description or a mirror")
    func specification() throws {
        let spec = try Self.spec()
        #expect(spec.source.url.value == "postgresql://u:hunter2@h/d")
        #expect(
            spec.destination.secretAccessKey?.value == "hunter2" && spec.destination.sessionToken?.value == "hunter2")
        var dumped = ""
        dump(spec, to: &dumped)
        let texts = [
            dumped, String(describing: spec), String(reflecting: spec), "\(spec.source.url)", spec.canonicalText,
        ]
        for text in texts { #expect(!text.contains("hunter2")) }
        #expect(dumped.contains("(secret)"))
        #expect(Mirror(reflecting: spec.source.url).children.isEmpty)
        #expect(String(describing: Optional(spec.source.url)) == "Optional((secret))")
    }

    @Test(
        "by a message about a value that came from a variable, in any setting",
        arguments: [
            "pipeline", "workers", "source.url", "source.statement_timeout", "source.lock_timeout",
            "source.application_name", "destination.url", "destination.region", "destination.endpoint",
            "destination.path_style", "destination.part_size", "table", "mode", "sample", "timestamp_zone", "format",
            "columns[].from", "columns[].type", "flatten[].depth", "flatten[].arrays", "partition_by[].by",
            "partition_by[].as", "partition_by[].column", "csv.header", "csv.delimiter", "csv.quote", "csv.line_end",
            "nulls", "bigint_as_string", "special_values", "compression.codec",
            "compression.level", "chunk.target_size", "chunk.rows",
        ])
    func message(setting: String) throws {
        let found = problems(
            Self.file(with: "${BAD}", in: setting), ["BAD": "hunter2 [0]\u{7F}/ä" + String(repeating: "x", count: 70)])
        #expect(!found.isEmpty)
        for text in found { #expect(!text.contains("hunter2"), "\(text)") }
        // The text as the file has it is shown, but for settings that are secret by themselves.
        let key = String(setting.split(separator: ".").last ?? "")
        #expect(found.contains { $0.contains("${BAD}") || $0.contains("'\(key)' cannot be used") })
    }

    @Test("by a message about a name that came from a variable and is there twice")
    func repeated() {
        let found = problems(
            Sample.dataset(
                "exclude: [\"${KEY}\", \"${KEY}\"]\npartition_by: [{column: a, as: \"${KEY}\"}, \"${KEY}\"]"),
            Self.environment)
        #expect(found.count == 2)
        for text in found { #expect(text.contains("'${KEY}'") && !text.contains("hunter2")) }
    }

    @Test("by a message about a secret that stands in the file itself")
    func inFile() {
        let text = Sample.dataset().replacing(
            "\"file:/lake\"",
            with: "\"s3://b\", access_key_id: id, secret_access_key: 'hunter2 x', endpoint: 'http://u:hunter2@h'")
        let found = problems(text)
        #expect(found.count == 2)
        for text in found { #expect(!text.contains("hunter2")) }
    }

    /// A file with a value in one setting; a setting without `source.` and `destination.` in front is a dataset's.
    static func file(with value: String, in setting: String) -> String {
        let line = { (key: String) in "\(key): \"\(value)\"" }
        switch setting {
        case "pipeline": return Sample.dataset().replacing("pipeline: eventflow", with: line("pipeline"))
        case "workers": return Sample.dataset() + line("workers")
        case "source.url": return Sample.dataset().replacing("url: \"\"", with: line("url"))
        case "destination.url": return Sample.dataset().replacing("url: \"file:/lake\"", with: line("url"))
        case "table": return Sample.dataset().replacing("table: public.events", with: line("table"))
        default: break
        }
        let parts = setting.split(separator: ".").map(String.init)
        switch parts[0] {
        case "source": return Sample.dataset().replacing("url: \"\"", with: "url: \"\", \(line(parts[1]))")
        case "destination":
            return Sample.dataset().replacing("url: \"file:/lake\"", with: "url: \"file:/lake\", \(line(parts[1]))")
        case "columns[]": return Sample.dataset("columns: [{name: a, \(line(parts[1]))}]")
        case "partition_by[]" where parts[1] == "column": return Sample.dataset("partition_by: [{\(line("column"))}]")
        case let list where list.hasSuffix("[]"):
            return Sample.dataset("\(list.dropLast(2)): [{column: a, \(line(parts[1]))}]")
        default:
            return Sample.dataset(parts.count == 1 ? line(setting) : "format: csv\n\(parts[0]): {\(line(parts[1]))}")
        }
    }
}
