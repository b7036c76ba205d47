/// Comparisons: bool tensors outside the graph.
extension Tensor {
  /// Whether elements are equal (`torch.eq`).
  public func eq(_ other: some Operand) -> Tensor { compare("eq", .eq, other) }
  /// Whether elements differ (`torch.ne`).
  public func ne(_ other: some Operand) -> Tensor { compare("ne", .ne, other) }
  /// Whether elements are less than the other's (`torch.lt`).
  public func lt(_ other: some Operand) -> Tensor { compare("lt", .lt, other) }
  /// Whether elements are at most the other's (`torch.le`).
  public func le(_ other: some Operand) -> Tensor { compare("le", .le, other) }
  /// Whether elements are greater than the other's (`torch.gt`).
  public func gt(_ other: some Operand) -> Tensor { compare("gt", .gt, other) }
  /// Whether elements are at least the other's (`torch.ge`).
  public func ge(_ other: some Operand) -> Tensor { compare("ge", .ge, other) }

  /// Whether both elements are non-zero.
  public func logicalAnd(_ other: some Operand) -> Tensor {
    compare("logical_and", .logicalAnd, other)
  }
  /// Whether at least one element is non-zero.
  public func logicalOr(_ other: some Operand) -> Tensor {
    compare("logical_or", .logicalOr, other)
  }
  /// Whether just one element is non-zero.
  public func logicalXor(_ other: some Operand) -> Tensor {
    compare("logical_xor", .logicalXor, other)
  }
  /// Whether elements are zero.
  public func logicalNot() -> Tensor { predicate("logical_not", .logicalNot) }
  /// Whether elements are NaN.
  public func isNaN() -> Tensor { predicate("isnan", .isNan) }
  /// Whether elements are +∞ or -∞.
  public func isInf() -> Tensor { predicate("isinf", .isInf) }
  /// Whether elements are neither infinite nor NaN.
  public func isFinite() -> Tensor { predicate("isfinite", .isFinite) }
  /// Whether elements are +∞.
  public func isPosInf() -> Tensor { predicate("isposinf", .isPosInf) }
  /// Whether elements are -∞.
  public func isNegInf() -> Tensor { predicate("isneginf", .isNegInf) }
  /// Whether the sign bit is set: negative numbers and -0.
  public func signbit() -> Tensor { predicate("signbit", .signbit) }

  private func compare(
    _ name: String, _ op: CompareKernel, _ other: some Operand
  ) -> Tensor {
    let other = other.operand(beside: self)
    let dtype = Promotion.resultType(self, other)
    return Tensor.record(Comparison(name: name, kernel: op), [to(dtype), other.to(dtype)])
  }

  private func predicate(_ name: String, _ op: PredicateKernel) -> Tensor {
    Tensor.record(Predicate(name: name, kernel: op), [self])
  }
}

/// A truth value from two tensors.
private struct Comparison: ConstantOperation, ElementwiseOperation {
  let name: String
  let kernel: CompareKernel
  var precision: PrecisionClass { .widest }
  var attributes: [String: Attribute] { [:] }
  var element: ElementKernel { .compare(kernel) }
}

/// A truth value from one tensor.
private struct Predicate: ConstantOperation, ElementwiseOperation {
  let name: String
  let kernel: PredicateKernel
  var attributes: [String: Attribute] { [:] }
  var element: ElementKernel { .predicate(kernel) }
}
