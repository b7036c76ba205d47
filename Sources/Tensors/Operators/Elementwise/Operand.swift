/// What may stand on the right of an elementwise operator: a tensor, or a Swift number.
public protocol Operand {
  /// This operand as a tensor beside another one; a number becomes a scalar tensor of the dtype that
  /// promotion gives it there.
  func operand(beside tensor: Tensor) -> Tensor
}

extension Tensor: Operand {
  /// Itself.
  public func operand(beside tensor: Tensor) -> Tensor { self }
}

extension ScalarConvertible {
  /// The number as a scalar tensor that leaves the other's dtype alone where its kind allows.
  public func operand(beside tensor: Tensor) -> Tensor {
    Tensor.full([], scalar, dtype: Promotion.resultType(tensor, scalar))
  }
}
