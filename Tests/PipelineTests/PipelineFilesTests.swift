import Foundation
import Testing

@testable import Pipeline

@Suite("Pipeline files are found and read, or it is said why not")
struct PipelineFilesTests {
    private func write(_ text: String, _ path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func problem(loading file: String) throws -> String {
        let error = try #require(throws: PipelineError.self) { try PipelineSpec.load(file: file, environment: [:]) }
        return error.description.replacing(file, with: "FILE")
    }

    @Test("a file is read as it is, with or without a byte order mark")
    func file() throws {
        try withFolder { folder in
            try write("\u{FEFF}" + Sample.dataset("format: x"), "\(folder)/a.yaml")
            #expect(
                try problem(loading: "\(folder)/a.yaml") == "FILE:8:13: 'format' cannot be 'x'; write ndjson or csv")
            try write("\u{FEFF}" + Sample.dataset(), "\(folder)/a.yaml")
            let spec = try PipelineSpec.load(file: "\(folder)/a.yaml", environment: [:])
            #expect(spec.file == "\(folder)/a.yaml" && spec.name == "eventflow")
        }
    }

    @Test("a file that cannot be used is refused with its reason")
    func unusable() throws {
        try withFolder { folder in
            let file = "\(folder)/a.yaml"
            #expect(try problem(loading: file) == "FILE: there is no such file")
            #expect(try problem(loading: folder) == "FILE: this is a folder; name a file in it")
            // Nothing is mapped at address 0, so that reading fails whoever reads.
            #expect(try problem(loading: "/proc/self/mem") == "FILE: the file cannot be read: Input/output error")
            try write("", file)
            #expect(try problem(loading: file) == "FILE: the file is empty; begin with `pipeline: NAME`")
            try Data("pipeline: é\nx: b\u{E9}".unicodeScalars.map { UInt8($0.value) }).write(
                to: URL(fileURLWithPath: file))
            #expect(
                try problem(loading: file)
                    == "FILE:1:11: the file is not UTF-8: these bytes are no character; save it as UTF-8")
            try Data([0xFF, 0xFE, 0x70, 0]).write(to: URL(fileURLWithPath: file))
            #expect(try problem(loading: file) == "FILE: the file is UTF-16; save it as UTF-8")
        }
    }

    @Test("a file of 1 MiB is read, one byte more is too large")
    func large() throws {
        try withFolder { folder in
            let text = Sample.dataset() + "#"
            let file = "\(folder)/a.yaml"
            try write(text + String(repeating: "x", count: PipelineFiles.sizeLimit - text.utf8.count), file)
            #expect(try PipelineSpec.load(file: file, environment: [:]).name == "eventflow")
            try write(text + String(repeating: "x", count: PipelineFiles.sizeLimit - text.utf8.count + 1), file)
            #expect(
                try problem(loading: file)
                    == "FILE: the file is larger than 1 MiB; a pipeline file is a page or two: is this one?")
        }
    }

    @Test("a file that may not be read is refused", .enabled(if: getuid() != 0, "root reads any file"))
    func forbidden() throws {
        try withFolder { folder in
            let file = "\(folder)/a.yaml"
            try write(Sample.dataset(), file)
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
            #expect(try problem(loading: file) == "FILE: the file cannot be read: Permission denied")
        }
    }

    @Test("a folder is searched for YAML files with a `pipeline:` key, sorted, hidden ones and builds left out")
    func search() throws {
        try withFolder { folder in
            try write(Sample.dataset(), "\(folder)/z.yaml")
            try write(Sample.dataset(), "\(folder)/b/deep/er.yml")
            try write("\"pipeline\": x", "\(folder)/b/quoted.yaml")
            try write("pipeline: [broken", "\(folder)/broken.yaml")
            try write("a: |\n  pipeline: x\nb: {pipeline: y}", "\(folder)/other.yaml")
            try write("a: [\n  pipeline: x", "\(folder)/broken-other.yaml")
            try write(Sample.dataset(), "\(folder)/a.txt")
            try write(Sample.dataset(), "\(folder)/.hidden.yaml")
            try write(Sample.dataset(), "\(folder)/.build/c.yaml")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/b/loop", withDestinationPath: folder)
            try #require(mkfifo("\(folder)/pipe.yaml", 0o600) == 0)
            let found = ["b/deep/er.yml", "b/quoted.yaml", "broken.yaml", "z.yaml"].map { "\(folder)/\($0)" }
            #expect(try PipelineFiles.find(paths: [folder]) == found)
            #expect(try PipelineFiles.find(paths: ["\(folder)/"]) == found)
        }
    }

    @Test("a file is taken as it is named, and each file once")
    func named() throws {
        try withFolder { folder in
            try write("anything", "\(folder)/a.txt")
            try write(Sample.dataset(), "\(folder)/p.yaml")
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/q.yaml", withDestinationPath: "\(folder)/p.yaml")
            let found = try PipelineFiles.find(paths: ["\(folder)/q.yaml", "\(folder)/a.txt", folder])
            #expect(found == ["\(folder)/q.yaml", "\(folder)/a.txt"])
        }
    }

    @Test("a path that is not there and a folder without pipelines are errors, all told at once")
    func nothing() throws {
        try withFolder { folder in
            try write("a: b", "\(folder)/a.yaml")
            let error = try #require(throws: PipelineError.self) {
                try PipelineFiles.find(paths: ["\(folder)/none", folder])
            }
            #expect(
                error.description == """
                    \(folder)/none: there is no such file or folder
                    \(folder): the folder has no pipeline file in it; a pipeline file ends in .yaml or .yml and has a `pipeline:` key
                    """)
        }
    }
}
