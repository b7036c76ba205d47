import Base
import Foundation
import Synchronization

/// Tells the launcher how far a run has come, where it asks for that: from which checkpoint the run goes on,
/// the steps that are done, and those of which a checkpoint is kept.
///
/// Rank 0 tells it. It costs a write of 128 bytes to a file in memory a step.
package final class LaunchProgress: Sendable {
  private let descriptor: Int32
  private let progress: Mutex<WorkerProgress>

  /// A run that begins, or goes on from a checkpoint; nil on other ranks than 0, and where nobody asks.
  package init?(rank: Int, from found: RunCheckpoints.Found?) {
    guard rank == 0,
      let path = ProcessInfo.processInfo.environment[WorkerProgress.variable], !path.isEmpty
    else { return nil }
    descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let memory = ProcessInfo.processInfo.environment[MemoryCheckpoints.variable] ?? ""
    let isInMemory = !memory.isEmpty && found?.path.hasPrefix("\(memory)/") == true
    progress = Mutex(
      WorkerProgress(
        begin: found?.state.step ?? 0, source: found == nil ? .start : isInMemory ? .memory : .disk)
    )
    progress.withLock { write($0) }
  }

  deinit { close(descriptor) }

  /// A step is done.
  package func reached(step: Int) { tell { $0.step = max($0.step, step) } }

  /// A checkpoint of a step is complete. From any thread.
  package func saved(step: Int) {
    tell {
      $0.step = max($0.step, step)
      $0.saved = max($0.saved ?? 0, step)
    }
  }

  private func tell(_ change: (inout WorkerProgress) -> Void) {
    progress.withLock {
      change(&$0)
      write($0)
    }
  }

  private func write(_ progress: WorkerProgress) {
    progress.contents.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }
}
