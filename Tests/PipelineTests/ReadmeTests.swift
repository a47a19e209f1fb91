import Foundation
import Pipeline
import Testing

@Suite("The README")
struct ReadmeTests {
    @Test("It lists every setting, as the reader knows them")
    func settings() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let table = SettingReference.markdown.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(readme.contains(table), "README.md's table of settings should read:\n\(table)")
    }

    @Test("Its example is a valid pipeline")
    func example() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let start = try #require(readme.range(of: "```yaml\n"))
        let end = try #require(readme.range(of: "```", range: start.upperBound..<readme.endIndex))
        let spec = try PipelineSpec.load(
            text: String(readme[start.upperBound..<end.lowerBound]), file: "README.md",
            environment: ["EVENTFLOW_DATABASE_URL": "postgresql:///x"])
        #expect(spec.name == "eventflow")
    }
}
