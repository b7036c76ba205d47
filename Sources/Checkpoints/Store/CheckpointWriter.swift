import Foundation
import Synchronization
import TensorFiles

/// Saves checkpoints on a thread of its own, one at a time, so that who trains does not wait for the disk.
///
/// What is to be saved must be nobody else's: see ``NN/StateDict/lent()``. No more than one checkpoint's
/// contents are held.
package final class CheckpointWriter: Sendable {
  private struct Work {
    var isUnderWay = false
    var failure: CheckpointError?
  }

  private let store: CheckpointStore
  private let finished: @Sendable (_ step: Int) -> Void
  private let work = Mutex(Work())
  /// Signalled once for each checkpoint that was written, or could not be.
  private let ended = DispatchSemaphore(value: 0)

  /// A writer into a store.
  /// - Parameter finished: Called on the writer's thread when a checkpoint is complete.
  package init(
    _ store: CheckpointStore, finished: @escaping @Sendable (_ step: Int) -> Void = { _ in }
  ) {
    self.store = store
    self.finished = finished
  }

  /// Begins to save a checkpoint, and returns its folder. From one thread, as ``wait()`` is called.
  ///
  /// Blocks until the checkpoint before is complete.
  /// - Throws: ``CheckpointError`` where that one could not be written; nothing is begun then.
  package func save(_ contents: CheckpointContents, step: Int) throws(CheckpointError) -> String {
    try wait()
    work.withLock { $0.isUnderWay = true }
    let thread = Thread { [self] in
      do throws(CheckpointError) {
        try store.save(contents, step: step)
        finished(step)
      } catch {
        work.withLock { $0.failure = error }
      }
      ended.signal()
    }
    thread.name = "checkpoint"
    thread.start()
    return store.path(step: step)
  }

  /// Blocks until no checkpoint is being written.
  /// - Throws: ``CheckpointError`` where the last one could not be; it is told once.
  package func wait() throws(CheckpointError) {
    guard work.withLock({ $0.isUnderWay }) else { return }
    ended.wait()
    let failure = work.withLock { work in
      defer { work = Work() }
      return work.failure
    }
    if let failure { throw failure }
  }
}
