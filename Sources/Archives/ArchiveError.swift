/// What is wrong with compressed or archived bytes.
///
/// It knows nothing of files: callers add the path and the remedy.
public enum ArchiveError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes end before the format says they may.
  case truncated(String)
  /// The bytes break the format's rules or fail their checksum.
  case corrupt(String)
  /// A feature of the format that is not read here, by name.
  case unsupported(String)

  /// The message alone.
  public var description: String {
    switch self {
    case .truncated(let what): "truncated: \(what)"
    case .corrupt(let what): "corrupt: \(what)"
    case .unsupported(let what): "not supported: \(what)"
    }
  }
}
