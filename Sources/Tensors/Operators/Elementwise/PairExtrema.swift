import CKernels

private enum Rows {
  typealias Row = BinaryOperation
  static let maximum = Row("maximum", TORUS_MAXIMUM) { g, node in
    split(g, node, loses: (node.input(0).lt(node.input(1)), node.input(0).gt(node.input(1))))
  }
  static let minimum = Row("minimum", TORUS_MINIMUM) { g, node in
    split(g, node, loses: (node.input(0).gt(node.input(1)), node.input(0).lt(node.input(1))))
  }
  static let fmax = Row("fmax", TORUS_FMAX) { g, node in
    taken(g, node.input(0).ge(node.input(1)).logicalOr(node.input(1).isNaN()))
  }
  static let fmin = Row("fmin", TORUS_FMIN) { g, node in
    taken(g, node.input(0).le(node.input(1)).logicalOr(node.input(1).isNaN()))
  }

  /// The gradient goes to the operand that was taken, half to each where they are equal, and to both
  /// where one is NaN: neither loses.
  static func split(_ g: Tensor, _ node: Node, loses: (Tensor, Tensor)) -> [Tensor?] {
    let shared = Tensor.where(node.input(0).eq(node.input(1)), g * 0.5, g)
    return [Tensor.where(loses.0, 0.0, shared), Tensor.where(loses.1, 0.0, shared)]
  }

  /// The gradient goes to the first operand where it was taken, else to the second.
  static func taken(_ g: Tensor, _ first: Tensor) -> [Tensor?] {
    [Tensor.where(first, g, 0.0), Tensor.where(first, 0.0, g)]
  }
}

/// The larger and the smaller of two values.
extension Tensor {
  /// The larger of each pair; NaN wins (`torch.maximum`). Equal operands share the gradient.
  public func maximum(_ other: some Operand) -> Tensor { Rows.maximum(self, other) }
  /// The smaller of each pair; NaN wins (`torch.minimum`). Equal operands share the gradient.
  public func minimum(_ other: some Operand) -> Tensor { Rows.minimum(self, other) }
  /// The larger of each pair; a number wins over NaN (`torch.fmax`).
  public func fmax(_ other: some Operand) -> Tensor { Rows.fmax(self, other) }
  /// The smaller of each pair; a number wins over NaN (`torch.fmin`).
  public func fmin(_ other: some Operand) -> Tensor { Rows.fmin(self, other) }

  /// Every element brought between bounds (`torch.clamp`): min(max(x, lower), upper).
  ///
  /// Bounds are numbers or tensors that broadcast; one may be left out. NaN stays NaN. The gradient
  /// flows where lower ≤ x ≤ upper, and to a tensor bound where it was taken.
  public func clamp(min lower: (any Operand)? = nil, max upper: (any Operand)? = nil) -> Tensor {
    require(lower != nil || upper != nil, "clamp", "a lower or an upper bound is needed")
    if dtype.isFloatingPoint, !(lower is Tensor), !(upper is Tensor) {
      return clamp(
        (lower as? any ScalarConvertible)?.scalar.double ?? -.infinity,
        (upper as? any ScalarConvertible)?.scalar.double ?? .infinity)
    }
    let low = lower?.operand(beside: self)
    let high = upper?.operand(beside: self)
    let dtype = Promotion.resultType([self] + [low, high].compactMap { $0 })
    let x = to(dtype)
    switch (low?.to(dtype), high?.to(dtype)) {
    case (let low?, let high?): return x.clamp(low, high)
    case (let low?, nil):
      return x.clamp("clamp_min", TORUS_MAXIMUM, low) { ($0.ge($1), $0.lt($1)) }
    case (nil, let high?):
      return x.clamp("clamp_max", TORUS_MINIMUM, high) { ($0.le($1), $0.gt($1)) }
    case (nil, nil): return x
    }
  }

  private func clamp(_ low: Double, _ high: Double) -> Tensor {
    Tensor.apply(
      "clamp", [self], attributes: ["min": .double(low), "max": .double(high)], saving: .inputs
    ) { inputs in
      Kernel.unary("clamp", TORUS_CLAMP, inputs[0], low, high)
    } gradient: { g, node in
      let x = node.input(0)
      if !isGradEnabled { return [Kernel.binary("clamp", TORUS_CLAMP_BACKWARD, g, x, low, high)] }
      return [Tensor.where(x.ge(low).logicalAnd(x.le(high)), g, 0.0)]
    }
  }

  /// One bound; `taken` says where x itself was taken and where the bound was: neither by NaN.
  private func clamp(
    _ name: String, _ kernel: torus_binary_op, _ bound: Tensor,
    taken: @escaping (_ x: Tensor, _ bound: Tensor) -> (x: Tensor, bound: Tensor)
  ) -> Tensor {
    Tensor.apply(name, [self, bound], saving: .inputs) { inputs in
      Kernel.binary(name, kernel, inputs[0], inputs[1])
    } gradient: { g, node in
      let taken = taken(node.input(0), node.input(1))
      return [Tensor.where(taken.x, g, 0.0), Tensor.where(taken.bound, g, 0.0)]
    }
  }

  private func clamp(_ low: Tensor, _ high: Tensor) -> Tensor {
    Tensor.apply("clamp", [self, low, high], saving: .inputs) { inputs in
      Kernel.ternary("clamp", TORUS_CLAMP_TENSOR, inputs[0], inputs[1], inputs[2])
    } gradient: { g, node in
      let (x, low, high) = (node.input(0), node.input(1), node.input(2))
      return [
        Tensor.where(x.ge(low).logicalAnd(x.le(high)), g, 0.0),
        Tensor.where(low.lt(high).logicalAnd(x.lt(low)), g, 0.0),
        Tensor.where(x.gt(high).logicalOr(high.lt(low)), g, 0.0),
      ]
    }
  }
}
