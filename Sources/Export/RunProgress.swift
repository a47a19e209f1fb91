import Synchronization

/// How far a run is: written by the workers once a batch, read by whoever shows it.
public final class RunProgress: Sendable {
    /// The figures.
    public struct Figures: Sendable {
        /// Rows read.
        public var rows: Int64 = 0
        /// COPY bytes read.
        public var bytesRead: Int64 = 0
        /// Bytes written to the destination.
        public var bytesWritten: Int64 = 0
        /// Units finished.
        public var units = 0
        /// Units in the plan.
        public var unitsPlanned = 0
        /// Rows that the plan expects.
        public var rowsExpected: Int64 = 0
        /// Table bytes in the plan.
        public var bytesPlanned: Int64 = 0
        /// Table bytes of the units finished.
        public var bytesDone: Int64 = 0
    }
    private let state = Mutex(Figures())

    /// Begins at nothing.
    public init() {}

    /// The figures now.
    public var figures: Figures { state.withLock { $0 } }

    /// Changes the figures.
    func update(_ change: (inout Figures) -> Void) { state.withLock { change(&$0) } }
}
