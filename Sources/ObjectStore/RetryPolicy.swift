import Glibc

/// How often and how long a store is asked again.
public struct RetryPolicy: Sendable {
    /// The most attempts, at least 1.
    public var attempts: Int
    /// The seconds after which no attempt is begun any more.
    public var totalTime: Double
    /// The longest wait after the first failure, in seconds; it doubles with each further one. The wait itself is random,
    /// from nothing to that ("full jitter"), so that many workers do not come back all at once.
    public var firstDelay: Double
    /// What no wait passes, in seconds.
    public var longestDelay: Double
    /// Called before each wait, with the error and the seconds: for a log.
    public var onRetry: (@Sendable (StoreError, Double) -> Void)?
    /// Asked before each attempt but the first and during waits: whether to give up now.
    public var shouldStop: (@Sendable () -> Bool)?

    /// Makes a policy.
    public init(
        attempts: Int = 10, totalTime: Double = 120, firstDelay: Double = 0.2, longestDelay: Double = 20,
        onRetry: (@Sendable (StoreError, Double) -> Void)? = nil, shouldStop: (@Sendable () -> Bool)? = nil
    ) {
        self.attempts = attempts
        self.totalTime = totalTime
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.onRetry = onRetry
        self.shouldStop = shouldStop
    }

    /// Does something until it works, or fails for good.
    ///
    /// - Throws: the last error, with the number of attempts in it.
    func run<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        let start = Self.now()
        var attempt = 1
        while true {
            do throws(StoreError) {
                return try body()
            } catch {
                var error = error
                error.attempts = attempt
                guard error.isTransient, attempt < attempts,
                    let delay = delay(after: attempt, error, left: totalTime - (Self.now() - start))
                else { throw error }
                onRetry?(error, delay)
                guard sleep(delay) else { throw error }
                attempt += 1
            }
        }
    }

    /// The seconds to wait; nil if no time is left for another attempt.
    ///
    /// - Parameter random: a number from 0 to 1.
    func delay(after attempt: Int, _ error: StoreError, left: Double, random: Double = .random(in: 0...1)) -> Double? {
        var longest = min(firstDelay, longestDelay)
        for _ in 1..<attempt where longest < longestDelay { longest = min(2 * longest, longestDelay) }
        let delay = max(longest * random, error.retryAfter ?? 0)
        return delay < left ? delay : nil
    }

    /// - Returns: false if it is time to stop.
    private func sleep(_ seconds: Double) -> Bool {
        let end = Self.now() + seconds
        while true {
            if let shouldStop, shouldStop() { return false }
            let left = end - Self.now()
            if left <= 0 { return true }
            usleep(UInt32(min(left, 0.1) * 1e6))
        }
    }

    /// Seconds of a clock that nobody sets.
    private static func now() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
