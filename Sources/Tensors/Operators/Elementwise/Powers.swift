/// Powers.
extension Tensor {
  /// x raised to a number (`torch.pow`).
  ///
  /// Integers stay integers under a whole exponent that is not negative.
  public func pow(_ exponent: some ScalarConvertible) -> Tensor {
    let number = exponent.scalar
    if case .double = number, !dtype.isFloatingPoint { return to(.float32).pow(number) }
    if !dtype.isFloatingPoint, number.double < 0 {
      fail("pow", "integers to a negative integer power are not allowed; convert to float first")
    }
    let base = dtype == .bool ? to(.int64) : self
    return Tensor.record(PowerByNumber(exponent: number.double), [base])
  }

  /// A number raised to a tensor of exponents (`torch.pow`).
  public static func pow(_ base: some ScalarConvertible, _ exponent: Tensor) -> Tensor {
    base.operand(beside: exponent).pow(exponent)
  }

  /// x raised to the exponents in `float64`, whatever the dtypes (`torch.float_power`).
  public func floatPower(_ exponent: some Operand) -> Tensor {
    to(.float64).pow(exponent.operand(beside: self).to(.float64))
  }

  /// x raised to a tensor of exponents, broadcast (`torch.pow`).
  public func pow(_ exponent: Tensor) -> Tensor {
    let dtype = Promotion.resultType(self, exponent)
    return Tensor.record(Power(), [to(dtype), exponent.to(dtype)])
  }
}

/// xᵖ for one number p.
private struct PowerByNumber: TensorOperation, ElementwiseOperation {
  let exponent: Double
  var precision: PrecisionClass { .full }
  var name: String { "pow" }
  var saving: Saving { .inputs }

  var element: ElementKernel { .unary(.powScalar, exponent) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    if exponent == 0 { return [Tensor.zeros(like: g)] }
    let x = node.input(0)
    if !isGradEnabled {
      return [ElementwiseGradient.of(name, .powScalarBackward, g, x, exponent)]
    }
    return [g * (x.pow(exponent - 1) * exponent)]
  }
}

/// xᵖ for tensors x and p.
private struct Power: TensorOperation, ElementwiseOperation {
  var precision: PrecisionClass { .full }
  var name: String { "pow" }
  var saving: Saving { [.inputs, .output] }

  var element: ElementKernel { .binary(.pow) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, p) = (node.input(0), node.input(1))
    let zero = Tensor.zeros(like: g)
    var gradients: [Tensor?] = [nil, nil]
    if node.needsGradient(0) {
      gradients[0] = Tensor.where(p.eq(0), zero, g * (p * x.pow(p - 1)))
    }
    if node.needsGradient(1) {
      // 0ᵖ has no slope in p for p ≥ 0, where log 0 would make it NaN.
      let flat = x.eq(0).logicalAnd(p.ge(0))
      gradients[1] = Tensor.where(flat, zero, g * (node.output() * x.log()))
    }
    return gradients
  }
}
