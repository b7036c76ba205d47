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

  /// Whether what falls back to eager computation looks for the user's call that caused it, which takes
  /// seconds in a large program.
  nonisolated(unsafe) package static var placesFallbacks = true

  /// The rooms that a user calls and did not write.
  static let rooms = [
    "Tensors", "NN", "Optimizers", "Models", "Datasets", "Checkpoints", "DataParallel", "Training",
    "Fit", "TextTasks", "Metrics", "Reports", "Collectives", "Transformers", "FineTuning",
  ]

  /// A failure's line with the layer that computes. A model that cannot be searched fails as well: the line is then
  /// that of the failure before.
  static func placed(_ line: String) -> String {
    let thread = Thread.current.threadDictionary
    let key = "torus.failure"
    if let first = thread[key] as? String { return first }
    thread[key] = line
    defer { thread[key] = nil }
    return line + (ModulePlace.take().map { " (layer \($0))" } ?? "")
  }

  /// Whether failures look for calls, which takes a moment: unless `SWIFT_BACKTRACE` says `enable=no`.
  static var places: Bool {
    let wish = ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] ?? ""
    return !wish.split(separator: ",").contains("enable=no")
  }

  /// The user's own calls that led here, one a line; empty where none are looked for, or the program keeps no line
  /// numbers.
  static func calls() -> String {
    guard places else { return "" }
    return Origin().places(outside: rooms).map { "\n  in \($0)" }.joined()
  }
}

/// Prints `[rank r] operation: message (layer path: type)` and the user's innermost calls with their files and
/// lines to standard error, and ends the process with SIGABRT. The layer is the one that computes within the model
/// that was called.
///
/// Under `mpirun` an aborted rank ends the whole job, so that no other rank is left waiting.
/// - Parameters:
///   - operation: The operator or method that refused its arguments.
///   - message: What was wrong, with the shapes, dtypes or indices, and what would be right.
public func fail(_ operation: some StringProtocol, _ message: @autoclosure () -> String) -> Never {
  fflush(nil)
  StandardStream.error.print(Failure.placed("\(Failure.prefix)\(operation): \(message())"))
  // Behind the message, since it takes a moment to find the lines.
  let calls = Failure.calls()
  if !calls.isEmpty { StandardStream.error.print("\(calls.dropFirst())") }
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
