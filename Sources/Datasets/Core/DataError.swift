import Foundation

/// What is wrong with data from outside the program, where, and what to do about it.
public struct DataError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of trouble that data can make.
  public enum Problem: String, Sendable {
    /// A file or folder is not there.
    case missing
    /// A file or folder is there but cannot be read.
    case unreadable
    /// There are no records.
    case empty
    /// A file ends before it should.
    case truncated
    /// A record breaks the rules of its format.
    case malformed
    /// A label or index is outside its range.
    case outOfRange = "out of range"
    /// Files, or a plan and its data, do not fit each other.
    case mismatch
    /// A text or a set is smaller than what is asked of it.
    case tooSmall = "too small"
  }

  /// The kind of trouble.
  public let problem: Problem
  /// The file or folder; empty for data that never were a file.
  public let path: String
  /// Where in the file: `line 12`, `record 5`; nil where the whole file is meant.
  public let place: String?
  /// What was found, and what would have been right.
  public let message: String
  /// What to do about it.
  public let remedy: String

  /// Describes one fault.
  public init(
    _ problem: Problem, path: String, at place: String? = nil, _ message: String, remedy: String
  ) {
    self.problem = problem
    self.path = path
    self.place = place
    self.message = message
    self.remedy = remedy
  }

  /// `train.txt, line 12: the label 7 is out of range. Remedy`
  public var description: String {
    let location = [path, place ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
    return (location.isEmpty ? "" : "\(location): ") + "\(message). \(remedy)"
  }
}
