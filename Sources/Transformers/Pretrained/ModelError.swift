/// What is wrong with a model's folder or configuration, where, and what to do about it.
public struct ModelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of trouble that pretrained models make.
  public enum Problem: String, Sendable {
    /// A file or folder is not there.
    case missing
    /// A file breaks the rules of its format.
    case damaged
    /// A configuration asks for something that is not there.
    case unsupported
    /// Weights do not fit the model that the configuration describes.
    case mismatch
  }

  /// The kind of trouble.
  public let problem: Problem
  /// The file or folder.
  public let path: String
  /// The configuration's field, where the trouble is with one.
  public let field: String?
  /// What was found, and what would have been right.
  public let message: String
  /// What to do about it.
  public let remedy: String

  /// Describes one fault.
  public init(
    _ problem: Problem, path: String, field: String? = nil, _ message: String, remedy: String
  ) {
    self.problem = problem
    self.path = path
    self.field = field
    self.message = message
    self.remedy = remedy
  }

  /// `config.json, hidden_act: no activation is called “swish2”. Remedy`
  public var description: String {
    "\(path)\(field.map { ", \($0)" } ?? ""): \(message). \(remedy)"
  }
}
