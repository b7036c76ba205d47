import Foundation
import Tensors

/// Threads that make the batches of consecutive steps, a bounded number ahead of whoever takes them.
///
/// Each thread makes whole batches, and they are taken in the order of their steps. When the last
/// reference goes, the threads stop after the records that they are reading.
///
/// What a thread makes is nobody else's until it is taken, so it may be anything, tensors included: it
/// comes from a function that shares nothing but `Sendable` values with other threads.
final class BatchWorkers<Output>: Sendable {
  private let queue: Queue

  /// What one thread makes batches with: it is asked between records whether it is still wanted.
  typealias Read = (_ step: Int, _ isStopped: () -> Bool) throws -> Output

  /// Starts the threads.
  /// - Parameters:
  ///   - steps: Which batches, in order.
  ///   - workers: The number of threads.
  ///   - capacity: How many batches may be made and not taken, those being made among them.
  ///   - timeout: How long ``next()`` waits for a batch; nil for as long as it takes.
  ///   - makeRead: Called on each thread once, for what only that thread uses.
  init(
    steps: Range<Int>, workers: Int, capacity: Int, timeout: Duration? = nil,
    makeRead: @escaping @Sendable () -> Read
  ) {
    let queue = Queue(steps: steps, capacity: capacity, timeout: timeout)
    self.queue = queue
    let recordsGradients = isGradEnabled
    for number in 0..<min(workers, steps.count) {
      // A thread holds the queue, not this object: otherwise neither would ever be released.
      let thread = Thread {
        withGradient(enabled: recordsGradients) {
          let read = makeRead()
          while let step = queue.claim() {
            let result = Result { try read(step) { queue.isStopped } }
            queue.put(result, at: step)
          }
        }
      }
      thread.name = "torus-data-\(number)"
      thread.start()
    }
  }

  deinit { queue.close() }

  /// The next batch in order; waits until it has been made.
  /// - Throws: What making it threw, or ``DataError`` after the timeout.
  func next() throws -> Output { try queue.take().get() }

  /// Results by step, guarded by a condition.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private let timeout: Duration?
    // All below is touched only while `condition` is locked.
    private var unclaimed: Range<Int>
    private var taken: Int
    private var finished: [Int: Result<Output, any Error>] = [:]
    private var isClosed = false

    init(steps: Range<Int>, capacity: Int, timeout: Duration?) {
      (unclaimed, taken) = (steps, steps.lowerBound)
      (self.capacity, self.timeout) = (capacity, timeout)
    }

    var isStopped: Bool { locked { isClosed } }

    /// The next step that nobody makes, once there is room for it; nil where no more is wanted.
    func claim() -> Int? {
      locked {
        while let step = unclaimed.first, !isClosed, step >= taken + capacity { condition.wait() }
        return isClosed ? nil : unclaimed.popFirst()
      }
    }

    func put(_ result: Result<Output, any Error>, at step: Int) {
      locked {
        // Nobody takes a step behind one that failed.
        if case .failure = result { unclaimed = unclaimed.upperBound..<unclaimed.upperBound }
        if !isClosed { finished[step] = result }
        condition.broadcast()
      }
    }

    func take() throws -> Result<Output, any Error> {
      let deadline = timeout.map { Date(timeIntervalSinceNow: $0 / .seconds(1)) }
      return try locked {
        while true {
          if let result = finished.removeValue(forKey: taken) {
            taken += 1
            condition.broadcast()
            return result
          }
          if let deadline {
            guard condition.wait(until: deadline) || finished[taken] != nil else {
              throw DataError(
                .unreadable, path: "", at: "batch \(taken)",
                "it was not read within \(timeout ?? .zero)",
                remedy: "Look at what its records read, or allow more time")
            }
          } else {
            condition.wait()
          }
        }
      }
    }

    func close() {
      locked {
        isClosed = true
        finished = [:]
        condition.broadcast()
      }
    }

    private func locked<R>(_ body: () throws -> R) rethrows -> R {
      condition.lock()
      defer { condition.unlock() }
      return try body()
    }
  }
}
