import CCollectives

/// How the ranks' elements become one.
///
/// Half precision is computed in f32. On `bool`, `sum` and `maximum` are "or", `product` and
/// `minimum` "and". Minimum and maximum propagate NaN.
public enum ReduceOp: Int32, Sendable, Hashable, CaseIterable, Codable {
  /// Σ over ranks; of `bool`, "or".
  case sum = 0
  /// Sum ÷ number of ranks, for floating-point types.
  case average
  /// Π over ranks; of `bool`, "and".
  case product
  /// The smallest element; of `bool`, "and". NaN where a rank has one.
  case minimum
  /// The largest element; of `bool`, "or". NaN where a rank has one.
  case maximum
  /// Bitwise, for integers and `bool`.
  case bitAnd
  /// Bitwise, for integers and `bool`.
  case bitOr
  /// Bitwise, for integers and `bool`.
  case bitXor

  /// Whether the reduction is defined for a type: averages need floating point, bit operations
  /// integers or `bool`.
  public func supports(_ type: DType) -> Bool {
    torus_combine_supported(rawValue, type.code) != 0
  }

  /// left[i] = left[i] ∘ right[i] on this rank alone, as collectives do it. The reduction must be
  /// defined for the type, and an average is a sum.
  package func combine(
    _ left: UnsafeMutableRawPointer, with right: UnsafeRawPointer, count: Int, dtype: DType
  ) {
    torus_combine_pair(rawValue, dtype.code, left, left, right, count)
  }

  /// Short name, as in `sum`.
  public var name: String {
    switch self {
    case .sum: "sum"
    case .average: "avg"
    case .product: "product"
    case .minimum: "min"
    case .maximum: "max"
    case .bitAnd: "band"
    case .bitOr: "bor"
    case .bitXor: "bxor"
    }
  }
}
