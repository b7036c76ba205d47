import Tensors

// Functions with settings.

/// x Φ(x) (`torch.nn.GELU`).
public final class GELU: FunctionLayer {
  /// - Parameter approximate: How the normal distribution is computed.
  public init(approximate: F.GELUApproximation = .none) {
    super.init("approximate='\(approximate.rawValue)'") { F.gelu($0, approximate: approximate) }
  }
}

/// x, and α (eˣ - 1) where x ≤ 0 (`torch.nn.ELU`).
public final class ELU: FunctionLayer {
  /// - Parameter alpha: The limit at -∞, negated.
  public init(alpha: Double = 1) { super.init("alpha=\(alpha)") { F.elu($0, alpha: alpha) } }
}

/// x, and α (e^(x/α) - 1) where x ≤ 0 (`torch.nn.CELU`).
public final class CELU: FunctionLayer {
  /// - Parameter alpha: The limit at -∞, negated.
  public init(alpha: Double = 1) { super.init("alpha=\(alpha)") { F.celu($0, alpha: alpha) } }
}

/// x, and slope · x where x ≤ 0 (`torch.nn.LeakyReLU`).
public final class LeakyReLU: FunctionLayer {
  /// - Parameter negativeSlope: The slope below 0.
  public init(_ negativeSlope: Double = 0.01) {
    super.init("negative_slope=\(negativeSlope)") { F.leakyReLU($0, negativeSlope: negativeSlope) }
  }
}

/// log(1 + e^(βx)) / β (`torch.nn.Softplus`).
public final class Softplus: FunctionLayer {
  /// - Parameters:
  ///   - beta: β: the larger, the closer to ReLU.
  ///   - threshold: Where βx is above it, x itself.
  public init(beta: Double = 1, threshold: Double = 20) {
    super.init("beta=\(beta), threshold=\(threshold)") {
      F.softplus($0, beta: beta, threshold: threshold)
    }
  }
}

/// min(max(x, low), high) (`torch.nn.Hardtanh`).
public final class Hardtanh: FunctionLayer {
  /// The layer of two bounds.
  public init(minVal min: Double = -1, maxVal max: Double = 1) {
    super.init("min_val=\(min), max_val=\(max)") { F.hardtanh($0, minVal: min, maxVal: max) }
  }
}

/// x, and 0 where |x| ≤ λ (`torch.nn.Hardshrink`).
public final class Hardshrink: FunctionLayer {
  /// The layer of a bound.
  public init(_ lambda: Double = 0.5) {
    super.init("\(lambda)") { F.hardshrink($0, lambda: lambda) }
  }
}

/// x moved towards 0 by λ (`torch.nn.Softshrink`).
public final class Softshrink: FunctionLayer {
  /// The layer of a bound.
  public init(_ lambda: Double = 0.5) {
    super.init("\(lambda)") { F.softshrink($0, lambda: lambda) }
  }
}

/// x where it is above a threshold, else a value (`torch.nn.Threshold`).
public final class Threshold: FunctionLayer {
  /// The layer of a threshold and what takes its place.
  public init(_ threshold: Double, _ value: Double) {
    super.init("threshold=\(threshold), value=\(value)") { F.threshold($0, threshold, value) }
  }
}

/// a sigmoid(b) of x's halves along a dimension (`torch.nn.GLU`).
public final class GLU: FunctionLayer {
  /// - Parameter dim: The dimension that is halved.
  public init(dim: Int = -1) { super.init("dim=\(dim)") { F.glu($0, dim: dim) } }
}

/// exp(xᵢ) / Σ exp(xⱼ) along a dimension (`torch.nn.Softmax`).
public final class Softmax: FunctionLayer {
  /// - Parameter dim: The dimension that sums to 1.
  public init(dim: Int) { super.init("dim=\(dim)") { $0.softmax(dim: dim) } }
}

/// The logarithm of the softmax (`torch.nn.LogSoftmax`).
public final class LogSoftmax: FunctionLayer {
  /// - Parameter dim: The dimension whose exponentials sum to 1.
  public init(dim: Int) { super.init("dim=\(dim)") { $0.logSoftmax(dim: dim) } }
}

/// The softmax of -x (`torch.nn.Softmin`).
public final class Softmin: FunctionLayer {
  /// - Parameter dim: The dimension that sums to 1.
  public init(dim: Int) { super.init("dim=\(dim)") { F.softmin($0, dim: dim) } }
}

/// x, and w x with a learned w where x ≤ 0 (`torch.nn.PReLU`).
public final class PReLU: Module, Layer {
  /// `[parameters]`: one slope, or one per channel.
  public let weight: Parameter

  /// - Parameters:
  ///   - parameters: 1, or the number of channels.
  ///   - initial: Every slope's first value.
  ///   - dtype: The parameters' element type.
  public init(
    numParameters parameters: Int = 1, init initial: Double = 0.25, dtype: DType = .float32
  ) {
    weight = Parameter(.full([parameters], initial, dtype: dtype))
  }

  /// The function.
  public func forward(_ x: Tensor) -> Tensor { F.prelu(x, weight.value) }

  /// The number of slopes.
  public override var extraDescription: String { "num_parameters=\(weight.count)" }
}

/// A leaky ReLU of random slopes while training (`torch.nn.RReLU`).
public final class RReLU: Module, Layer {
  private let lower, upper: Double

  /// Slopes on [lower, upper); their mean in evaluation.
  public init(lower: Double = 1.0 / 8, upper: Double = 1.0 / 3) {
    (self.lower, self.upper) = (lower, upper)
  }

  /// The function.
  public func forward(_ x: Tensor) -> Tensor {
    F.rrelu(x, lower: lower, upper: upper, training: isTraining)
  }

  /// The bounds.
  public override var extraDescription: String { "lower=\(lower), upper=\(upper)" }
}
