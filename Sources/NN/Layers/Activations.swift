import Tensors

/// max(x, 0) (`torch.nn.ReLU`).
public final class ReLU: Module, Layer {
  /// The function.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
}

/// x Φ(x) (`torch.nn.GELU`).
public final class GELU: Module, Layer {
  private let approximate: F.GELUApproximation

  /// - Parameter approximate: How the normal distribution is computed.
  public init(approximate: F.GELUApproximation = .none) { self.approximate = approximate }

  /// The function.
  public func callAsFunction(_ x: Tensor) -> Tensor { F.gelu(x, approximate: approximate) }
}

/// The hyperbolic tangent (`torch.nn.Tanh`).
public final class Tanh: Module, Layer {
  /// The function.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }
}

/// 1 / (1 + e⁻ˣ) (`torch.nn.Sigmoid`).
public final class Sigmoid: Module, Layer {
  /// The function.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
}

/// The input itself (`torch.nn.Identity`).
public final class Identity: Module, Layer {
  /// The input.
  public func callAsFunction(_ x: Tensor) -> Tensor { x }
}

/// Dimensions made one (`torch.nn.Flatten`), by default all but the batch.
public final class Flatten: Module, Layer {
  private let start, end: Int

  /// - Parameters:
  ///   - start: The first dimension to join.
  ///   - end: The last one, included.
  public init(from start: Int = 1, to end: Int = -1) { (self.start, self.end) = (start, end) }

  /// The flattened input.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: start, to: end) }
}

/// Zeroes elements at random while training (`torch.nn.Dropout`).
public final class Dropout: Module, Layer {
  private let p: Double

  /// - Parameter p: The probability with which an element is dropped.
  public init(_ p: Double = 0.5) { self.p = p }

  /// The input, thinned out while training.
  public func callAsFunction(_ x: Tensor) -> Tensor { F.dropout(x, p: p, training: isTraining) }

  /// The probability.
  public override var extraDescription: String { "p=\(p)" }
}
