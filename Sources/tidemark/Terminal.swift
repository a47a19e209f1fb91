import Foundation
import Synchronization

/// Standard error: log lines, and below them one line that is drawn again and again when a person watches.
final class Terminal: Sendable {
    static let shared = Terminal()

    private let line = Mutex("")
    /// Whether a person watches.
    let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Prints a line above the one that is being drawn.
    func print(_ text: String) {
        line.withLock { line in
            write((line.isEmpty ? "" : "\r\u{1B}[K") + text + "\n" + line)
        }
    }

    /// Draws the last line anew; an empty text removes it.
    func draw(_ text: String) {
        guard isInteractive else { return }
        line.withLock { line in
            let shown = String(text.prefix(columns - 1))
            if line.isEmpty, shown.isEmpty { return }
            line = shown
            write("\r\u{1B}[K" + shown)
        }
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
