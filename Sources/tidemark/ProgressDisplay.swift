import Export
import Foundation
import Logging
import Synchronization

/// Shows a run's progress: a line that is drawn again for a person, a log line now and then for a job.
final class ProgressDisplay: Sendable {
    private let progress: RunProgress
    private let name: String
    private let log: Logger
    private let finished = Mutex(false)
    private let started = ContinuousClock.now

    /// So often a line is drawn, in seconds.
    private static let drawInterval = 0.2
    /// So often a line is logged when nobody watches, in seconds.
    private static let logInterval = 30.0

    /// Begins to show a run.
    init(_ progress: RunProgress, pipeline: String, log: Logger) {
        self.progress = progress
        name = pipeline
        self.log = log
        let thread = Thread { [self] in watch() }
        thread.name = "tidemark-progress"
        thread.start()
    }

    /// Shows no more; the line vanishes.
    func finish() {
        finished.withLock { $0 = true }
        Terminal.shared.draw("")
    }

    private func watch() {
        var lastLog = ContinuousClock.now
        while true {
            Thread.sleep(forTimeInterval: Self.drawInterval)
            let over = finished.withLock { finished in
                if !finished, progress.figures.unitsPlanned > 0 { Terminal.shared.draw(line) }
                return finished
            }
            if over { return }
            if !Terminal.shared.isInteractive, ContinuousClock.now - lastLog > .seconds(Self.logInterval) {
                log.info("\(line)")
                lastLog = ContinuousClock.now
            }
        }
    }

    /// The line: rows, bytes, rate, units done, time left.
    private var line: String {
        let figures = progress.figures
        let passed = ContinuousClock.now - started
        let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
        let rate = Double(figures.rows) / max(seconds, 0.001)
        var parts = [
            name, "\(Figure.count(figures.rows)) rows", "\(Figure.bytes(figures.bytesRead)) read",
            "\(Figure.bytes(figures.bytesWritten)) written", "\(Figure.count(Int(rate))) rows/s",
            "unit \(figures.units)/\(figures.unitsPlanned)",
        ]
        if figures.rowsExpected > figures.rows, rate > 0 {
            parts.append("\(Figure.seconds(Double(figures.rowsExpected - figures.rows) / rate)) left")
        }
        return parts.joined(separator: "  ")
    }
}
