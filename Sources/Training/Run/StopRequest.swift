import Foundation
import Synchronization

/// A request to stop, made by signal: TERM and INT from a person or a batch system, USR1 from the
/// launcher, which turns the first two into it because mpirun would end the workers within a second.
///
/// The handler only notes the signal; the training loop asks once a step, an evaluation before each batch, and all
/// ranks stop at the same one. A second signal of the kind ends the process at once.
package enum StopRequest {
  private static let received = Atomic<Int32>(0)

  private static let speaks = Atomic<Bool>(false)
  private static let words: StaticString =
    "\nddp-train: saves a checkpoint and stops when this step is done; a second signal ends it at once\n"

  /// Notes these signals from now on.
  /// - Parameter speaks: Whether this process says so when a person's signal comes.
  package static func install(speaks: Bool) {
    Self.speaks.store(speaks, ordering: .relaxed)
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
        } else if number != SIGUSR1, StopRequest.speaks.load(ordering: .relaxed) {
          _ = write(STDERR_FILENO, StopRequest.words.utf8Start, StopRequest.words.utf8CodeUnitCount)
        }
      }
    }
  }

  /// Whether the process is to end soon even if it does not do so by itself.
  package static var endsSoon: Bool {
    [SIGTERM, SIGINT].contains(received.load(ordering: .relaxed))
  }

  /// The exit code of a run that saved a checkpoint and stopped: 130 after a person's Ctrl-C, as shells
  /// expect of SIGINT, and 143 otherwise.
  package static var exitCode: Int32 { received.load(ordering: .relaxed) == SIGINT ? 130 : 143 }

  /// Whether a signal came.
  package static var isPending: Bool { received.load(ordering: .relaxed) != 0 }
}
