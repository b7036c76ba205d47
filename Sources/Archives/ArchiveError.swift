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
  /// The contents are larger than is taken from compressed bytes; see ``InflationLimit``.
  case oversized(String)

  /// The message alone.
  public var description: String {
    switch self {
    case .truncated(let what): "truncated: \(what)"
    case .corrupt(let what): "corrupt: \(what)"
    case .unsupported(let what): "not supported: \(what)"
    case .oversized(let what): "too large: \(what)"
    }
  }
}

/// How much compressed bytes may become, so that a small file cannot fill the memory: deflate packs
/// zeros a thousandfold.
public enum InflationLimit {
  /// The most bytes that so many compressed ones may become: 20 times as many, or 256 MiB.
  public static func bytes(from compressed: Int) -> Int {
    let (product, overflow) = compressed.multipliedReportingOverflow(by: 20)
    return overflow ? .max : max(256 << 20, product)
  }
}
