import Base
import Foundation

/// Where a programmer's error (a shape, a dtype, an index) ends the process.
///
/// `precondition` prints nothing in release builds, and under `mpirun` a message without its rank
/// cannot be placed, so every such error goes through ``fail(_:_:)``.
public enum Failure {
  /// What stands before a failure's message: `[rank 2] ` in a distributed run, empty otherwise.
  ///
  /// Written once, when the process learns its rank and before it starts threads.
  nonisolated(unsafe) public static var prefix = ""

  /// Whether a handler of SIGABRT adds what else is known, such as step and phase; written as `prefix`.
  nonisolated(unsafe) public static var handlesAbort = false
}

/// Prints `[rank r] operation: message` to standard error and ends the process with SIGABRT.
///
/// Under `mpirun` an aborted rank ends the whole job, so that no other rank is left waiting.
/// - Parameters:
///   - operation: The operator or method that refused its arguments.
///   - message: What was wrong, with the shapes, dtypes or indices, and what would be right.
public func fail(_ operation: some StringProtocol, _ message: @autoclosure () -> String) -> Never {
  fflush(nil)
  StandardStream.error.print("\(Failure.prefix)\(operation): \(message())")
  // The message says what is wrong; a dump of registers behind it would only bury it.
  if !Failure.handlesAbort { signal(SIGABRT, SIG_DFL) }
  abort()
}

/// Stops through ``fail(_:_:)`` unless the condition holds.
@inlinable
public func require(
  _ condition: Bool, _ operation: @autoclosure () -> String, _ message: @autoclosure () -> String
) {
  if _fastPath(condition) { return }
  fail(operation(), message())
}
