import Base
import Foundation

/// A run directory, metrics file or timeline that cannot be written.
public enum RunLogError: Error, Equatable, CustomStringConvertible {
  /// The run directory cannot be made or written.
  case unwritableDirectory(String, errno: Int32)
  /// Another job writes to the run directory.
  case inUse(String)
  /// The metrics file cannot be opened, read back or replaced.
  case cannotOpen(String, errno: Int32)
  /// A line could not be written; the file ends with the line before it.
  case cannotWrite(String, errno: Int32)
  /// The folder holds nothing that the workers of a failed run have left of a timeline.
  case noParts(String)
  /// Parts of a trace hold no event that is whole.
  case noEvents(String)

  /// What failed, why, and what to do.
  public var description: String {
    switch self {
    case .unwritableDirectory(let path, let code):
      "the run directory \(path) cannot be written: \(Self.reason(code));"
        + " choose another with --run-dir"
    case .inUse(let path):
      "another run is writing to \(path); wait for it or stop it, or choose another folder with --run-dir"
    case .cannotOpen(let path, let code):
      "\(path) cannot be opened for writing: \(Self.reason(code));"
        + " choose another folder with --run-dir"
    case .cannotWrite(let path, let code):
      "writing to \(path) failed: \(Self.reason(code))"
        + (code == ENOSPC || code == EDQUOT
          ? "; free some space and go on with --resume" : "; go on elsewhere with --run-dir")
    case .noEvents(let path):
      "the parts in \(path) are damaged: no event in them is whole"
    case .noParts(let path):
      "\(path) holds no rank-*.json; they are there while a run with --trace goes on, and stay when it"
        + " fails"
    }
  }

  package var systemError: Int32? {
    switch self {
    case .unwritableDirectory(_, let code), .cannotOpen(_, let code), .cannotWrite(_, let code):
      code
    case .inUse, .noParts, .noEvents: nil
    }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension RunLogError: SystemError {}
