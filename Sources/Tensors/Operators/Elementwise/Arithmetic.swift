private enum Rows {
  typealias Row = BinaryOperation
  static let add = Row("add", .add, .nothing) { g, _ in [g, g] }
  static let sub = Row("sub", .sub, .nothing) { g, node in
    [g, node.needsGradient(1) ? -g : nil]
  }
  static let mul = Row("mul", .mul) { g, node in
    [
      node.needsGradient(0) ? g * node.input(1) : nil,
      node.needsGradient(1) ? g * node.input(0) : nil,
    ]
  }
  static let div = Row("div", .div, floats: true) { g, node in
    let b = node.input(1)
    return [
      node.needsGradient(0) ? g / b : nil,
      node.needsGradient(1) ? -g * ((node.input(0) / b) / b) : nil,
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

  /// a + alpha · b (`torch.add`).
  public func add(_ other: some Operand, alpha: some ScalarConvertible) -> Tensor {
    scaledSum("add", other, alpha.scalar, negated: false)
  }
  /// a - alpha · b (`torch.sub`).
  public func sub(_ other: some Operand, alpha: some ScalarConvertible) -> Tensor {
    scaledSum("sub", other, alpha.scalar, negated: true)
  }

  /// Floats are scaled in the kernel, so that half precision rounds once.
  private func scaledSum(
    _ name: String, _ other: some Operand, _ alpha: Scalar, negated: Bool
  ) -> Tensor {
    let other = other.operand(beside: self)
    let dtype = Promotion.resultType(self, other)
    guard dtype.isFloatingPoint else {
      if case .double = alpha { fail(name, "a real alpha for whole numbers: \(alpha.double)") }
      let scaled = other.to(dtype) * alpha
      return negated ? self - scaled : self + scaled
    }
    // Half types round alpha, as a tensor of theirs would hold it.
    let held = Tensor.full([], alpha, dtype: dtype).item(Double.self)
    let factor = negated ? -held : held
    return Tensor.record(ScaledSum(name: name, alpha: factor), [to(dtype), other.to(dtype)])
  }
}

/// a + alpha · b; alpha carries the sign of a difference.
private struct ScaledSum: TensorOperation, ElementwiseOperation {
  let name: String
  let alpha: Double
  var precision: PrecisionClass { .widest }

  var element: ElementKernel { .binary(.add, alpha) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g, node.needsGradient(1) ? g * alpha : nil]
  }
}

/// Tensors beside numbers.
extension Tensor {
  /// x + s.
  public static func + (x: Tensor, s: some ScalarConvertible) -> Tensor {
    scalar(.add, x, s.scalar) { $0 + $1 }
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
    require(x.dtype != .bool, "rsub", "subtraction of a bool tensor is not defined")
    return scalar(.rsub, x, s.scalar) { $1 - $0 }
  }
  /// x · s.
  public static func * (x: Tensor, s: some ScalarConvertible) -> Tensor {
    scalar(.mul, x, s.scalar) { $0 * $1 }
  }
  /// s · x.
  public static func * (s: some ScalarConvertible, x: Tensor) -> Tensor { x * s }
  /// x / s; integers divide as floats.
  public static func / (x: Tensor, s: some ScalarConvertible) -> Tensor {
    let x = x.dtype.isFloatingPoint ? x : x.to(.float32)
    return scalar(.div, x, s.scalar) { $0 / $1 }
  }
  /// s / x.
  public static func / (s: some ScalarConvertible, x: Tensor) -> Tensor {
    x.reciprocal() * s
  }

  /// Adds another tensor or number; the old value stays what it was for whoever holds it.
  public static func += (x: inout Tensor, y: Tensor) { x = x.replaced(by: x + y) }
  /// Subtracts another tensor; the old value stays what it was for whoever holds it.
  public static func -= (x: inout Tensor, y: Tensor) { x = x.replaced(by: x - y) }
  /// Multiplies by another tensor; the old value stays what it was for whoever holds it.
  public static func *= (x: inout Tensor, y: Tensor) { x = x.replaced(by: x * y) }
  /// Divides by another tensor; the old value stays what it was for whoever holds it.
  public static func /= (x: inout Tensor, y: Tensor) { x = x.replaced(by: x / y) }
  /// Adds a number; the old value stays what it was for whoever holds it.
  public static func += (x: inout Tensor, s: some ScalarConvertible) { x = x.replaced(by: x + s) }
  /// Subtracts a number; the old value stays what it was for whoever holds it.
  public static func -= (x: inout Tensor, s: some ScalarConvertible) { x = x.replaced(by: x - s) }
  /// Multiplies by a number; the old value stays what it was for whoever holds it.
  public static func *= (x: inout Tensor, s: some ScalarConvertible) { x = x.replaced(by: x * s) }
  /// Divides by a number; the old value stays what it was for whoever holds it.
  public static func /= (x: inout Tensor, s: some ScalarConvertible) { x = x.replaced(by: x / s) }

  /// A float tensor takes the number into the kernel; an integer one meets it as a scalar tensor,
  /// exactly and by the rules of promotion.
  private static func scalar(
    _ kind: ScalarArithmetic.Kind, _ x: Tensor, _ s: Scalar, _ exact: (Tensor, Tensor) -> Tensor
  ) -> Tensor {
    guard x.dtype.isFloatingPoint else {
      let dtype = Promotion.resultType(x, s)
      return exact(x.to(dtype), Tensor.full([], s, dtype: dtype))
    }
    return Tensor.record(ScalarArithmetic(kind: kind, scalar: s.double), [x])
  }
}

/// A float tensor and a number.
private struct ScalarArithmetic: TensorOperation, ElementwiseOperation {
  enum Kind: String {
    case add, rsub, mul, div
  }

  let kind: Kind
  let scalar: Double

  var name: String { kind.rawValue }
  var attributes: [String: Attribute] { ["scalar": .double(scalar)] }

  var element: ElementKernel {
    switch kind {
    case .add: .unary(.addScalar, scalar)
    case .rsub: .unary(.rsubScalar, scalar)
    case .mul: .unary(.mulScalar, scalar)
    case .div: .unary(.divScalar, scalar)
    }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    switch kind {
    case .add: [g]
    case .rsub: [-g]
    case .mul: [g * scalar]
    case .div: [g / scalar]
    }
  }
}
