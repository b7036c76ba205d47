private enum Rows {
  typealias Row = BinaryOperation
  static let floorDivide = Row("floor_divide", .floorDiv)
  static let truncDivide = Row("trunc_divide", .truncDiv)
  static let remainder = Row("remainder", .remainder) { g, node in
    [g, node.needsGradient(1) ? -g * node.input(0).floorDivide(node.input(1)) : nil]
  }
  static let fmod = Row("fmod", .fmod) { g, node in
    [
      g,
      node.needsGradient(1) ? -g * node.input(0).divided(by: node.input(1), rounding: .trunc) : nil,
    ]
  }
}

/// Which way a quotient is rounded (`rounding_mode`).
public enum DivisionRounding: String, Sendable {
  /// Towards zero, as C divides integers.
  case trunc
  /// Towards -∞, as Python's `//`.
  case floor
}

/// Division with a whole quotient, and what it leaves.
///
/// Integers stay integers, and stop with a message where the divisor holds a zero; floats give ±∞ or
/// NaN there. The quotients' gradient is 0.
extension Tensor {
  /// a / b rounded to a whole number (`torch.div` with `rounding_mode`).
  public func divided(by other: some Operand, rounding: DivisionRounding) -> Tensor {
    if rounding == .floor { return floorDivide(other) }
    let other = other.operand(beside: self)
    // In half precision the quotient is rounded before it is cut, as in PyTorch.
    if Promotion.resultType(self, other).isHalf {
      return Tensor.record(TruncatedQuotient(), [self, other])
    }
    return Rows.truncDivide(self, other)
  }

  /// ⌊a / b⌋ (`torch.floor_divide`).
  public func floorDivide(_ other: some Operand) -> Tensor {
    Rows.floorDivide(self, other)
  }

  /// a - b ⌊a / b⌋, with the sign of b, as Python's `%` (`torch.remainder`).
  public func remainder(_ other: some Operand) -> Tensor {
    Rows.remainder(self, other)
  }

  /// a - b trunc(a / b), with the sign of a, as C's `fmod` (`torch.fmod`).
  public func fmod(_ other: some Operand) -> Tensor { Rows.fmod(self, other) }
}

/// trunc(a / b) in two steps, each of which is rounded.
private struct TruncatedQuotient: TensorOperation {
  var precision: PrecisionClass { .widest }
  var name: String { "trunc_divide" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    noGrad { (inputs[0].bare / inputs[1].bare).trunc() }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [nil, nil] }
}
