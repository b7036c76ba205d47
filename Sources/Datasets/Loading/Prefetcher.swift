import Foundation

/// Reads batches of records on a thread of its own, a bounded number ahead of whoever takes them.
///
/// When the last reference goes, the thread stops after the batch that it is reading.
final class Prefetcher<Element: Sendable>: Sendable {
  private let queue: Queue

  /// Starts reading.
  /// - Parameters:
  ///   - steps: Which batches, in order.
  ///   - capacity: How many may be waiting.
  ///   - read: Reads one batch; called on the background thread.
  init(
    steps: Range<Int>, capacity: Int, read: @escaping @Sendable (_ step: Int) throws -> [Element]
  ) {
    let queue = Queue(capacity: capacity)
    self.queue = queue
    // The thread holds the queue, not the prefetcher: otherwise neither would ever be released.
    let thread = Thread {
      for step in steps {
        let result = Result { try read(step) }
        guard queue.put(result) else { return }
        if case .failure = result { return }
      }
    }
    thread.name = "torus-prefetch"
    thread.start()
  }

  deinit { queue.close() }

  /// The next batch in order; waits until it has been read.
  /// - Throws: What reading it threw.
  func next() throws -> [Element] { try queue.take().get() }

  /// Results in order, guarded by a condition.
  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    /// Both are touched only while `condition` is locked.
    private var waiting: [Result<[Element], any Error>] = []
    private var isClosed = false

    init(capacity: Int) { self.capacity = capacity }

    /// Appends a result once there is room; false where nobody will take it.
    func put(_ result: Result<[Element], any Error>) -> Bool {
      condition.lock()
      defer { condition.unlock() }
      while waiting.count >= capacity && !isClosed { condition.wait() }
      if isClosed { return false }
      waiting.append(result)
      condition.signal()
      return true
    }

    func take() -> Result<[Element], any Error> {
      condition.lock()
      defer { condition.unlock() }
      while waiting.isEmpty { condition.wait() }
      condition.signal()
      return waiting.removeFirst()
    }

    func close() {
      condition.lock()
      defer { condition.unlock() }
      isClosed = true
      condition.broadcast()
    }
  }
}
