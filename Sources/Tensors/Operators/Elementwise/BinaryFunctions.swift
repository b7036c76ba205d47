import Foundation

/// The table: name, kernel, what the gradient reads, and the operands' gradients.
private enum Rows {
  typealias Row = BinaryOperation
  static let atan2 = Row("atan2", .atan2, floats: true) { g, node in
    let (y, x) = (node.input(0), node.input(1))
    let scaled = g * (y.square() + x.square()).reciprocal()
    return [scaled * x, -scaled * y]
  }
  static let hypot = Row("hypot", .hypot, [.inputs, .output]) { g, node in
    [g * (node.input(0) / node.output()), g * (node.input(1) / node.output())]
  }
  static let copysign = Row(
    "copysign", .copysign, [.input(0), .output], floats: true
  ) { g, node in
    let x = node.input(0)
    let ratio = node.output() / x
    return [g * Tensor.where(x.eq(0), 0.0, ratio), node.needsGradient(1) ? g.zerosLike() : nil]
  }
  static let nextafter = Row("nextafter", .nextafter) { g, node in
    let arrived = node.input(0).eq(node.input(1))
    return [g.maskedFill(arrived, 0), node.needsGradient(1) ? g.zerosLike() : nil]
  }
  static let logaddexp = Row("logaddexp", .logaddexp, floats: true) { g, node in
    let (a, b) = (node.input(0), node.input(1))
    return [g / ((b - a).exp() + 1), g / ((a - b).exp() + 1)]
  }
  static let logaddexp2 = Row("logaddexp2", .logaddexp2, floats: true) { g, node in
    let (a, b) = (node.input(0), node.input(1))
    return [g / ((b - a).exp2() + 1), g / ((a - b).exp2() + 1)]
  }
  static let xlogy = Row("xlogy", .xlogy, floats: true) { g, node in
    let (x, y) = (node.input(0), node.input(1))
    let flat = x.eq(0).logicalAnd(y.le(0))
    return [
      node.needsGradient(0) ? (g * y.log()).maskedFill(flat, 0) : nil,
      node.needsGradient(1) ? g * x / y : nil,
    ]
  }
  static let xlog1py = Row("xlog1py", .xlog1py, floats: true) { g, node in
    let (x, y) = (node.input(0), node.input(1))
    let flat = x.eq(0).logicalAnd(y.le(-1))
    return [
      node.needsGradient(0) ? (g * y.log1p()).maskedFill(flat, 0) : nil,
      node.needsGradient(1) ? g * x / (y + 1) : nil,
    ]
  }
  static let heaviside = Row("heaviside", .heaviside)
  static let ldexp = Row("ldexp", .ldexp, [.input(1), .output], floats: true) { g, node in
    [
      node.needsGradient(0) ? g * node.input(1).exp2() : nil,
      node.needsGradient(1) ? g * node.output() * M_LN2 : nil,
    ]
  }
  static let bitwiseAnd = Row("bitwise_and", .bitwiseAnd)
  static let bitwiseOr = Row("bitwise_or", .bitwiseOr)
  static let bitwiseXor = Row("bitwise_xor", .bitwiseXor)
  static let shiftLeft = Row("bitwise_left_shift", .shiftLeft)
  static let shiftRight = Row("bitwise_right_shift", .shiftRight)
  static let gcd = Row("gcd", .gcd)
  static let lcm = Row("lcm", .lcm)
}

/// Functions of two values; a number may stand for the second.
extension Tensor {
  /// The angle of the point (other, self) with the x axis, in radians: atan(self / other) in the
  /// right quadrant (`torch.atan2`).
  public func atan2(_ other: some Operand) -> Tensor { Rows.atan2(self, other) }
  /// √(a² + b²) without overflow on the way (`torch.hypot`).
  public func hypot(_ other: some Operand) -> Tensor { Rows.hypot(self, other) }
  /// |a| with the sign of b, that of -0 included (`torch.copysign`).
  public func copysign(_ other: some Operand) -> Tensor { Rows.copysign(self, other) }
  /// The next number of the dtype after a on the way to b (`torch.nextafter`).
  public func nextafter(_ other: some Operand) -> Tensor { Rows.nextafter(self, other) }
  /// log(eᵃ + eᵇ), stable (`torch.logaddexp`).
  public func logAddExp(_ other: some Operand) -> Tensor { Rows.logaddexp(self, other) }
  /// log₂(2ᵃ + 2ᵇ), stable (`torch.logaddexp2`).
  public func logAddExp2(_ other: some Operand) -> Tensor { Rows.logaddexp2(self, other) }
  /// a log b, and 0 where a is 0 (`torch.xlogy`).
  public func xlogy(_ other: some Operand) -> Tensor { Rows.xlogy(self, other) }
  /// a log(1 + b), and 0 where a is 0 (`torch.special.xlog1py`).
  public func xlog1py(_ other: some Operand) -> Tensor { Rows.xlog1py(self, other) }
  /// 0 below 0, 1 above, and the other's value at 0 (`torch.heaviside`).
  public func heaviside(_ other: some Operand) -> Tensor { Rows.heaviside(self, other) }
  /// a · 2ᵇ (`torch.ldexp`).
  public func ldexp(_ other: some Operand) -> Tensor { Rows.ldexp(self, other) }
  /// The greatest common divisor of integers (`torch.gcd`).
  public func gcd(_ other: some Operand) -> Tensor { Rows.gcd(self, other) }
  /// The least common multiple of integers (`torch.lcm`).
  public func lcm(_ other: some Operand) -> Tensor { Rows.lcm(self, other) }
}

/// Bits of integers; for bools, logic.
extension Tensor {
  /// Bits that are set in both (`torch.bitwise_and`).
  public func bitwiseAnd(_ other: some Operand) -> Tensor { Rows.bitwiseAnd(self, other) }
  /// Bits that are set in one or both (`torch.bitwise_or`).
  public func bitwiseOr(_ other: some Operand) -> Tensor { Rows.bitwiseOr(self, other) }
  /// Bits that are set in just one (`torch.bitwise_xor`).
  public func bitwiseXor(_ other: some Operand) -> Tensor { Rows.bitwiseXor(self, other) }
  /// a · 2ᵇ in bits (`torch.bitwise_left_shift`).
  public func bitwiseLeftShift(_ other: some Operand) -> Tensor { Rows.shiftLeft(self, other) }
  /// ⌊a / 2ᵇ⌋ in bits: the sign moves in from the left (`torch.bitwise_right_shift`).
  public func bitwiseRightShift(_ other: some Operand) -> Tensor { Rows.shiftRight(self, other) }
}
