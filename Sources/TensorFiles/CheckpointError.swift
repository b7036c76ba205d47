import Base
import Foundation

/// What is wrong with a saved file, where, and what to do about it.
public struct CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kinds of trouble that saved files make.
  public enum Problem: String, Sendable {
    /// A file or folder is not there.
    case missing
    /// A file or folder is there but cannot be read.
    case unreadable
    /// A file or folder cannot be written.
    case unwritable
    /// A file ends before it should.
    case truncated
    /// A file breaks the rules of its format or fails its checksum.
    case damaged
    /// A feature of a format that is not read here.
    case unsupported
    /// What is saved does not fit what it is loaded into.
    case mismatch
  }

  /// The kind of trouble.
  public let problem: Problem
  /// The file or folder.
  public let path: String
  /// The tensor, where the trouble is with one.
  public let tensor: String?
  /// What was found, and what would have been right.
  public let message: String
  /// What to do about it.
  public let remedy: String
  /// The system's `errno`, where a file could not be written.
  package let systemError: Int32?

  /// Describes one fault.
  public init(
    _ problem: Problem, path: String, tensor: String? = nil, _ message: String, remedy: String
  ) {
    self.init(problem, path: path, tensor: tensor, message, remedy: remedy, systemError: nil)
  }

  package init(
    _ problem: Problem, path: String, tensor: String? = nil, _ message: String, remedy: String,
    systemError: Int32?
  ) {
    self.problem = problem
    self.path = path
    self.tensor = tensor
    self.message = message
    self.remedy = remedy
    self.systemError = systemError
  }

  /// `model.safetensors, tensor fc1.weight: it overlaps fc1.bias. Remedy`
  public var description: String {
    "\(path)\(tensor.map { ", tensor \($0)" } ?? ""): \(message). \(remedy)"
  }

  package static let copyAgain = "Download or copy the file again, or use an earlier checkpoint"
}

/// Says on standard error that a part of a file is left out, and why.
@usableFromInline
package func sayLeftOut(_ error: CheckpointError) {
  StandardStream.error.print("\(error). It is left out")
}

extension CheckpointError: SystemError {}
