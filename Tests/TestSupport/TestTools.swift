import Foundation

/// The programs from PyPI that tests run against, in the virtual environment that `scripts/test` makes.
public enum TestTools {
    /// The environment: `TIDEMARK_TEST_VENV`, else `.build/test-venv` of the package.
    public static let environment: String = {
        if let path = ProcessInfo.processInfo.environment["TIDEMARK_TEST_VENV"], !path.isEmpty { return path }
        return packageRoot + "/.build/test-venv"
    }()

    /// The checkout's folder.
    public static let packageRoot: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    /// The path of a program.
    ///
    /// - Throws: `TestSupportError` when it is not there, so that a test fails and says how to get it.
    public static func path(_ program: String) throws -> String {
        let path = "\(environment)/bin/\(program)"
        guard access(path, X_OK) == 0 else {
            throw TestSupportError(
                "\(program) is not in \(environment)/bin. Run scripts/test, which installs it, or name an environment that "
                    + "has it in TIDEMARK_TEST_VENV.")
        }
        return path
    }
}
