import Foundation
import Synchronization

/// A request to stop, made by signal: TERM and INT from a person or a batch system, USR1 from the
/// launcher, which turns the first two into it because mpirun would end the workers within a second.
///
/// The handler only notes the signal; the training loop asks once a step, and all ranks stop at the
/// same step. A second signal of the kind ends the process at once.
package enum StopRequest {
  private static let received = Atomic<Int32>(0)

  /// Notes these signals from now on.
  package static func install() {
    var wanted = sigset_t()
    sigemptyset(&wanted)
    // Whoever started this program may have blocked them.
    defer { pthread_sigmask(SIG_UNBLOCK, &wanted, nil) }
    for number in [SIGTERM, SIGINT, SIGUSR1] {
      sigaddset(&wanted, number)
      signal(number) { number in
        if StopRequest.received.exchange(number, ordering: .relaxed) != 0, number != SIGUSR1 {
          signal(number, SIG_DFL)
          raise(number)
        }
      }
    }
  }

  /// Whether the process is to end soon even if it does not do so by itself.
  package static var endsSoon: Bool {
    [SIGTERM, SIGINT].contains(received.load(ordering: .relaxed))
  }

  /// Whether a signal came.
  package static var isPending: Bool { received.load(ordering: .relaxed) != 0 }
}
