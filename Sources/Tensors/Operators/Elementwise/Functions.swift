import Foundation

/// The table: name, kernel, what the gradient reads, its one-pass kernel, and its formula.
private enum Rows {
  typealias Row = UnaryOperation
  static let neg = Row.any("neg", .neg, .nothing) { g, _ in -g }
  static let abs = Row.any("abs", .abs, .inputs, fused: .absBackward) {
    $0 * $1.input(0).sign()
  }
  static let square = Row.any("square", .square, .inputs) { $0 * ($1.input(0) * 2) }
  static let sign = Row.any("sign", .sign, .nothing, nil)
  static let floor = Row.any("floor", .floor, .nothing, nil)
  static let ceil = Row.any("ceil", .ceil, .nothing, nil)
  static let round = Row.any("round", .round, .nothing, nil)
  static let trunc = Row.any("trunc", .trunc, .nothing, nil)
  static let frac = Row.float("frac", .frac, .nothing) { g, _ in g }
  static let bitwiseNot = Row.any("bitwise_not", .bitwiseNot, .nothing, nil)

  static let sqrt = Row.float("sqrt", .sqrt, .output, fused: .sqrtBackward) {
    $0 / ($1.output() * 2)
  }
  static let rsqrt = Row.float(
    "rsqrt", .rsqrt, .output, fused: .rsqrtBackward, precision: .full
  ) {
    $0 * $1.output().pow(3) * -0.5
  }
  static let reciprocal = Row.float(
    "reciprocal", .reciprocal, .output, fused: .reciprocalBackward, precision: .full
  ) { -$0 * $1.output().square() }
  static let exp = Row.float("exp", .exp, .output, precision: .full) { $0 * $1.output() }
  static let exp2 = Row.float("exp2", .exp2, .output) { $0 * $1.output() * M_LN2 }
  static let expm1 = Row.float("expm1", .expm1, .output, precision: .full) {
    $0 * ($1.output() + 1)
  }
  static let log = Row.float("log", .log, .inputs, precision: .full) { $0 / $1.input(0) }
  static let log2 = Row.float("log2", .log2, .inputs, precision: .full) {
    $0 / ($1.input(0) * M_LN2)
  }
  static let log10 = Row.float("log10", .log10, .inputs, precision: .full) {
    $0 / ($1.input(0) * M_LN10)
  }
  static let log1p = Row.float("log1p", .log1p, .inputs, precision: .full) {
    $0 / ($1.input(0) + 1)
  }

  static let sin = Row.float("sin", .sin, .inputs, fused: .sinBackward) {
    $0 * $1.input(0).cos()
  }
  static let cos = Row.float("cos", .cos, .inputs, fused: .cosBackward) {
    -$0 * $1.input(0).sin()
  }
  static let tan = Row.float("tan", .tan, .output, precision: .full) {
    $0 * ($1.output().square() + 1)
  }
  static let asin = Row.float("asin", .asin, .inputs, precision: .full) {
    $0 * (1 - $1.input(0).square()).rsqrt()
  }
  static let acos = Row.float("acos", .acos, .inputs, precision: .full) {
    -$0 * (1 - $1.input(0).square()).rsqrt()
  }
  static let atan = Row.float("atan", .atan, .inputs) { $0 / ($1.input(0).square() + 1) }
  static let sinh = Row.float("sinh", .sinh, .inputs, precision: .full) {
    $0 * $1.input(0).cosh()
  }
  static let cosh = Row.float("cosh", .cosh, .inputs, precision: .full) {
    $0 * $1.input(0).sinh()
  }
  static let tanh = Row.float("tanh", .tanh, .output, fused: .tanhBackward) {
    $0 * (1 - $1.output().square())
  }
  static let asinh = Row.float("asinh", .asinh, .inputs) {
    $0 * ($1.input(0).square() + 1).rsqrt()
  }
  static let acosh = Row.float("acosh", .acosh, .inputs) {
    $0 * ($1.input(0).square() - 1).rsqrt()
  }
  static let atanh = Row.float("atanh", .atanh, .inputs) { $0 / (1 - $1.input(0).square()) }

  static let erf = Row.float("erf", .erf, .inputs, fused: .erfBackward) {
    $0 * (-$1.input(0).square()).exp() * M_2_SQRTPI
  }
  static let erfc = Row.float("erfc", .erfc, .inputs) {
    $0 * (-$1.input(0).square()).exp() * -M_2_SQRTPI
  }
  static let erfinv = Row.float("erfinv", .erfinv, .output, precision: .full) {
    $0 * $1.output().square().exp() / M_2_SQRTPI
  }
  static let lgamma = Row.float("lgamma", .lgamma, .inputs) { $0 * $1.input(0).digamma() }
  static let sinc = Row.float("sinc", .sinc, .inputs) { g, node in
    let x = node.input(0) * Double.pi
    // Divided twice: x² would be 0 where x is small.
    let slope = (x * x.cos() - x.sin()) / x / x * Double.pi
    return g * Tensor.where(x.eq(0), slope.zerosLike(), slope)
  }
  static let deg2rad = Row.float("deg2rad", .deg2rad, .nothing) { g, _ in g * (Double.pi / 180)
  }
  static let rad2deg = Row.float("rad2deg", .rad2deg, .nothing) { g, _ in g * (180 / Double.pi)
  }

  static let sigmoid = Row.float("sigmoid", .sigmoid, .output, fused: .sigmoidBackward) {
    let y = $1.output()
    return $0 * (y * (1 - y))
  }
  static let logit = ParametricOperation("logit", .logit, fused: .logitBackward) {
    g, x, eps, _ in
    let slope = g / (x * (1 - x))
    if eps < 0 { return Tensor.where(x.lt(0).logicalOr(x.gt(1)), Double.nan, slope) }
    return Tensor.where(x.lt(eps).logicalOr(x.gt(1 - eps)), 0.0, slope)
  }
  static let relu = Row.any("relu", .relu, .output, fused: .reluBackward, readsEither: true) {
    $0 * $1.resultOrInput().gt(0).to($0.dtype)
  }
}

extension Tensor {
  /// -x (`torch.neg`).
  public static prefix func - (x: Tensor) -> Tensor { Rows.neg(x) }
  /// -x (`torch.neg`).
  public func neg() -> Tensor { Rows.neg(self) }
  /// x itself (`torch.positive`); bool tensors have no sign.
  public static prefix func + (x: Tensor) -> Tensor {
    require(x.dtype != .bool, "positive", "not defined for bool")
    return x
  }
  /// |x|; the gradient at 0 is 0.
  public func abs() -> Tensor { Rows.abs(self) }
  /// x²; bools count as integers.
  public func square() -> Tensor { Rows.square(dtype == .bool ? to(.int64) : self) }
  /// -1, 0 or 1 by sign; the gradient is 0.
  public func sign() -> Tensor { Rows.sign(self) }
  /// ⌊x⌋; the gradient is 0.
  public func floor() -> Tensor { Rows.floor(self) }
  /// ⌈x⌉; the gradient is 0.
  public func ceil() -> Tensor { Rows.ceil(self) }
  /// The nearest whole number, halves to even; the gradient is 0.
  public func round() -> Tensor { Rows.round(self) }
  /// x rounded towards zero; the gradient is 0.
  public func trunc() -> Tensor { Rows.trunc(self) }
  /// x - trunc(x).
  public func frac() -> Tensor { Rows.frac(self) }
  /// The complement of every bit; of a bool, its negation.
  public func bitwiseNot() -> Tensor { Rows.bitwiseNot(self) }
  /// √x.
  public func sqrt() -> Tensor { Rows.sqrt(self) }
  /// 1 / √x.
  public func rsqrt() -> Tensor { Rows.rsqrt(self) }
  /// 1 / x.
  public func reciprocal() -> Tensor { Rows.reciprocal(self) }
  /// eˣ.
  public func exp() -> Tensor { Rows.exp(self) }
  /// 2ˣ.
  public func exp2() -> Tensor { Rows.exp2(self) }
  /// eˣ - 1, precise near 0.
  public func expm1() -> Tensor { Rows.expm1(self) }
  /// The natural logarithm.
  public func log() -> Tensor { Rows.log(self) }
  /// The logarithm to base 2.
  public func log2() -> Tensor { Rows.log2(self) }
  /// The logarithm to base 10.
  public func log10() -> Tensor { Rows.log10(self) }
  /// log(1 + x), precise near 0.
  public func log1p() -> Tensor { Rows.log1p(self) }
  /// The sine of x in radians.
  public func sin() -> Tensor { Rows.sin(self) }
  /// The cosine of x in radians.
  public func cos() -> Tensor { Rows.cos(self) }
  /// The tangent of x in radians.
  public func tan() -> Tensor { Rows.tan(self) }
  /// The inverse sine, in radians.
  public func asin() -> Tensor { Rows.asin(self) }
  /// The inverse cosine, in radians.
  public func acos() -> Tensor { Rows.acos(self) }
  /// The inverse tangent, in radians.
  public func atan() -> Tensor { Rows.atan(self) }
  /// The hyperbolic sine.
  public func sinh() -> Tensor { Rows.sinh(self) }
  /// The hyperbolic cosine.
  public func cosh() -> Tensor { Rows.cosh(self) }
  /// The hyperbolic tangent.
  public func tanh() -> Tensor { Rows.tanh(self) }
  /// The inverse hyperbolic sine.
  public func asinh() -> Tensor { Rows.asinh(self) }
  /// The inverse hyperbolic cosine.
  public func acosh() -> Tensor { Rows.acosh(self) }
  /// The inverse hyperbolic tangent.
  public func atanh() -> Tensor { Rows.atanh(self) }
  /// The error function 2/√π ∫₀ˣ exp(-t²) dt.
  public func erf() -> Tensor { Rows.erf(self) }
  /// 1 - erf(x), precise for large x.
  public func erfc() -> Tensor { Rows.erfc(self) }
  /// The inverse of ``erf()``.
  public func erfinv() -> Tensor { Rows.erfinv(self) }
  /// log |Γ(x)|.
  public func lgamma() -> Tensor { Rows.lgamma(self) }
  /// sin(πx) / (πx), and 1 at 0.
  public func sinc() -> Tensor { Rows.sinc(self) }
  /// x · π/180.
  public func deg2rad() -> Tensor { Rows.deg2rad(self) }
  /// x · 180/π.
  public func rad2deg() -> Tensor { Rows.rad2deg(self) }
  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor { Rows.sigmoid(self) }
  /// max(x, 0).
  public func relu() -> Tensor { Rows.relu(self) }

  /// The logistic function's inverse log(x / (1 - x)), x first clamped to [eps, 1 - eps] where eps is
  /// given (`torch.logit`).
  public func logit(eps: Double? = nil) -> Tensor { Rows.logit(self, eps ?? -1) }

  /// The nearest number with so many decimals, halves to even (`torch.round`); a negative count
  /// rounds to tens, hundreds and so on. The gradient is 0.
  public func round(decimals: Int) -> Tensor {
    if decimals == 0 { return round() }
    require(dtype.isFloatingPoint, "round", "decimals need a floating-point tensor, not \(dtype)")
    let scale = Foundation.pow(10, Double(Swift.abs(decimals)))
    return decimals > 0 ? (self * scale).round() / scale : (self / scale).round() * scale
  }

  /// NaN and the infinities replaced by numbers (`torch.nan_to_num`).
  /// - Parameters:
  ///   - nan: What stands for NaN.
  ///   - posinf: What stands for +∞; by default the dtype's largest number.
  ///   - neginf: What stands for -∞; by default the dtype's lowest number.
  public func nanToNum(
    nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil
  ) -> Tensor {
    guard dtype.isFloatingPoint else { return self }
    return Tensor.record(NaNToNumber(nan: nan, posinf: posinf, neginf: neginf), [self])
  }
}

/// NaN and the infinities replaced by numbers, by default the infinities by the outermost ones.
private struct NaNToNumber: TensorOperation {
  let nan: Double
  let posinf: Double?
  let neginf: Double?
  var name: String { "nan_to_num" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0].bare
    let largest = x.dtype.greatestFinite ?? .infinity
    return x.maskedFill(x.isNaN(), nan).maskedFill(x.isPosInf(), posinf ?? largest)
      .maskedFill(x.isNegInf(), neginf ?? -largest)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.maskedFill(node.input(0).isFinite().logicalNot(), 0)]
  }
}

extension DType {
  /// The largest number of a floating-point type; nil for others.
  var greatestFinite: Double? {
    switch self {
    case .float32: Double(Float.greatestFiniteMagnitude)
    case .float64: Double.greatestFiniteMagnitude
    case .bfloat16: Double(BFloat16(bitPattern: 0x7f7f).float)
    case .float16: 65504
    default: nil
    }
  }
}
