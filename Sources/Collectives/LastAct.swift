import CCollectives
import Foundation
import Synchronization

/// What a process does last when it fails, once it has said so.
///
/// It happens on a thread of its own for which the end waits a few seconds at most, so that neither a
/// lock nor a file system that hangs keeps the job from ending. It must call no collective: the other
/// ranks may be anywhere.
package enum LastAct {
  private static let act = Mutex<(@Sendable (String) -> Void)?>(nil)
  /// Seconds for which the end waits.
  private static let patience = 3.0

  /// Sets what is to be done, given why the process ends; nil for nothing.
  package static func set(_ body: (@Sendable (String) -> Void)?) {
    act.withLock { $0 = body }
    torus_fatal_watched(body == nil ? 0 : 1)
  }

  /// Whether a fatal signal or a stray exit waits for ``endGoesOn()``. To be asked every few
  /// milliseconds by whoever has set an act, since a signal's handler can do little itself.
  package static var isDue: Bool { torus_fatal_is_ending() != 0 }

  /// Lets the end go on after ``isDue``.
  package static func endGoesOn() { torus_fatal_go_on() }

  /// Does it, unless it was done before.
  package static func perform(_ reason: String) {
    let body = act.withLock { act in
      defer { act = nil }
      return act
    }
    guard let body else { return }
    let isDone = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      body(reason)
      isDone.signal()
    }
    _ = isDone.wait(timeout: .now() + patience)
  }
}
