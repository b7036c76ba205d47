/// What is wrong with a chat template, or with what it was given.
public struct ChatTemplateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of faults.
  public enum Kind: Sendable {
    /// The template cannot be read.
    case syntax
    /// The template called `raise_exception`.
    case raised
    /// A value was used that is not there.
    case undefined
    /// Values do not fit an operation.
    case value
    /// The template uses what this interpreter lacks.
    case unsupported
    /// The template runs too long, nests too deeply or writes too much.
    case limit
    /// The call of the tokenizer does not fit the template.
    case call
  }

  /// The kind of fault.
  public let kind: Kind
  /// What is wrong; the template's own words where it raised the error.
  public let message: String
  /// The line of the template, from 1, where it is known.
  public internal(set) var line: Int?

  init(_ kind: Kind, _ message: String, line: Int? = nil) {
    self.kind = kind
    self.message = message
    self.line = line
  }

  /// `chat template, line 3: roles must alternate`
  public var description: String {
    guard kind != .call else { return message }
    return "chat template" + (line.map { ", line \($0)" } ?? "") + ": " + message
  }

  /// The same error with a line where it had none.
  func at(_ line: Int) -> ChatTemplateError {
    var error = self
    if error.line == nil { error.line = line }
    return error
  }
}
