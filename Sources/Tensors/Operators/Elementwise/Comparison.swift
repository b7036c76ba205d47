import CKernels

/// Comparisons: bool tensors outside the graph.
extension Tensor {
  /// Whether elements are equal (`torch.eq`).
  public func eq(_ other: some Operand) -> Tensor { compare("eq", TORUS_EQ, other) }
  /// Whether elements differ (`torch.ne`).
  public func ne(_ other: some Operand) -> Tensor { compare("ne", TORUS_NE, other) }
  /// Whether elements are less than the other's (`torch.lt`).
  public func lt(_ other: some Operand) -> Tensor { compare("lt", TORUS_LT, other) }
  /// Whether elements are at most the other's (`torch.le`).
  public func le(_ other: some Operand) -> Tensor { compare("le", TORUS_LE, other) }
  /// Whether elements are greater than the other's (`torch.gt`).
  public func gt(_ other: some Operand) -> Tensor { compare("gt", TORUS_GT, other) }
  /// Whether elements are at least the other's (`torch.ge`).
  public func ge(_ other: some Operand) -> Tensor { compare("ge", TORUS_GE, other) }

  /// Whether both elements are non-zero.
  public func logicalAnd(_ other: some Operand) -> Tensor {
    compare("logical_and", TORUS_LOGICAL_AND, other)
  }
  /// Whether at least one element is non-zero.
  public func logicalOr(_ other: some Operand) -> Tensor {
    compare("logical_or", TORUS_LOGICAL_OR, other)
  }
  /// Whether just one element is non-zero.
  public func logicalXor(_ other: some Operand) -> Tensor {
    compare("logical_xor", TORUS_LOGICAL_XOR, other)
  }
  /// Whether elements are zero.
  public func logicalNot() -> Tensor { predicate("logical_not", TORUS_LOGICAL_NOT) }
  /// Whether elements are NaN.
  public func isNaN() -> Tensor { predicate("isnan", TORUS_IS_NAN) }
  /// Whether elements are +∞ or -∞.
  public func isInf() -> Tensor { predicate("isinf", TORUS_IS_INF) }
  /// Whether elements are neither infinite nor NaN.
  public func isFinite() -> Tensor { predicate("isfinite", TORUS_IS_FINITE) }
  /// Whether elements are +∞.
  public func isPosInf() -> Tensor { predicate("isposinf", TORUS_IS_POS_INF) }
  /// Whether elements are -∞.
  public func isNegInf() -> Tensor { predicate("isneginf", TORUS_IS_NEG_INF) }
  /// Whether the sign bit is set: negative numbers and -0.
  public func signbit() -> Tensor { predicate("signbit", TORUS_SIGNBIT) }

  private func compare(
    _ name: String, _ op: torus_compare_op, _ other: some Operand
  ) -> Tensor {
    let other = other.operand(beside: self)
    let dtype = Promotion.resultType(self, other)
    return Tensor.record(Comparison(name: name, kernel: op), [to(dtype), other.to(dtype)])
  }

  private func predicate(_ name: String, _ op: torus_predicate_op) -> Tensor {
    Tensor.record(Predicate(name: name, kernel: op), [self])
  }
}

/// A truth value from two tensors.
private struct Comparison: ConstantOperation {
  let name: String
  let kernel: torus_compare_op
  var precision: PrecisionClass { .widest }
  var attributes: [String: Attribute] { [:] }
  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.compare(name, kernel, inputs[0], inputs[1]) }
}

/// A truth value from one tensor.
private struct Predicate: ConstantOperation {
  let name: String
  let kernel: torus_predicate_op
  var attributes: [String: Attribute] { [:] }
  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.predicate(name, kernel, inputs[0]) }
}
