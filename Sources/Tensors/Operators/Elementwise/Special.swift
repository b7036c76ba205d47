import Foundation

private enum Rows {
  static let polygamma = ParametricOperation("polygamma", .polygamma, fused: nil) {
    g, x, n, _ in
    g * x.polygamma(Int(n) + 1)
  }
  static let i0 = UnaryOperation.float("i0", .i0, .inputs) { $0 * $1.input(0).i1() }
  static let i1 = UnaryOperation.float("i1", .i1, [.inputs, .output]) { g, node in
    // I₁' = I₀ - I₁ / x
    let x = node.input(0)
    return g * (x.i0() - ratio(node.output(), x))
  }
  static let i0e = UnaryOperation.float("i0e", .i0e, [.inputs, .output]) { g, node in
    let x = node.input(0)
    return g * (x.i1e() - x.sign() * node.output())
  }
  static let i1e = UnaryOperation.float("i1e", .i1e, [.inputs, .output]) { g, node in
    let x = node.input(0)
    return g * (x.i0e() - ratio(node.output(), x) - x.sign() * node.output())
  }
  static let erfcx = UnaryOperation.float("erfcx", .erfcx, [.inputs, .output]) { g, node in
    g * (node.input(0) * node.output() * 2 - M_2_SQRTPI)
  }
  static let logNdtr = UnaryOperation.float("log_ndtr", .logNdtr, .inputs) { g, node in
    // The density through Φ: both are tiny where their quotient is not.
    g * (2 / Double.pi).squareRoot() / (node.input(0) * -0.5.squareRoot()).erfcx()
  }
  static let ndtri = UnaryOperation.float("ndtri", .ndtri, .output) { g, node in
    g * (2 * Double.pi).squareRoot() * (node.output().square() / 2).exp()
  }
  static let zeta = BinaryOperation("special_zeta", .zeta, .input(0, 1), floats: true) {
    g, node in
    require(
      !node.needsGradient(0), "zeta", "the derivative by the first argument is not defined")
    let (s, q) = (node.input(0), node.input(1))
    return [nil, g * (-s * (s + 1).zeta(q))]
  }

  /// I₁(x) / x, which is ½ at 0; its derivative is finite there.
  private static func ratio(_ y: Tensor, _ x: Tensor) -> Tensor {
    let isZero = x.eq(0)
    return Tensor.where(isZero, 0.5, y / x.maskedFill(isZero, 1))
  }
}

/// Functions of `torch.special` beyond the elementary ones.
extension Tensor {
  /// The derivative of ``lgamma()`` (`torch.digamma`).
  public func digamma() -> Tensor { polygamma(0) }

  /// The n-th derivative of ``digamma()`` (`torch.polygamma`).
  public func polygamma(_ n: Int) -> Tensor {
    require(n >= 0, "polygamma", "the order must not be negative: \(n)")
    return Rows.polygamma(self, Double(n))
  }

  /// log Γₚ(x), the multivariate gamma function of dimension p (`torch.mvlgamma`):
  /// p(p-1)/4 log π + Σ log Γ(x - j/2) for j below p.
  public func mvlgamma(_ p: Int) -> Tensor {
    require(p >= 1, "mvlgamma", "the dimension must be positive, not \(p)")
    let offset = Double(p * (p - 1)) / 4 * Foundation.log(Double.pi)
    return (0..<p).reduce(Tensor.full([], offset, dtype: dtype.floating)) { sum, j in
      sum + (self - Double(j) / 2).lgamma()
    }
  }

  /// The modified Bessel function of the first kind of order 0 (`torch.i0`).
  public func i0() -> Tensor { Rows.i0(self) }

  /// The modified Bessel function of the first kind of order 1 (`torch.special.i1`).
  public func i1() -> Tensor { Rows.i1(self) }

  /// e^-|x| ``i0()`` (`torch.special.i0e`).
  public func i0e() -> Tensor { Rows.i0e(self) }

  /// e^-|x| ``i1()`` (`torch.special.i1e`).
  public func i1e() -> Tensor { Rows.i1e(self) }

  /// Hurwitz's zeta function Σ (q + k)^-x over k from 0 (`torch.special.zeta`); differentiable by q.
  public func zeta(_ q: some Operand) -> Tensor { Rows.zeta(self, q) }

  /// -x log x, 0 at 0 and -∞ below (`torch.special.entr`).
  public func entr() -> Tensor { Tensor.where(lt(0), -Double.infinity, -xlogy(self)) }

  /// The normal distribution function (1 + erf(x / √2)) / 2 (`torch.special.ndtr`).
  public func ndtr() -> Tensor { (self * -0.5.squareRoot()).erfc() * 0.5 }

  /// log Φ(x), the logarithm of ``ndtr()``, precise where Φ is tiny (`torch.special.log_ndtr`).
  public func logNdtr() -> Tensor { Rows.logNdtr(self) }

  /// The inverse of ``ndtr()``: where the normal distribution function is p, ±∞ at 0 and 1 and NaN
  /// outside of them (`torch.special.ndtri`).
  public func ndtri() -> Tensor { Rows.ndtri(self) }

  /// e^x² ``erfc()``, precise for large x (`torch.special.erfcx`).
  public func erfcx() -> Tensor { Rows.erfcx(self) }
}
