/// Arithmetic of parameters and buffers with tensors, numbers and each other, elementwise and broadcast.
extension TensorHolder {
  /// -x.
  public static prefix func - (x: Self) -> Tensor { -x.value }

  /// a + b.
  public static func + (a: Self, b: Tensor) -> Tensor { a.value + b }
  /// a + b.
  public static func + (a: Tensor, b: Self) -> Tensor { a + b.value }
  /// a + b.
  public static func + (a: Self, b: some TensorHolder) -> Tensor { a.value + b.value }
  /// a + b, b being a number.
  public static func + (a: Self, b: some ScalarConvertible) -> Tensor { a.value + b }
  /// a + b, a being a number.
  public static func + (a: some ScalarConvertible, b: Self) -> Tensor { a + b.value }

  /// a - b.
  public static func - (a: Self, b: Tensor) -> Tensor { a.value - b }
  /// a - b.
  public static func - (a: Tensor, b: Self) -> Tensor { a - b.value }
  /// a - b.
  public static func - (a: Self, b: some TensorHolder) -> Tensor { a.value - b.value }
  /// a - b, b being a number.
  public static func - (a: Self, b: some ScalarConvertible) -> Tensor { a.value - b }
  /// a - b, a being a number.
  public static func - (a: some ScalarConvertible, b: Self) -> Tensor { a - b.value }

  /// a · b.
  public static func * (a: Self, b: Tensor) -> Tensor { a.value * b }
  /// a · b.
  public static func * (a: Tensor, b: Self) -> Tensor { a * b.value }
  /// a · b.
  public static func * (a: Self, b: some TensorHolder) -> Tensor { a.value * b.value }
  /// a · b, b being a number.
  public static func * (a: Self, b: some ScalarConvertible) -> Tensor { a.value * b }
  /// a · b, a being a number.
  public static func * (a: some ScalarConvertible, b: Self) -> Tensor { a * b.value }

  /// a / b.
  public static func / (a: Self, b: Tensor) -> Tensor { a.value / b }
  /// a / b.
  public static func / (a: Tensor, b: Self) -> Tensor { a / b.value }
  /// a / b.
  public static func / (a: Self, b: some TensorHolder) -> Tensor { a.value / b.value }
  /// a / b, b being a number.
  public static func / (a: Self, b: some ScalarConvertible) -> Tensor { a.value / b }
  /// a / b, a being a number.
  public static func / (a: some ScalarConvertible, b: Self) -> Tensor { a / b.value }

  /// aᵇ.
  public static func ** (a: Self, b: Tensor) -> Tensor { a.value ** b }
  /// aᵇ.
  public static func ** (a: Tensor, b: Self) -> Tensor { a ** b.value }
  /// aᵇ.
  public static func ** (a: Self, b: some TensorHolder) -> Tensor { a.value ** b.value }
  /// aᵇ, b being a number.
  public static func ** (a: Self, b: some ScalarConvertible) -> Tensor { a.value ** b }
  /// aᵇ, a being a number.
  public static func ** (a: some ScalarConvertible, b: Self) -> Tensor { a ** b.value }
}

/// Comparisons: bool tensors outside the graph.
extension TensorHolder {
  /// Where a equals b.
  public static func .== (a: Self, b: Tensor) -> Tensor { a.value .== b }
  /// Where a equals b.
  public static func .== (a: Tensor, b: Self) -> Tensor { a .== b.value }
  /// Where a equals b.
  public static func .== (a: Self, b: some TensorHolder) -> Tensor { a.value .== b.value }
  /// Where a equals b, b being a number.
  public static func .== (a: Self, b: some ScalarConvertible) -> Tensor { a.value .== b }
  /// Where a equals b, a being a number.
  public static func .== (a: some ScalarConvertible, b: Self) -> Tensor { a .== b.value }

  /// Where a differs from b.
  public static func .!= (a: Self, b: Tensor) -> Tensor { a.value .!= b }
  /// Where a differs from b.
  public static func .!= (a: Tensor, b: Self) -> Tensor { a .!= b.value }
  /// Where a differs from b.
  public static func .!= (a: Self, b: some TensorHolder) -> Tensor { a.value .!= b.value }
  /// Where a differs from b, b being a number.
  public static func .!= (a: Self, b: some ScalarConvertible) -> Tensor { a.value .!= b }
  /// Where a differs from b, a being a number.
  public static func .!= (a: some ScalarConvertible, b: Self) -> Tensor { a .!= b.value }

  /// Where a is less than b.
  public static func < (a: Self, b: Tensor) -> Tensor { a.value < b }
  /// Where a is less than b.
  public static func < (a: Tensor, b: Self) -> Tensor { a < b.value }
  /// Where a is less than b.
  public static func < (a: Self, b: some TensorHolder) -> Tensor { a.value < b.value }
  /// Where a is less than b, b being a number.
  public static func < (a: Self, b: some ScalarConvertible) -> Tensor { a.value < b }
  /// Where a is less than b, a being a number.
  public static func < (a: some ScalarConvertible, b: Self) -> Tensor { a < b.value }

  /// Where a is at most b.
  public static func <= (a: Self, b: Tensor) -> Tensor { a.value <= b }
  /// Where a is at most b.
  public static func <= (a: Tensor, b: Self) -> Tensor { a <= b.value }
  /// Where a is at most b.
  public static func <= (a: Self, b: some TensorHolder) -> Tensor { a.value <= b.value }
  /// Where a is at most b, b being a number.
  public static func <= (a: Self, b: some ScalarConvertible) -> Tensor { a.value <= b }
  /// Where a is at most b, a being a number.
  public static func <= (a: some ScalarConvertible, b: Self) -> Tensor { a <= b.value }

  /// Where a is greater than b.
  public static func > (a: Self, b: Tensor) -> Tensor { a.value > b }
  /// Where a is greater than b.
  public static func > (a: Tensor, b: Self) -> Tensor { a > b.value }
  /// Where a is greater than b.
  public static func > (a: Self, b: some TensorHolder) -> Tensor { a.value > b.value }
  /// Where a is greater than b, b being a number.
  public static func > (a: Self, b: some ScalarConvertible) -> Tensor { a.value > b }
  /// Where a is greater than b, a being a number.
  public static func > (a: some ScalarConvertible, b: Self) -> Tensor { a > b.value }

  /// Where a is at least b.
  public static func >= (a: Self, b: Tensor) -> Tensor { a.value >= b }
  /// Where a is at least b.
  public static func >= (a: Tensor, b: Self) -> Tensor { a >= b.value }
  /// Where a is at least b.
  public static func >= (a: Self, b: some TensorHolder) -> Tensor { a.value >= b.value }
  /// Where a is at least b, b being a number.
  public static func >= (a: Self, b: some ScalarConvertible) -> Tensor { a.value >= b }
  /// Where a is at least b, a being a number.
  public static func >= (a: some ScalarConvertible, b: Self) -> Tensor { a >= b.value }
}

/// Truth values and bits.
extension TensorHolder {
  /// a and b, of truth values or bits.
  public static func & (a: Self, b: Tensor) -> Tensor { a.value & b }
  /// a and b, of truth values or bits.
  public static func & (a: Tensor, b: Self) -> Tensor { a & b.value }
  /// a and b, of truth values or bits.
  public static func & (a: Self, b: some TensorHolder) -> Tensor { a.value & b.value }
  /// a and b, of truth values or bits, b being a number.
  public static func & (a: Self, b: some ScalarConvertible) -> Tensor { a.value & b }
  /// a and b, of truth values or bits, a being a number.
  public static func & (a: some ScalarConvertible, b: Self) -> Tensor { a & b.value }

  /// a or b, of truth values or bits.
  public static func | (a: Self, b: Tensor) -> Tensor { a.value | b }
  /// a or b, of truth values or bits.
  public static func | (a: Tensor, b: Self) -> Tensor { a | b.value }
  /// a or b, of truth values or bits.
  public static func | (a: Self, b: some TensorHolder) -> Tensor { a.value | b.value }
  /// a or b, of truth values or bits, b being a number.
  public static func | (a: Self, b: some ScalarConvertible) -> Tensor { a.value | b }
  /// a or b, of truth values or bits, a being a number.
  public static func | (a: some ScalarConvertible, b: Self) -> Tensor { a | b.value }
}

/// Assignments to tensors; the old value stays what it was for whoever holds it.
extension Tensor {
  /// Assigns x + y.
  public static func += (x: inout Tensor, y: some TensorHolder) { x = x.replaced(by: x + y.value) }
  /// Assigns x - y.
  public static func -= (x: inout Tensor, y: some TensorHolder) { x = x.replaced(by: x - y.value) }
  /// Assigns x * y.
  public static func *= (x: inout Tensor, y: some TensorHolder) { x = x.replaced(by: x * y.value) }
  /// Assigns x / y.
  public static func /= (x: inout Tensor, y: some TensorHolder) { x = x.replaced(by: x / y.value) }
}
