import Foundation
import Yams

/// Finds and reads pipeline files.
public enum PipelineFiles {
    /// The largest pipeline file in bytes: 1 MiB.
    public static let sizeLimit = 1 << 20

    /// The pipeline files that paths name.
    ///
    /// - Parameter paths: a file each, taken as it is, or a folder, searched with all folders in it for `.yaml` and
    /// `.yml` files that have a `pipeline:` key at the top level. Names that begin with a dot are skipped, links to
    /// folders are not followed.
    /// - Returns: the files, each once, in the order of the paths; a folder's are sorted.
    /// - Throws: `PipelineError` for each path that is not there, and each folder without a pipeline file.
    public static func find(paths: [String]) throws(PipelineError) -> [String] {
        var found: [String] = []
        var seen: Set<String> = []
        var problems: [Problem] = []
        for path in paths {
            do throws(PipelineError) {
                for file in try files(at: path) {
                    let real = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
                    if seen.insert(real).inserted { found.append(file) }
                }
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw PipelineError(problems: problems) }
        return found
    }

    /// A file's text, without a byte order mark.
    ///
    /// - Throws: `PipelineError` when it cannot be read, is larger than `sizeLimit` or is not UTF-8.
    static func text(of file: String) throws(PipelineError) -> String {
        var bytes = try bytes(of: file)
        guard bytes.count <= sizeLimit else {
            throw error(file, "the file is larger than 1 MiB", hint: "a pipeline file is a page or two: is this one?")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw error(file, "the file is UTF-16", hint: "save it as UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = SourceLines(String(decoding: validPrefix(of: bytes), as: UTF8.self)).lines
            throw PipelineError(problems: [
                Problem(
                    file: file, line: lines.count, column: (lines.last?.count ?? 0) + 1,
                    message: "the file is not UTF-8: these bytes are no character", hint: "save it as UTF-8")
            ])
        }
        return text
    }

    private static func bytes(of file: String) throws(PipelineError) -> [UInt8] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
            throw error(file, "there is no such file")
        }
        if isFolder.boolValue { throw error(file, "this is a folder", hint: "name a file in it") }
        var data = Data()
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            while data.count <= sizeLimit, let more = try handle.read(upToCount: sizeLimit + 1 - data.count),
                !more.isEmpty
            {
                data += more
            }
        } catch {
            throw Self.error(file, "the file cannot be read: \(reason(error))")
        }
        return Array(data)
    }

    /// What the operating system says, without Foundation's words round it.
    private static func reason(_ error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        guard cause.domain == NSPOSIXErrorDomain, let code = Int32(exactly: cause.code) else {
            return error.localizedDescription
        }
        return String(cString: strerror(code))
    }

    private static func validPrefix(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        var parser = UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var count = 0
        while case .valid(let scalar) = parser.parseScalar(from: &rest) { count += scalar.count }
        return bytes.prefix(count)
    }

    private static func files(at path: String) throws(PipelineError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw error(path, "there is no such file or folder")
        }
        guard isFolder.boolValue else { return [path] }
        let found = try search(path)
        guard !found.isEmpty else {
            throw error(
                path, "the folder has no pipeline file in it",
                hint: "a pipeline file ends in .yaml or .yml and has a `pipeline:` key")
        }
        return found
    }

    private static func search(_ folder: String) throws(PipelineError) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw Self.error(folder, "the folder cannot be read: \(reason(error))")
        }
        var found: [String] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            if type(of: path) == .typeDirectory {
                found += try search(path)
            } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml"), isPipeline(path) {
                found.append(path)
            }
        }
        return found
    }

    /// What a path is, without following a link.
    private static func type(of path: String) -> FileAttributeType? {
        try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    }

    /// Whether a file has a `pipeline:` key; one that is broken counts when a line looks so, so that its user hears
    /// of it.
    private static func isPipeline(_ file: String) -> Bool {
        // Opening a named pipe would wait for a writer.
        let target = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
        guard type(of: target) == .typeRegular, let bytes = try? bytes(of: file) else { return false }
        let text = String(decoding: bytes.prefix(sizeLimit), as: UTF8.self)
        guard bytes.count <= sizeLimit, let tree = try? YAMLTree(text, file: file) else {
            return SourceLines(text).lines.contains { line in
                let key = String(String.UnicodeScalarView(line.prefix { $0 != ":" }))
                return line.contains(":") && ["pipeline", "\"pipeline\"", "'pipeline'"].contains(key)
            }
        }
        guard case .mapping(let mapping)? = tree.root else { return false }
        return mapping.contains { key, _ in key.scalar.map(tree.name) == "pipeline" }
    }

    private static func error(_ file: String, _ message: String, hint: String? = nil) -> PipelineError {
        PipelineError(problems: [Problem(file: file, message: message, hint: hint)])
    }
}
