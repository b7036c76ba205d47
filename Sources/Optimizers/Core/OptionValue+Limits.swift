import Base

extension OptionValue {
  /// The largest whole number in saved state: what doubles hold exactly. Counting on from there does
  /// not overflow.
  static let largestCount = 1 << 53

  /// Refuses whole numbers beyond ``largestCount``, wherever they stand.
  /// - Throws: ``OptimizerStateError`` that names the entry.
  func requireModest(_ path: String) throws(OptimizerStateError) {
    switch self {
    case .int(let value) where value < -Self.largestCount || value > Self.largestCount:
      throw .malformed(path: path, expected: "a whole number of at most 2^53, not \(value)")
    case .list(let values):
      for (index, value) in values.enumerated() { try value.requireModest("\(path).\(index)") }
    case .object(let values):
      for (name, value) in values.inKeyOrder {
        try value.requireModest("\(path).\(name)")
      }
    default: break
    }
  }
}
