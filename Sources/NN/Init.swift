import Foundation
import Tensors

/// Initial values for parameters (`torch.nn.init`), drawn as PyTorch draws them.
public enum Init {
  /// Whether nothing is drawn or filled in here, because values will be read: memory that is
  /// overwritten anyway is then not touched before.
  @TaskLocal package static var isSkipped = false

  /// Whether values are drawn where they are first read.
  @TaskLocal private static var isPostponed = false

  /// Runs a body in which parameters are made without their values: these are drawn where they are first read
  /// (`torch.device("meta")` and what follows it). Generators go on as if they had been drawn at once, so that values
  /// are the same bits.
  ///
  /// A fully sharded model that is made so takes its parameters up unit by unit, so that no rank has all of them:
  /// `let model = Init.postponed { CharGPT(vocabulary: 65, context: 256) }`.
  ///
  /// Only ``uniform(_:from:to:generator:)``, ``normal(_:mean:std:generator:)`` and what is made of them postpone; other
  /// values are there at once.
  public static func postponed<Result>(_ body: () throws -> Result) rethrows -> Result {
    let result = try $isPostponed.withValue(true) { try body() }
    // What parameters had before their values were postponed.
    emptyCache()
    return result
  }

  /// Has values drawn later where that is wanted and can be.
  private static func postpones(_ parameter: Parameter, _ draw: () -> PostponedDraw?) -> Bool {
    guard isPostponed, parameter.derivation == nil, let numbers = draw() else { return false }
    parameter.postpone { numbers.numbers() }
    return true
  }

  /// Uniform on [from, to).
  public static func uniform(
    _ parameter: Parameter, from: Double = 0, to: Double = 1, generator: Generator? = nil
  ) {
    if isSkipped { return }
    let (shape, dtype) = (parameter.shape, parameter.dtype)
    if postpones(
      parameter,
      { .uniform(shape, from: from, to: to, dtype: dtype, generator: generator) })
    {
      return
    }
    parameter.assign(
      .uniform(parameter.shape, from: from, to: to, dtype: parameter.dtype, generator: generator))
  }

  /// Normal with a mean and a standard deviation.
  public static func normal(
    _ parameter: Parameter, mean: Double = 0, std: Double = 1, generator: Generator? = nil
  ) {
    if isSkipped { return }
    let (shape, dtype) = (parameter.shape, parameter.dtype)
    if postpones(
      parameter, { .normal(shape, mean: mean, std: std, dtype: dtype, generator: generator) })
    {
      return
    }
    parameter.assign(
      .normal(parameter.shape, mean: mean, std: std, dtype: parameter.dtype, generator: generator))
  }

  /// One value everywhere.
  public static func constant(_ parameter: Parameter, _ value: Double) {
    if isSkipped { return }
    parameter.assign(.full(parameter.shape, value, dtype: parameter.dtype))
  }

  /// Zeros.
  public static func zeros(_ parameter: Parameter) { constant(parameter, 0) }

  /// Ones.
  public static func ones(_ parameter: Parameter) { constant(parameter, 1) }

  /// How many inputs an output adds up, and how many outputs an input feeds, times the receptive
  /// field, for a weight of `[outputs, inputs, …]`.
  public static func fans(_ shape: [Int]) -> (in: Int, out: Int) {
    require(
      shape.count >= 2, "Init.fans", "needs a weight of two dimensions or more, not \(shape)")
    let field = shape[2...].reduce(1, *)
    return (shape[1] * field, shape[0] * field)
  }

  /// The factor by which a non-linearity wants its inputs' standard deviation raised
  /// (`calculate_gain`).
  public enum Gain: Sendable {
    /// Linear, convolution and sigmoid: 1.
    case linear
    /// 5/3.
    case tanh
    /// √2.
    case relu
    /// √(2 / (1 + slope²)).
    case leakyReLU(slope: Double)
    /// 3/4.
    case selu

    /// The factor.
    public var value: Double {
      switch self {
      case .linear: 1
      case .tanh: 5.0 / 3
      case .relu: 2.0.squareRoot()
      case .leakyReLU(let slope): (2 / (1 + slope * slope)).squareRoot()
      case .selu: 0.75
      }
    }
  }

  /// Which of a weight's fans the variance is divided by.
  public enum Fan: Sendable {
    /// The inputs of an output: activations keep their variance.
    case fanIn
    /// The outputs of an input: gradients do.
    case fanOut
  }

  /// Uniform on ±gain √(6 / (fan in + fan out)) (Glorot & Bengio 2010).
  public static func xavierUniform(
    _ parameter: Parameter, gain: Double = 1, generator: Generator? = nil
  ) {
    let fans = fans(parameter.shape)
    let bound = 3.0.squareRoot() * gain * (2 / Double(fans.in + fans.out)).squareRoot()
    uniform(parameter, from: -bound, to: bound, generator: generator)
  }

  /// Normal with deviation gain √(2 / (fan in + fan out)) (Glorot & Bengio 2010).
  public static func xavierNormal(
    _ parameter: Parameter, gain: Double = 1, generator: Generator? = nil
  ) {
    let fans = fans(parameter.shape)
    normal(
      parameter, std: gain * (2 / Double(fans.in + fans.out)).squareRoot(), generator: generator)
  }

  /// Uniform on ±gain √(3 / fan) (He et al. 2015).
  /// - Parameters:
  ///   - parameter: What is filled.
  ///   - mode: Whose variance is kept: that of activations, or of gradients.
  ///   - nonlinearity: What follows; it says the gain.
  ///   - generator: What is drawn from; the default generator where nil.
  public static func kaimingUniform(
    _ parameter: Parameter, mode: Fan = .fanIn,
    nonlinearity: Gain = .leakyReLU(slope: 0), generator: Generator? = nil
  ) {
    let fans = fans(parameter.shape)
    let std = nonlinearity.value / Double(mode == .fanIn ? fans.in : fans.out).squareRoot()
    let bound = 3.0.squareRoot() * std
    uniform(parameter, from: -bound, to: bound, generator: generator)
  }

  /// Normal with deviation gain / √fan (He et al. 2015).
  /// - Parameters:
  ///   - parameter: What is filled.
  ///   - mode: Whose variance is kept: that of activations, or of gradients.
  ///   - nonlinearity: What follows; it says the gain.
  ///   - generator: What is drawn from; the default generator where nil.
  public static func kaimingNormal(
    _ parameter: Parameter, mode: Fan = .fanIn,
    nonlinearity: Gain = .leakyReLU(slope: 0), generator: Generator? = nil
  ) {
    let fans = fans(parameter.shape)
    normal(
      parameter, std: nonlinearity.value / Double(mode == .fanIn ? fans.in : fans.out).squareRoot(),
      generator: generator)
  }

  /// Normal, drawn again where it falls outside [low, high] (`trunc_normal_`).
  ///
  /// Where most of the bell lies outside, uniform candidates are taken in proportion to its height
  /// instead.
  public static func truncatedNormal(
    _ parameter: Parameter, mean: Double = 0, std: Double = 1, from low: Double = -2,
    to high: Double = 2, generator: Generator? = nil
  ) {
    if isSkipped { return }
    require(std > 0 && low < high, "Init.truncatedNormal", "std \(std) on [\(low), \(high)]")
    let (shape, dtype) = (parameter.shape, parameter.dtype)
    func below(_ x: Double) -> Double { (1 + erf((x - mean) / std / 2.0.squareRoot())) / 2 }
    noGrad {
      if below(high) - below(low) > 0.3 {
        func draw() -> Tensor {
          .normal(shape, mean: mean, std: std, dtype: dtype, generator: generator)
        }
        var result = draw()
        while true {
          let outside = result.lt(low).logicalOr(result.gt(high))
          if !outside.any().item(Bool.self) { break }
          result = Tensor.where(outside, draw(), result)
        }
        return parameter.assign(result)
      }
      let mode = max(low, min(mean, high))
      let peak = -0.5 * ((mode - mean) / std) * ((mode - mean) / std)
      var result = Tensor.zeros(shape, dtype: dtype)
      var pending = Tensor.ones(shape, dtype: .bool)
      repeat {
        let candidates = Tensor.uniform(
          shape, from: low, to: high, dtype: dtype, generator: generator)
        result = Tensor.where(pending, candidates, result)
        let height = ((candidates - mean) / std).square() * -0.5 - peak
        let refused = Tensor.rand(shape, dtype: dtype, generator: generator).log().gt(height)
        pending = pending.logicalAnd(refused)
      } while pending.any().item(Bool.self)
      parameter.assign(result)
    }
  }

  /// Rows or columns, whichever are fewer, that are orthonormal, times a gain (Saxe et al. 2013): Q of
  /// a normal matrix, with R's diagonal made positive, which spreads Q evenly over all such matrices
  /// (Mezzadri 2007). Dimensions behind the first count as one.
  public static func orthogonal(
    _ parameter: Parameter, gain: Double = 1, generator: Generator? = nil
  ) {
    let shape = parameter.shape
    require(
      shape.count >= 2, "Init.orthogonal", "needs two dimensions or more, not \(shape)")
    let rows = shape[0]
    let columns = shape[1...].reduce(1, *)
    if rows * columns == 0 { return }
    noGrad {
      let draws = Tensor.normal([rows, columns], dtype: parameter.dtype, generator: generator)
      let wide: DType = parameter.dtype == .float64 ? .float64 : .float32
      let tall = rows < columns ? draws.t : draws
      let (q, r) = Linalg.qr(tall.to(wide))
      let signed = q * r.diagonal().sign() * gain
      parameter.assign(
        (rows < columns ? signed.t : signed).reshaped(shape).to(parameter.dtype))
    }
  }

  /// Normal with mean 0, and zeros at random places of each column (Martens 2010; `sparse_`).
  /// - Parameters:
  ///   - parameter: `[rows, columns]`.
  ///   - sparsity: The share of each column that is zero, rounded up to whole elements.
  ///   - std: The standard deviation of the other elements.
  ///   - generator: What is drawn from; the default generator where nil.
  public static func sparse(
    _ parameter: Parameter, sparsity: Double, std: Double = 0.01, generator: Generator? = nil
  ) {
    let shape = parameter.shape
    require(shape.count == 2, "Init.sparse", "a matrix is expected, not \(shape)")
    let zeros = Int((sparsity * Double(shape[0])).rounded(.up))
    noGrad {
      let values = Tensor.normal(shape, std: std, dtype: parameter.dtype, generator: generator)
      // As PyTorch draws: the places come from the default generator.
      let places = (0..<shape[1]).map { _ in
        Tensor.randperm(shape[0]).narrowed(dim: 0, start: 0, length: zeros)
      }
      guard !places.isEmpty else { return parameter.assign(values) }
      let index = Tensor.stack(places, dim: 1)
      parameter.assign(
        values.scatter(
          dim: 0, index: index, src: Tensor.zeros(index.shape, dtype: parameter.dtype)))
    }
  }

  /// The identity matrix, which may have more rows or columns (`eye_`).
  public static func identity(_ parameter: Parameter) {
    let shape = parameter.shape
    require(shape.count == 2, "Init.identity", "a matrix is expected, not \(shape)")
    parameter.assign(.eye(shape[0], shape[1], dtype: parameter.dtype))
  }

  /// The kernels that hand as many input channels on as there are outputs (`dirac_`; Zagoruyko &
  /// Komodakis 2017).
  /// - Parameters:
  ///   - parameter: `[outputs, inputs, …]` with one to three spatial dimensions.
  ///   - groups: Divides the outputs; each group hands the same channels on.
  public static func dirac(_ parameter: Parameter, groups: Int = 1) {
    let shape = parameter.shape
    require(
      (3...5).contains(shape.count) && groups > 0 && shape[0] % groups == 0, "Init.dirac",
      "a convolution's weight is expected whose outputs \(groups) groups share, not \(shape)")
    let field = shape[2...].reduce(1, *)
    let middle = shape[2...].reduce(0) { $0 * $1 + $1 / 2 }
    let outputs = shape[0] / groups
    var values = [Float](repeating: 0, count: shape.reduce(1, *))
    for output in 0..<shape[0] where output % outputs < shape[1] {
      values[(output * shape[1] + output % outputs) * field + middle] = 1
    }
    parameter.assign(Tensor(values).reshaped(shape).to(parameter.dtype))
  }

  /// The start of linear and convolution layers in PyTorch: a weight uniform on ±1/√fan in, and a
  /// bias on the same range.
  static func linearDefault(_ weight: Parameter, _ bias: Parameter?) {
    kaimingUniform(weight, nonlinearity: .leakyReLU(slope: 5.0.squareRoot()))
    let inputs = fans(weight.shape).in
    if let bias {
      let bound = inputs > 0 ? 1 / Double(inputs).squareRoot() : 0
      uniform(bias, from: -bound, to: bound)
    }
  }
}
