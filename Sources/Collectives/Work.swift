import CCollectives
import Synchronization

/// An operation under way.
///
/// Dropping it is legal: the operation goes on, and its buffers must stay alive until it is done. One
/// that was dropped and does not finish within its group's `timeout` fails by itself, a collective with
/// its group; a dropped send waits for its receiver however long that takes. One that is held has the
/// deadline of whoever waits for it.
/// Collectives of one group are carried out in the order in which they were issued; messages are
/// independent of them.
public final class Work: @unchecked Sendable {
  // Everything below is written before the work is handed to the engine or while the engine's
  // progress lock is held; the result is written before `done` is released.
  enum Task {
    case collective(torus_collective)
    case message(buffer: UnsafeMutableRawPointer, bytes: Int, peer: Int, tag: Int)
  }

  let group: ProcessGroup
  let task: Task
  let operation: CollectiveOperation
  /// Arrays that the C side borrows, and whatever else must live as long.
  let counts: UnsafeMutablePointer<UInt64>?
  var keepAlive: Any?
  /// What remains to be done with a good result before anybody sees it.
  var conclusion: (() -> Void)?
  var message: OpaquePointer?
  var sequence: UInt64 = 0
  /// Its number among what the flight recorder lists as not begun; 0 where it is not there.
  var scheduled: UInt64 = 0
  /// When it was issued and begun, where somebody observes; else 0.
  var issued: UInt64 = 0, started: UInt64 = 0
  /// When it was first seen to be left to itself.
  private var dropped: UInt64 = 0
  private var error: CollectiveError?
  private var received: (source: Int, bytes: Int) = (-1, 0)
  private var observers: [@Sendable (CollectiveError?) -> Void] = []
  private let done = Atomic<Bool>(false)

  init(
    group: ProcessGroup, task: Task, operation: CollectiveOperation,
    counts: UnsafeMutablePointer<UInt64>? = nil, keepAlive: Any? = nil
  ) {
    self.group = group
    self.task = task
    self.operation = operation
    self.counts = counts
    self.keepAlive = keepAlive
  }

  deinit { counts?.deallocate() }

  /// Whether the operation has finished, well or badly. Helps it along; does not block.
  public var isCompleted: Bool {
    if isDone { return true }
    group.engine.help()
    return isDone
  }

  /// Blocks until the operation is done. The calling thread drives it while it waits.
  ///
  /// - Parameter timeout: How long to wait; the group's `timeout` where nil. When it passes, the
  ///   group is unusable and the error says who is missing.
  /// - Throws: What went wrong.
  public func wait(timeout: Duration? = nil) throws(CollectiveError) {
    if !isDone { group.engine.wait(for: self, timeout: timeout ?? group.options.timeout) }
    if let error { throw error }
  }

  /// The sender of a received message, once done.
  public var source: Int? { isDone && received.source >= 0 ? received.source : nil }

  /// Calls `body` when the operation is done, on the thread that notices it; at once where it is
  /// already. `body` must be short and must not wait for another operation.
  public func onCompletion(_ body: @escaping @Sendable (CollectiveError?) -> Void) {
    let late = group.engine.locked { () -> Bool in
      if isDone { return true }
      observers.append(body)
      return false
    }
    if late { body(error) }
  }

  var isDone: Bool { done.load(ordering: .acquiring) }

  /// Whether beginning it takes no time worth a thread.
  var isBrief: Bool { operation.count <= 8 << 10 / operation.type.size }

  /// Whether nobody has held it, as far as was seen, for longer than the limit. Under the progress lock.
  func isExpired(isHeld: Bool, now: UInt64, limit: UInt64) -> Bool {
    if isHeld { dropped = 0 } else if dropped == 0 { dropped = now }
    return !isHeld && now &- dropped > limit
  }

  /// What must live as long as the operation, with what its observers hold.
  var lent: Any { (keepAlive, observers) }

  /// Called once, under the progress lock or before the work is shared.
  func finish(_ error: CollectiveError?, source: Int = -1, bytes: Int = 0) {
    self.error = error
    received = (source, bytes)
    if issued > 0 { group.engine.report(self, error) }
    if error == nil { conclusion?() }
    conclusion = nil
    keepAlive = nil
    let told = observers
    observers = []
    done.store(true, ordering: .releasing)
    for body in told { body(error) }
  }
}
