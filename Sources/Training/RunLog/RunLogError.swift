import Foundation

/// A run directory or metrics file that cannot be written.
public enum RunLogError: Error, Equatable, CustomStringConvertible {
  /// The run directory cannot be made or written.
  case unwritableDirectory(String, errno: Int32)
  /// The metrics file cannot be opened, read back or replaced.
  case cannotOpen(String, errno: Int32)
  /// A line could not be written; the file ends with the line before it.
  case cannotWrite(String, errno: Int32)

  /// What failed, why, and what to do.
  public var description: String {
    switch self {
    case .unwritableDirectory(let path, let code):
      "the run directory \(path) cannot be written: \(Self.reason(code));"
        + " choose another with --run-dir"
    case .cannotOpen(let path, let code):
      "\(path) cannot be opened for writing: \(Self.reason(code));"
        + " choose another folder with --run-dir"
    case .cannotWrite(let path, let code):
      "writing to \(path) failed: \(Self.reason(code))"
        + (code == ENOSPC || code == EDQUOT
          ? "; free some space and go on with --resume" : "; go on elsewhere with --run-dir")
    }
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
