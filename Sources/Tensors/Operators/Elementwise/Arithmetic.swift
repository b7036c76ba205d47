import CKernels

/// One row of the table of elementwise functions of two tensors.
struct BinaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node) -> [Tensor?]

  let name: String
  let kernel: torus_binary_op
  let saving: Saving
  /// Whether integer operands are computed as floats (true division).
  let floats: Bool
  /// The operands' gradients. Nil: none.
  let formula: Formula?

  init(
    _ name: String, _ kernel: torus_binary_op, _ saving: Saving = .inputs, floats: Bool = false,
    _ formula: Formula?
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = saving
    self.floats = floats
    self.formula = formula
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor, _ p0: Double = 1) -> Tensor {
    var dtype = Promotion.resultType(a, b)
    if floats { dtype = dtype.floating }
    return Tensor.apply(name, [a.to(dtype), b.to(dtype)], saving: saving) { inputs in
      Kernel.binary(name, kernel, inputs[0], inputs[1], p0)
    } gradient: { gradient, node in
      formula?(gradient, node) ?? [nil, nil]
    }
  }
}

private enum Rows {
  typealias Row = BinaryOperation
  static let add = Row("add", TORUS_ADD, .nothing) { g, _ in [g, g] }
  static let sub = Row("sub", TORUS_SUB, .nothing) { g, node in
    [g, node.needsGradient(1) ? -g : nil]
  }
  static let mul = Row("mul", TORUS_MUL) { g, node in
    [
      node.needsGradient(0) ? g * node.input(1) : nil,
      node.needsGradient(1) ? g * node.input(0) : nil,
    ]
  }
  static let div = Row("div", TORUS_DIV, floats: true) { g, node in
    let b = node.input(1)
    return [
      node.needsGradient(0) ? g / b : nil,
      node.needsGradient(1) ? -g * ((node.input(0) / b) / b) : nil,
    ]
  }
  static let maximum = Row("maximum", TORUS_MAXIMUM) { g, node in
    extremumGradient(g, node, node.input(0).gt(node.input(1)))
  }
  static let minimum = Row("minimum", TORUS_MINIMUM) { g, node in
    extremumGradient(g, node, node.input(0).lt(node.input(1)))
  }

  /// The gradient goes to the operand that was taken, and half to each where they are equal.
  static func extremumGradient(_ g: Tensor, _ node: Node, _ first: Tensor) -> [Tensor?] {
    let equal = node.input(0).eq(node.input(1))
    let half = g * 0.5
    let zero = Tensor.zeros(like: g)
    return [
      Tensor.where(equal, half, Tensor.where(first, g, zero)),
      Tensor.where(equal, half, Tensor.where(first, zero, g)),
    ]
  }
}

extension Tensor {
  /// a + b, broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { Rows.add(a, b) }
  /// a - b, broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    require(
      a.dtype != .bool || b.dtype != .bool, "sub",
      "subtraction of bool tensors is not defined; use logicalXor or bitwiseNot")
    return Rows.sub(a, b)
  }
  /// a · b, elementwise and broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { Rows.mul(a, b) }
  /// a / b, elementwise and broadcast; integers divide as floats.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Rows.div(a, b) }
  /// The larger of each pair; NaN wins.
  public func maximum(_ other: Tensor) -> Tensor { Rows.maximum(self, other) }
  /// The smaller of each pair; NaN wins.
  public func minimum(_ other: Tensor) -> Tensor { Rows.minimum(self, other) }

  /// a + alpha · b (`torch.add`).
  public func add(_ other: Tensor, alpha: some ScalarConvertible) -> Tensor {
    self + other * alpha
  }
  /// a - alpha · b (`torch.sub`).
  public func sub(_ other: Tensor, alpha: some ScalarConvertible) -> Tensor {
    self - other * alpha
  }
}

/// Tensors beside numbers.
extension Tensor {
  /// x + s.
  public static func + (x: Tensor, s: some ScalarConvertible) -> Tensor {
    scalar("add", x, s.scalar, TORUS_ADD_SCALAR, { $0 }) { $0 + $1 }
  }
  /// s + x.
  public static func + (s: some ScalarConvertible, x: Tensor) -> Tensor { x + s }
  /// x - s.
  public static func - (x: Tensor, s: some ScalarConvertible) -> Tensor {
    switch s.scalar {
    case .double(let value): x + -value
    case .int(let value): x + -value
    case .bool: fail("sub", "subtraction of a bool is not defined")
    }
  }
  /// s - x.
  public static func - (s: some ScalarConvertible, x: Tensor) -> Tensor {
    scalar("rsub", x, s.scalar, TORUS_RSUB_SCALAR, { -$0 }) { $1 - $0 }
  }
  /// x · s.
  public static func * (x: Tensor, s: some ScalarConvertible) -> Tensor {
    let number = s.scalar
    return scalar("mul", x, number, TORUS_MUL_SCALAR, { $0 * number }) { $0 * $1 }
  }
  /// s · x.
  public static func * (s: some ScalarConvertible, x: Tensor) -> Tensor { x * s }
  /// x / s; integers divide as floats.
  public static func / (x: Tensor, s: some ScalarConvertible) -> Tensor {
    let x = x.dtype.isFloatingPoint ? x : x.to(.float32)
    let number = s.scalar
    return scalar("div", x, number, TORUS_DIV_SCALAR, { $0 / number }) { $0 / $1 }
  }
  /// s / x.
  public static func / (s: some ScalarConvertible, x: Tensor) -> Tensor {
    x.reciprocal() * s
  }

  /// Adds another tensor or number; the old value stays what it was for whoever holds it.
  public static func += (x: inout Tensor, y: Tensor) { x = x + y }
  /// Subtracts another tensor; the old value stays what it was for whoever holds it.
  public static func -= (x: inout Tensor, y: Tensor) { x = x - y }
  /// Multiplies by another tensor; the old value stays what it was for whoever holds it.
  public static func *= (x: inout Tensor, y: Tensor) { x = x * y }
  /// Divides by another tensor; the old value stays what it was for whoever holds it.
  public static func /= (x: inout Tensor, y: Tensor) { x = x / y }
  /// Adds a number; the old value stays what it was for whoever holds it.
  public static func += (x: inout Tensor, s: some ScalarConvertible) { x = x + s }
  /// Subtracts a number; the old value stays what it was for whoever holds it.
  public static func -= (x: inout Tensor, s: some ScalarConvertible) { x = x - s }
  /// Multiplies by a number; the old value stays what it was for whoever holds it.
  public static func *= (x: inout Tensor, s: some ScalarConvertible) { x = x * s }
  /// Divides by a number; the old value stays what it was for whoever holds it.
  public static func /= (x: inout Tensor, s: some ScalarConvertible) { x = x / s }

  /// A float tensor takes the number into the kernel; an integer one meets it as a scalar tensor,
  /// exactly and by the rules of promotion.
  private static func scalar(
    _ name: String, _ x: Tensor, _ s: Scalar, _ kernel: torus_unary_op,
    _ gradient: @escaping (Tensor) -> Tensor, _ exact: (Tensor, Tensor) -> Tensor
  ) -> Tensor {
    guard x.dtype.isFloatingPoint else {
      let dtype = Promotion.resultType(x, s)
      return exact(x.to(dtype), Tensor.full([], s, dtype: dtype))
    }
    return Tensor.apply(name, [x], attributes: ["scalar": .double(s.double)]) { inputs in
      Kernel.unary(name, kernel, inputs[0], s.double)
    } gradient: { g, _ in
      [gradient(g)]
    }
  }
}

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
    let p = number.double
    let base = dtype == .bool ? to(.int64) : self
    return Tensor.apply(
      "pow", [base], attributes: ["exponent": .double(p)], saving: .inputs
    ) { inputs in
      Kernel.unary("pow", TORUS_POW_SCALAR, inputs[0], p)
    } gradient: { g, node in
      if p == 0 { return [Tensor.zeros(like: g)] }
      if !isGradEnabled {
        return [Kernel.binary("pow", TORUS_POW_SCALAR_BACKWARD, g, node.input(0), p)]
      }
      return [g * (node.input(0).pow(p - 1) * p)]
    }
  }

  /// x raised to a tensor of exponents, broadcast (`torch.pow`).
  public func pow(_ exponent: Tensor) -> Tensor {
    let dtype = Promotion.resultType(self, exponent)
    return Tensor.apply(
      "pow", [to(dtype), exponent.to(dtype)], saving: [.inputs, .output]
    ) { inputs in
      Kernel.binary("pow", TORUS_POW, inputs[0], inputs[1])
    } gradient: { g, node in
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
}
