/// What loading a model's weights found (`output_loading_info`).
public struct LoadReport: Equatable, Sendable {
  /// Parameters that no file holds: they were newly initialised.
  public var missing: [String] = []
  /// Tensors of the files that the model does not hold: they were not used.
  public var unexpected: [String] = []
  /// Tensors whose shapes differ from the model's: name, the model's shape, the file's. They were
  /// newly initialised, which `ignoreMismatchedSizes` allows.
  public var mismatched: [Mismatch] = []

  /// A tensor of another shape than the model's.
  public struct Mismatch: Equatable, Sendable {
    /// The parameter.
    public var name: String
    /// The model's shape.
    public var expected: [Int]
    /// The file's shape.
    public var found: [Int]
  }

  /// Whether everything fitted.
  public var isClean: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }
}

extension LoadReport: CustomStringConvertible {
  /// A line for each kind of news; empty where everything fitted.
  public var description: String {
    var lines: [String] = []
    if !missing.isEmpty {
      lines.append(
        "newly initialised, so train before use: \(missing.joined(separator: ", "))")
    }
    if !unexpected.isEmpty { lines.append("not used: \(unexpected.joined(separator: ", "))") }
    for entry in mismatched {
      lines.append(
        "newly initialised, since the file's \(entry.found) is not \(entry.expected): \(entry.name)"
      )
    }
    return lines.joined(separator: "\n")
  }
}
