/// Choosing between tensors.
extension Tensor {
  /// `a` where the condition holds, else `b`; all broadcast (`torch.where`).
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let dtype = Promotion.resultType(a, b)
    let condition = condition.dtype == .bool ? condition : condition.ne(0)
    return Tensor.record(Choice(), [condition, a.to(dtype), b.to(dtype)])
  }

  /// `a` where the condition holds, else a number (`torch.where`).
  public static func `where`(
    _ condition: Tensor, _ a: Tensor, _ b: some ScalarConvertible
  ) -> Tensor {
    Tensor.where(condition, a, b.operand(beside: a))
  }

  /// A number where the condition holds, else `b` (`torch.where`).
  public static func `where`(
    _ condition: Tensor, _ a: some ScalarConvertible, _ b: Tensor
  ) -> Tensor {
    Tensor.where(condition, a.operand(beside: b), b)
  }

  /// One number where the condition holds, else another (`torch.where`): `float32`, `int64` or
  /// `bool`, as the numbers are.
  public static func `where`(
    _ condition: Tensor, _ a: some ScalarConvertible, _ b: some ScalarConvertible
  ) -> Tensor {
    Tensor.where(condition, Tensor(a), Tensor(b))
  }

  /// A value where the mask holds, the element elsewhere (`masked_fill`). The value, a number or a
  /// scalar tensor, takes this tensor's dtype; a mask with more dimensions broadcasts it.
  public func maskedFill(_ mask: Tensor, _ value: some Operand) -> Tensor {
    require(mask.dtype == .bool, "maskedFill", "the mask must be bool, not \(mask.dtype)")
    let value = value.operand(beside: self)
    require(
      value.rank == 0, "maskedFill", "the value must be a number or a scalar tensor: \(value.shape)"
    )
    require(
      dtype.promoted(with: value.dtype).isFloatingPoint == dtype.isFloatingPoint, "maskedFill",
      "a \(value.dtype) does not go into a \(dtype) tensor")
    return Tensor.where(mask, value.to(dtype), self)
  }
}

/// The same for real numbers by name, whose type Swift would not find out: `-.infinity`, `.nan`, `.pi`. Those
/// that are tensors as well stand as tensors where one may.
extension Tensor {
  /// `a` where the condition holds, else a number (`torch.where`).
  @_disfavoredOverload
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Double) -> Tensor {
    Tensor.where(condition, a, b.operand(beside: a))
  }

  /// A number where the condition holds, else `b` (`torch.where`).
  @_disfavoredOverload
  public static func `where`(_ condition: Tensor, _ a: Double, _ b: Tensor) -> Tensor {
    Tensor.where(condition, a.operand(beside: b), b)
  }

  /// A number where the mask holds, the element elsewhere (`masked_fill`).
  public func maskedFill(_ mask: Tensor, _ value: Double) -> Tensor {
    maskedFill(mask, Scalar.double(value))
  }
}

/// a where a condition holds, else b: operands are the condition, a and b.
private struct Choice: TensorOperation, ElementwiseOperation {
  var precision: PrecisionClass { .widest }
  var name: String { "where" }
  var saving: Saving { .input(0) }

  var element: ElementKernel { .select }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let condition = node.input(0)
    let zero = Tensor.full([], 0.0, dtype: g.dtype)
    return [
      nil,
      node.needsGradient(1) ? Tensor.where(condition, g, zero) : nil,
      node.needsGradient(2) ? Tensor.where(condition, zero, g) : nil,
    ]
  }
}
