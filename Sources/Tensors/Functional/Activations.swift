import Foundation

/// The table: kernel, one-pass gradient, and the gradient's formula. p0 and p1 are the parameters
/// that the kernel's description names.
private enum Rows {
  typealias Row = ParametricOperation
  static let gelu = Row("gelu", .gelu, fused: .geluBackward) { g, x, _, _ in
    let cdf = ((x * 0.5.squareRoot()).erf() + 1) * 0.5
    return g * (cdf + x * (x.square() * -0.5).exp() * (1 / (2 * Double.pi).squareRoot()))
  }
  static let geluTanh = Row("gelu_tanh", .geluTanh, fused: .geluTanhBackward) {
    g, x, _, _ in
    let k = (2 / Double.pi).squareRoot()
    let t = ((x + x.pow(3) * 0.044715) * k).tanh()
    let slope = (x.square() * (3 * 0.044715) + 1) * k
    return g * ((t + 1) * 0.5 + x * 0.5 * (1 - t.square()) * slope)
  }
  static let silu = Row("silu", .silu, fused: .siluBackward) { g, x, _, _ in
    let s = x.sigmoid()
    return g * (s * (x * (1 - s) + 1))
  }
  static let mish = Row("mish", .mish, fused: .mishBackward) { g, x, _, _ in
    let t = softplus(x, 1, 20).tanh()
    return g * (t + x * x.sigmoid() * (1 - t.square()))
  }
  static let softplus = Row(
    "softplus", .softplus, fused: .softplusBackward, precision: .full
  ) { g, x, beta, threshold in
    let scaled = x * beta
    return Tensor.where(scaled.gt(threshold), g, g * scaled.sigmoid())
  }
  static let logSigmoid = Row("log_sigmoid", .logSigmoid, fused: .logSigmoidBackward) {
    g, x, _, _ in g * (-x).sigmoid()
  }
  static let elu = Row("elu", .elu, fused: .eluBackward) { g, x, alpha, _ in
    Tensor.where(x.gt(0), g, g * negative(x).exp() * alpha)
  }
  static let celu = Row("celu", .celu, fused: .celuBackward) { g, x, alpha, _ in
    Tensor.where(x.gt(0), g, g * (negative(x) / alpha).exp())
  }
  static let selu = Row("selu", .selu, fused: .seluBackward) { g, x, _, _ in
    Tensor.where(x.gt(0), g * seluScale, g * negative(x).exp() * (seluScale * seluAlpha))
  }
  static let leakyReLU = Row("leaky_relu", .leakyRelu, fused: .leakyReluBackward) {
    g, x, slope, _ in Tensor.where(x.gt(0), g, g * slope)
  }
  static let hardtanh = Row("hardtanh", .clamp, fused: .hardtanhBackward) {
    g, x, low, high in g * x.gt(low).logicalAnd(x.lt(high)).to(g.dtype)
  }
  static let hardsigmoid = Row("hardsigmoid", .hardsigmoid, fused: .hardsigmoidBackward) {
    g, x, _, _ in g * x.gt(-3).logicalAnd(x.lt(3)).to(g.dtype) * (1.0 / 6)
  }
  static let hardswish = Row("hardswish", .hardswish, fused: .hardswishBackward) {
    g, x, _, _ in
    let inner = Tensor.where(x.lt(3), g * (x / 3 + 0.5), g)
    return Tensor.where(x.le(-3), g.zerosLike(), inner)
  }
  static let hardshrink = Row("hardshrink", .hardshrink, fused: .shrinkBackward) {
    g, x, lambda, _ in g * x.abs().gt(lambda).to(g.dtype)
  }
  static let softshrink = Row("softshrink", .softshrink, fused: .shrinkBackward) {
    g, x, lambda, _ in g * x.abs().gt(lambda).to(g.dtype)
  }
  static let softsign = Row("softsign", .softsign, fused: .softsignBackward) {
    g, x, _, _ in g / (x.abs() + 1).square()
  }
  static let tanhshrink = Row("tanhshrink", .tanhshrink, fused: .tanhshrinkBackward) {
    g, x, _, _ in g * x.tanh().square()
  }
  static let threshold = Row("threshold", .threshold, fused: .thresholdBackward) {
    g, x, threshold, _ in g * x.gt(threshold).to(g.dtype)
  }

  /// x where it is negative, else 0: keeps the unused side of a `where` finite.
  static func negative(_ x: Tensor) -> Tensor { x.minimum(Tensor.full([], 0.0, dtype: x.dtype)) }
}

/// The constants with which a self-normalizing network keeps mean 0 and variance 1.
let seluAlpha = 1.6732632423543772848170429916717
let seluScale = 1.0507009873554804934193349852946

/// Integers as floats where a function leaves the integers.
private func floating(_ x: Tensor) -> Tensor { x.dtype.isFloatingPoint ? x : x.to(.float32) }

extension F {
  /// max(x, 0).
  public static func relu(_ x: Tensor) -> Tensor { x.relu() }

  /// min(max(x, 0), 6).
  public static func relu6(_ x: Tensor) -> Tensor { hardtanh(x, minVal: 0, maxVal: 6) }

  /// How ``gelu(_:approximate:)`` computes the normal distribution.
  public enum GELUApproximation: String, Sendable {
    /// By erf, exactly.
    case none
    /// By tanh, as GPT-2 does.
    case tanh
  }

  /// x Φ(x), the Gaussian error linear unit (Hendrycks & Gimpel 2016).
  public static func gelu(_ x: Tensor, approximate: GELUApproximation = .none) -> Tensor {
    approximate == .none ? Rows.gelu(x) : Rows.geluTanh(x)
  }

  /// x sigmoid(x), also called swish.
  public static func silu(_ x: Tensor) -> Tensor { Rows.silu(x) }

  /// x tanh(softplus(x)) (Misra 2019).
  public static func mish(_ x: Tensor) -> Tensor { Rows.mish(x) }

  /// 1 / (1 + e⁻ˣ).
  public static func sigmoid(_ x: Tensor) -> Tensor { x.sigmoid() }

  /// log sigmoid(x), computed stably.
  public static func logSigmoid(_ x: Tensor) -> Tensor { Rows.logSigmoid(x) }

  /// The hyperbolic tangent.
  public static func tanh(_ x: Tensor) -> Tensor { x.tanh() }

  /// log(1 + e^(βx)) / β, and x itself where βx is above the threshold.
  public static func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor {
    Rows.softplus(x, beta, threshold)
  }

  /// x, and α (eˣ - 1) where x ≤ 0 (Clevert et al. 2015).
  public static func elu(_ x: Tensor, alpha: Double = 1) -> Tensor { Rows.elu(x, alpha) }

  /// x, and α (e^(x/α) - 1) where x ≤ 0: an ELU with a continuous slope (Barron 2017).
  public static func celu(_ x: Tensor, alpha: Double = 1) -> Tensor {
    require(alpha != 0, "celu", "alpha must not be 0")
    return Rows.celu(x, alpha)
  }

  /// A scaled ELU that keeps mean 0 and variance 1 (Klambauer et al. 2017).
  public static func selu(_ x: Tensor) -> Tensor { Rows.selu(x) }

  /// x, and slope · x where x ≤ 0.
  public static func leakyReLU(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor {
    Rows.leakyReLU(x, negativeSlope)
  }

  /// min(max(x, low), high); the gradient at both bounds is 0.
  public static func hardtanh(_ x: Tensor, minVal min: Double = -1, maxVal max: Double = 1)
    -> Tensor
  {
    require(min <= max, "hardtanh", "the lower bound \(min) lies above the upper one \(max)")
    if x.dtype.isFloatingPoint { return Rows.hardtanh(x, min, max) }
    let bounds = IntegerClamp(min: min.rounded(.towardZero), max: max.rounded(.towardZero))
    return Tensor.record(bounds, [x])
  }

  /// relu6(x + 3) / 6.
  public static func hardsigmoid(_ x: Tensor) -> Tensor { Rows.hardsigmoid(x) }

  /// x relu6(x + 3) / 6 (Howard et al. 2019).
  public static func hardswish(_ x: Tensor) -> Tensor { Rows.hardswish(x) }

  /// x, and 0 where |x| ≤ λ.
  public static func hardshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor {
    Rows.hardshrink(x, lambda)
  }

  /// x moved towards 0 by λ, and 0 where |x| ≤ λ.
  public static func softshrink(_ x: Tensor, lambda: Double = 0.5) -> Tensor {
    require(lambda >= 0, "softshrink", "lambda must not be negative: \(lambda)")
    return Rows.softshrink(x, lambda)
  }

  /// x / (1 + |x|).
  public static func softsign(_ x: Tensor) -> Tensor { Rows.softsign(floating(x)) }

  /// x - tanh(x).
  public static func tanhshrink(_ x: Tensor) -> Tensor { Rows.tanhshrink(floating(x)) }

  /// x where it is above the threshold, else a value.
  public static func threshold(_ x: Tensor, _ threshold: Double, _ value: Double) -> Tensor {
    if x.dtype.isFloatingPoint { return Rows.threshold(x, threshold, value) }
    return Tensor.where(
      x.gt(Scalar.double(threshold).int), x, Tensor.full([], Int(value), dtype: x.dtype))
  }

  /// x, and w · x where x ≤ 0, with a learned w (He et al. 2015).
  /// - Parameters:
  ///   - x: Of any shape.
  ///   - weight: One factor, or one for each channel: dimension 1 of x.
  public static func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor {
    let name = "prelu"
    require(weight.rank <= 1, name, "a weight of one dimension is expected, not \(weight.shape)")

    var w = weight
    if weight.count != 1 {
      let channels = x.rank > 1 ? x.shape[1] : x.rank == 1 ? 1 : 0
      require(
        weight.count == channels, name, "\(weight.count) factors for \(channels) channels")
      w = weight.reshaped([-1] + [Int](repeating: 1, count: Swift.max(x.rank - 2, 0)))
    } else {
      w = weight.reshaped([])
    }
    return Tensor.record(PReLU(), [x, w])
  }

  /// a · sigmoid(b), where a and b are the halves of x along a dimension (Dauphin et al. 2016).
  public static func glu(_ x: Tensor, dim: Int = -1) -> Tensor {
    require(x.rank > 0, "glu", "a scalar tensor has no halves")
    let size = x.size(dim)
    require(size % 2 == 0, "glu", "a size of \(size) in dimension \(dim) has no halves")
    let halves = x.split([size / 2, size / 2], dim: dim)
    return halves[0] * halves[1].sigmoid()
  }

  /// Leaky ReLU whose slope is drawn anew for every element on [lower, upper) while training, and
  /// their mean otherwise (Xu et al. 2015).
  public static func rrelu(
    _ x: Tensor, lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false,
    generator: Generator? = nil
  ) -> Tensor {
    require(lower <= upper, "rrelu", "the lower bound \(lower) lies above the upper one \(upper)")
    guard training else { return leakyReLU(x, negativeSlope: (lower + upper) / 2) }
    // PyTorch draws for the elements that are not positive alone, in row-major order.
    let places = x.le(0)
    let draws = Tensor.uniform(
      [places.nonzero().shape[0]], from: lower, to: upper, dtype: .float64, generator: generator)
    let ones = Tensor.ones(x.shape, dtype: .float64)
    let slopes = ones.indexPut([places], values: draws)
    return x * slopes.to(x.dtype)
  }
}

/// Whole numbers brought between two of them.
private struct IntegerClamp: ConstantOperation {
  let min: Double
  let max: Double
  var name: String { "hardtanh" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.unary(name, .clamp, inputs[0], min, max)
  }
}

/// x, and w x where x ≤ 0: operands are x and w, which broadcasts.
private struct PReLU: TensorOperation {
  var precision: PrecisionClass { .reduced }
  var name: String { "prelu" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let (x, w) = (inputs[0].bare, inputs[1].bare)
    require(
      x.dtype == w.dtype, name, "input and weight differ in dtype: \(x.dtype) and \(w.dtype)")
    return noGrad { Tensor.where(x.gt(0), x, w * x) }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (x, w) = (node.input(0), node.input(1))
    let isPositive = x.gt(0)
    return [
      node.needsGradient(0) ? Tensor.where(isPositive, g, g * w) : nil,
      node.needsGradient(1) ? Tensor.where(isPositive, 0.0, g * x) : nil,
    ]
  }
}
