/// PyTorch's type promotion (`torch.result_type`): tensors with dimensions decide before scalar
/// tensors, and those before Swift numbers; a later group counts only where its kind (bool,
/// integer, float) is higher.
enum Promotion {
  static func resultType(_ a: Tensor, _ b: Tensor) -> DType {
    if a.dtype == b.dtype { return a.dtype }
    switch (a.rank == 0, b.rank == 0) {
    case (false, true): return combine(a.dtype, b.dtype)
    case (true, false): return combine(b.dtype, a.dtype)
    default: return a.dtype.promoted(with: b.dtype)
    }
  }

  static func resultType(_ a: Tensor, _ b: Scalar) -> DType { combine(a.dtype, b.dtype) }

  static func resultType(_ tensors: [Tensor]) -> DType {
    var dimensioned: DType?
    var scalar: DType?
    for tensor in tensors {
      if tensor.rank == 0 {
        scalar = scalar?.promoted(with: tensor.dtype) ?? tensor.dtype
      } else {
        dimensioned = dimensioned?.promoted(with: tensor.dtype) ?? tensor.dtype
      }
    }
    guard let dimensioned else { return scalar ?? .float32 }
    guard let scalar else { return dimensioned }
    return combine(dimensioned, scalar)
  }

  private static func combine(_ higher: DType, _ lower: DType) -> DType {
    if higher.isFloatingPoint { return higher }
    if higher == .bool || lower.isFloatingPoint { return higher.promoted(with: lower) }
    return higher
  }
}

extension Tensor {
  /// The dtype that an operation on both would have (`torch.result_type`).
  public static func resultType(_ a: Tensor, _ b: Tensor) -> DType { Promotion.resultType(a, b) }
}
