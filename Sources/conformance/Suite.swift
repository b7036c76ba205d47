/// Cases of one kind, gathered in units: operators, modules, optimizers, files.
protocol Suite {
  /// The units' names, in the order in which they run and are reported.
  var units: [String] { get }

  /// The cases of a unit.
  /// - Throws: ``RunnerError`` where its file cannot be read.
  func checks(of unit: String) throws -> [Check]

  /// Whether a check has passed that the library refuses with a message.
  func refusalPasses(_ id: String) -> Bool
}

extension Suite {
  func refusalPasses(_ id: String) -> Bool { false }
}

/// One case, ready to run.
struct Check {
  /// The case's name within its unit.
  let id: String
  /// Computes and compares.
  /// - Throws: ``Unsupported`` where the library lacks what the case asks for, ``Mismatch`` where it
  ///   answers differently.
  let run: () throws -> Void
}

/// The runner or the library does not know an operator or a form of its arguments: the case is
/// skipped, never passed.
struct Unsupported: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The library's answer differs from the expected one.
struct Mismatch: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// How a case ended.
enum Outcome: String {
  case passed, failed, skipped
}
