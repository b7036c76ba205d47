private enum Rows {
  typealias Row = BinaryOperation
  static let maximum = Row("maximum", .maximum) { g, node in
    split(g, node, loses: (node.input(0).lt(node.input(1)), node.input(0).gt(node.input(1))))
  }
  static let minimum = Row("minimum", .minimum) { g, node in
    split(g, node, loses: (node.input(0).gt(node.input(1)), node.input(0).lt(node.input(1))))
  }
  static let fmax = Row("fmax", .fmax) { g, node in
    taken(g, node.input(0).ge(node.input(1)).logicalOr(node.input(1).isNaN()))
  }
  static let fmin = Row("fmin", .fmin) { g, node in
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

  // A number by itself, so that `x.maximum(-.infinity)` says which type it is of.

  /// The larger of each element and a number; NaN wins (`torch.maximum`).
  public func maximum(_ other: Double) -> Tensor { Rows.maximum(self, other) }
  /// The smaller of each element and a number; NaN wins (`torch.minimum`).
  public func minimum(_ other: Double) -> Tensor { Rows.minimum(self, other) }

  /// Every element brought between bounds (`torch.clamp`): min(max(x, lower), upper).
  ///
  /// Bounds are numbers or tensors that broadcast; one may be left out. NaN stays NaN, and so does all
  /// that has a bound of NaN. The gradient flows where lower ≤ x ≤ upper, and to a tensor bound where it
  /// was taken.
  public func clamp(min lower: (any Operand)? = nil, max upper: (any Operand)? = nil) -> Tensor {
    require(lower != nil || upper != nil, "clamp", "a lower or an upper bound is needed")
    if dtype.isFloatingPoint, !(lower is Tensor), !(upper is Tensor) {
      let bounds = Clamp(
        min: (lower as? any ScalarConvertible)?.scalar.double ?? -.infinity,
        max: (upper as? any ScalarConvertible)?.scalar.double ?? .infinity)
      if !bounds.min.isNaN && !bounds.max.isNaN { return Tensor.record(bounds, [self]) }
    }
    let low = lower?.operand(beside: self)
    let high = upper?.operand(beside: self)
    let dtype = Promotion.resultType([self] + [low, high].compactMap { $0 })
    let x = to(dtype)
    switch (low?.to(dtype), high?.to(dtype)) {
    case (let low?, let high?): return Tensor.record(ClampBetween(), [x, low, high])
    case (let low?, nil): return Tensor.record(ClampOneSide(isLower: true), [x, low])
    case (nil, let high?): return Tensor.record(ClampOneSide(isLower: false), [x, high])
    case (nil, nil): return x
    }
  }
}

extension Tensor {
  /// Every element brought to a lower bound at least: `x.clamp(min: -.infinity)` says which type the
  /// number is of.
  public func clamp(min lower: Double) -> Tensor { clamp(min: lower as any Operand, max: nil) }

  /// Every element brought to an upper bound at most.
  public func clamp(max upper: Double) -> Tensor { clamp(min: nil, max: upper as any Operand) }

  /// Every element brought between two numbers.
  public func clamp(min lower: Double, max upper: Double) -> Tensor {
    clamp(min: lower as any Operand, max: upper as any Operand)
  }
}

/// Elements brought between two numbers.
private struct Clamp: TensorOperation, ElementwiseOperation {
  let min: Double
  let max: Double
  var name: String { "clamp" }
  var saving: Saving { .inputs }

  var element: ElementKernel { .unary(.clamp, min, max) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    if !isGradEnabled {
      return [ElementwiseGradient.of(name, .clampBackward, g, x, min, max)]
    }
    return [Tensor.where(x.ge(min).logicalAnd(x.le(max)), g, 0.0)]
  }
}

/// Elements brought to one side of a bound: operands are the tensor and the bound.
private struct ClampOneSide: TensorOperation, ElementwiseOperation {
  let isLower: Bool
  var precision: PrecisionClass { .widest }
  var name: String { isLower ? "clamp_min" : "clamp_max" }
  var attributes: [String: Attribute] { [:] }
  var saving: Saving { .inputs }

  var element: ElementKernel { .binary(isLower ? .maximum : .minimum) }

  /// To x where it was taken, and to the bound where that was: neither by NaN.
  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, bound) = (node.input(0), node.input(1))
    let (ofX, ofBound) = isLower ? (x.ge(bound), x.lt(bound)) : (x.le(bound), x.gt(bound))
    return [Tensor.where(ofX, g, 0.0), Tensor.where(ofBound, g, 0.0)]
  }
}

/// Elements brought between two bounds: operands are the tensor and the bounds.
private struct ClampBetween: TensorOperation, ElementwiseOperation {
  var precision: PrecisionClass { .widest }
  var name: String { "clamp" }
  var saving: Saving { .inputs }

  var element: ElementKernel { .ternary(.clampTensor) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, low, high) = (node.input(0), node.input(1), node.input(2))
    return [
      Tensor.where(x.ge(low).logicalAnd(x.le(high)), g, 0.0),
      Tensor.where(low.lt(high).logicalAnd(x.lt(low)), g, 0.0),
      Tensor.where(x.gt(high).logicalOr(high.lt(low)), g, 0.0),
    ]
  }
}
