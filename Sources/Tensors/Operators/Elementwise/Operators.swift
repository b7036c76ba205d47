/// Python's operators between tensors, and between tensors and numbers, elementwise and broadcast.
///
/// `==` has to be a truth value in Swift, so that elementwise equality is `.==`.

/// Raises to a power. Binds tighter than `*` and to the right, as in Python; but a sign binds tighter
/// still, so that `-x ** 2` is (-x)², where Python's is -(x²).
infix operator ** : ExponentiationPrecedence

/// Tighter than multiplication; `a ** b ** c` is `a ** (b ** c)`.
precedencegroup ExponentiationPrecedence {
  associativity: right
  higherThan: BitwiseShiftPrecedence
}

/// Comparisons: bool tensors outside the graph.
extension Tensor {
  /// Where a equals b (`a == b` in PyTorch).
  public static func .== (a: Tensor, b: Tensor) -> Tensor { a.eq(b) }
  /// Where x equals a number.
  public static func .== (x: Tensor, s: some ScalarConvertible) -> Tensor { x.eq(s) }
  /// Where a number equals x.
  public static func .== (s: some ScalarConvertible, x: Tensor) -> Tensor { x.eq(s) }

  /// Where a differs from b (`a != b` in PyTorch).
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { a.ne(b) }
  /// Where x differs from a number.
  public static func .!= (x: Tensor, s: some ScalarConvertible) -> Tensor { x.ne(s) }
  /// Where a number differs from x.
  public static func .!= (s: some ScalarConvertible, x: Tensor) -> Tensor { x.ne(s) }

  /// Where a is less than b (`a < b` in PyTorch).
  public static func < (a: Tensor, b: Tensor) -> Tensor { a.lt(b) }
  /// Where x is less than a number.
  public static func < (x: Tensor, s: some ScalarConvertible) -> Tensor { x.lt(s) }
  /// Where a number is less than x.
  public static func < (s: some ScalarConvertible, x: Tensor) -> Tensor { x.gt(s) }

  /// Where a is at most b (`a <= b` in PyTorch).
  public static func <= (a: Tensor, b: Tensor) -> Tensor { a.le(b) }
  /// Where x is at most a number.
  public static func <= (x: Tensor, s: some ScalarConvertible) -> Tensor { x.le(s) }
  /// Where a number is at most x.
  public static func <= (s: some ScalarConvertible, x: Tensor) -> Tensor { x.ge(s) }

  /// Where a is greater than b (`a > b` in PyTorch).
  public static func > (a: Tensor, b: Tensor) -> Tensor { a.gt(b) }
  /// Where x is greater than a number.
  public static func > (x: Tensor, s: some ScalarConvertible) -> Tensor { x.gt(s) }
  /// Where a number is greater than x.
  public static func > (s: some ScalarConvertible, x: Tensor) -> Tensor { x.lt(s) }

  /// Where a is at least b (`a >= b` in PyTorch).
  public static func >= (a: Tensor, b: Tensor) -> Tensor { a.ge(b) }
  /// Where x is at least a number.
  public static func >= (x: Tensor, s: some ScalarConvertible) -> Tensor { x.ge(s) }
  /// Where a number is at least x.
  public static func >= (s: some ScalarConvertible, x: Tensor) -> Tensor { x.le(s) }
}

extension Tensor {
  /// Not elementwise, and so not here: `.==` compares elementwise, ``equal(_:)`` compares as a whole.
  @available(
    *, unavailable, message: "use .== to compare elementwise, a.equal(b) to compare as a whole"
  )
  public static func == (a: Tensor, b: Tensor) -> Bool { a.equal(b) }
  /// Not elementwise, and so not here: `.!=` compares elementwise, ``equal(_:)`` compares as a whole.
  @available(
    *, unavailable, message: "use .!= to compare elementwise, !a.equal(b) to compare as a whole"
  )
  public static func != (a: Tensor, b: Tensor) -> Bool { !a.equal(b) }
}

/// Bits of integers; for bools, logic.
extension Tensor {
  /// Bits that are set in both; of bools, and (``bitwiseAnd(_:)``).
  public static func & (a: Tensor, b: Tensor) -> Tensor { a.bitwiseAnd(b) }
  /// Bits that are set in both.
  public static func & (x: Tensor, s: some ScalarConvertible) -> Tensor { x.bitwiseAnd(s) }
  /// Bits that are set in both.
  public static func & (s: some ScalarConvertible, x: Tensor) -> Tensor { x.bitwiseAnd(s) }

  /// Bits that are set in one or both; of bools, or (``bitwiseOr(_:)``).
  public static func | (a: Tensor, b: Tensor) -> Tensor { a.bitwiseOr(b) }
  /// Bits that are set in one or both.
  public static func | (x: Tensor, s: some ScalarConvertible) -> Tensor { x.bitwiseOr(s) }
  /// Bits that are set in one or both.
  public static func | (s: some ScalarConvertible, x: Tensor) -> Tensor { x.bitwiseOr(s) }

  /// Bits that are set in just one; of bools, whether they differ (``bitwiseXor(_:)``).
  public static func ^ (a: Tensor, b: Tensor) -> Tensor { a.bitwiseXor(b) }
  /// Bits that are set in just one.
  public static func ^ (x: Tensor, s: some ScalarConvertible) -> Tensor { x.bitwiseXor(s) }
  /// Bits that are set in just one.
  public static func ^ (s: some ScalarConvertible, x: Tensor) -> Tensor { x.bitwiseXor(s) }

  /// Bits turned over; of bools, not (``bitwiseNot()``).
  public static prefix func ~ (x: Tensor) -> Tensor { x.bitwiseNot() }
  /// Not, of bools; the same as `~`.
  @available(*, unavailable, message: "use ~ to negate a tensor of truth values")
  public static prefix func ! (x: Tensor) -> Tensor { x.bitwiseNot() }

  /// a · 2ᵇ in bits (``bitwiseLeftShift(_:)``).
  public static func << (a: Tensor, b: Tensor) -> Tensor { a.bitwiseLeftShift(b) }
  /// a · 2ᵇ in bits, b being a number.
  public static func << (x: Tensor, s: some ScalarConvertible) -> Tensor { x.bitwiseLeftShift(s) }
  /// a · 2ᵇ in bits, a being a number.
  public static func << (s: some ScalarConvertible, x: Tensor) -> Tensor {
    s.operand(beside: x).bitwiseLeftShift(x)
  }

  /// ⌊a / 2ᵇ⌋ in bits (``bitwiseRightShift(_:)``).
  public static func >> (a: Tensor, b: Tensor) -> Tensor { a.bitwiseRightShift(b) }
  /// ⌊a / 2ᵇ⌋ in bits, b being a number.
  public static func >> (x: Tensor, s: some ScalarConvertible) -> Tensor { x.bitwiseRightShift(s) }
  /// ⌊a / 2ᵇ⌋ in bits, a being a number.
  public static func >> (s: some ScalarConvertible, x: Tensor) -> Tensor {
    s.operand(beside: x).bitwiseRightShift(x)
  }
}

/// Remainders and powers.
extension Tensor {
  /// a - b ⌊a / b⌋, with the sign of b, as in Python (``remainder(_:)``).
  public static func % (a: Tensor, b: Tensor) -> Tensor { a.remainder(b) }
  /// The remainder of x by a number.
  public static func % (x: Tensor, s: some ScalarConvertible) -> Tensor { x.remainder(s) }
  /// The remainder of a number by x.
  public static func % (s: some ScalarConvertible, x: Tensor) -> Tensor {
    s.operand(beside: x).remainder(x)
  }

  /// aᵇ (`pow`).
  public static func ** (a: Tensor, b: Tensor) -> Tensor { a.pow(b) }
  /// x to the power of a number.
  public static func ** (x: Tensor, s: some ScalarConvertible) -> Tensor { x.pow(s) }
  /// A number to the power of x.
  public static func ** (s: some ScalarConvertible, x: Tensor) -> Tensor { .pow(s, x) }
}

/// Assignments: the old value stays what it was for whoever holds it.
extension Tensor {
  /// Assigns x & y.
  public static func &= (x: inout Tensor, y: Tensor) { x = x & y }
  /// Assigns x | y.
  public static func |= (x: inout Tensor, y: Tensor) { x = x | y }
  /// Assigns x ^ y.
  public static func ^= (x: inout Tensor, y: Tensor) { x = x ^ y }
  /// Assigns x % y.
  public static func %= (x: inout Tensor, y: Tensor) { x = x % y }
  /// Assigns x % s.
  public static func %= (x: inout Tensor, s: some ScalarConvertible) { x = x % s }
}
