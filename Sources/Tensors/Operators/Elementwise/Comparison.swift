import CKernels

/// Comparisons: bool tensors outside the graph.
extension Tensor {
  /// Whether elements are equal (`torch.eq`).
  public func eq(_ other: Tensor) -> Tensor { compare("eq", TORUS_EQ, other) }
  /// Whether elements differ (`torch.ne`).
  public func ne(_ other: Tensor) -> Tensor { compare("ne", TORUS_NE, other) }
  /// Whether elements are less than the other's (`torch.lt`).
  public func lt(_ other: Tensor) -> Tensor { compare("lt", TORUS_LT, other) }
  /// Whether elements are at most the other's (`torch.le`).
  public func le(_ other: Tensor) -> Tensor { compare("le", TORUS_LE, other) }
  /// Whether elements are greater than the other's (`torch.gt`).
  public func gt(_ other: Tensor) -> Tensor { compare("gt", TORUS_GT, other) }
  /// Whether elements are at least the other's (`torch.ge`).
  public func ge(_ other: Tensor) -> Tensor { compare("ge", TORUS_GE, other) }
  /// Whether elements equal a number.
  public func eq(_ s: some ScalarConvertible) -> Tensor { compare("eq", TORUS_EQ, s.scalar) }
  /// Whether elements differ from a number.
  public func ne(_ s: some ScalarConvertible) -> Tensor { compare("ne", TORUS_NE, s.scalar) }
  /// Whether elements are less than a number.
  public func lt(_ s: some ScalarConvertible) -> Tensor { compare("lt", TORUS_LT, s.scalar) }
  /// Whether elements are at most a number.
  public func le(_ s: some ScalarConvertible) -> Tensor { compare("le", TORUS_LE, s.scalar) }
  /// Whether elements are greater than a number.
  public func gt(_ s: some ScalarConvertible) -> Tensor { compare("gt", TORUS_GT, s.scalar) }
  /// Whether elements are at least a number.
  public func ge(_ s: some ScalarConvertible) -> Tensor { compare("ge", TORUS_GE, s.scalar) }

  /// Whether both elements are non-zero.
  public func logicalAnd(_ other: Tensor) -> Tensor {
    compare("logical_and", TORUS_LOGICAL_AND, other)
  }
  /// Whether at least one element is non-zero.
  public func logicalOr(_ other: Tensor) -> Tensor {
    compare("logical_or", TORUS_LOGICAL_OR, other)
  }
  /// Whether just one element is non-zero.
  public func logicalXor(_ other: Tensor) -> Tensor {
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

  private func compare(_ name: String, _ op: torus_compare_op, _ other: Tensor) -> Tensor {
    let dtype = Promotion.resultType(self, other)
    return Tensor.applyConstant(name, [to(dtype), other.to(dtype)]) {
      Kernel.compare(name, op, $0[0].bare, $0[1].bare)
    }
  }

  private func compare(_ name: String, _ op: torus_compare_op, _ s: Scalar) -> Tensor {
    let dtype = Promotion.resultType(self, s)
    return compare(name, op, Tensor.full([], s, dtype: dtype))
  }

  private func predicate(_ name: String, _ op: torus_predicate_op) -> Tensor {
    Tensor.applyConstant(name, [self]) { Kernel.predicate(name, op, $0[0]) }
  }
}

/// Choosing between tensors.
extension Tensor {
  /// `a` where the condition holds, else `b`; all broadcast (`torch.where`).
  public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let dtype = Promotion.resultType(a, b)
    let condition = condition.dtype == .bool ? condition : condition.ne(0)
    return Tensor.apply(
      "where", [condition, a.to(dtype), b.to(dtype)], saving: .input(0)
    ) { inputs in
      Kernel.select(inputs[0], inputs[1], inputs[2])
    } gradient: { g, node in
      let condition = node.input(0)
      let zero = Tensor.full([], 0.0, dtype: g.dtype)
      return [
        nil,
        node.needsGradient(1) ? Tensor.where(condition, g, zero) : nil,
        node.needsGradient(2) ? Tensor.where(condition, zero, g) : nil,
      ]
    }
  }

  /// A number where the mask holds, the element elsewhere (`masked_fill`).
  public func maskedFill(_ mask: Tensor, _ value: some ScalarConvertible) -> Tensor {
    Tensor.where(mask, Tensor.full([], value.scalar, dtype: dtype), self)
  }
}
