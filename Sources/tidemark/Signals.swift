import Export
import Foundation

/// SIGINT and SIGTERM: the first asks the run to stop, the second ends the program at once.
enum Signals {
    /// What the run looks at.
    static let interruption = Interruption()

    /// Catches the signals from here on, on a thread that does nothing else.
    ///
    /// They are blocked in all threads that are started later, so that no system call of theirs is cut short.
    static func catchAll() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let waited = signals
        let thread = Thread {
            var signals = waited
            while true {
                var number: Int32 = 0
                guard sigwait(&signals, &number) == 0 else { continue }
                if interruption.signal != nil { _exit(128 + number) }
                Terminal.shared.print("stopping; once more to stop at once")
                interruption.stop(signal: number)
            }
        }
        thread.name = "tidemark-signals"
        thread.start()
    }
}
