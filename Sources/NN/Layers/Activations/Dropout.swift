import Tensors

/// What the dropout layers share: a probability, and a function that applies while training.
open class DropoutLayer: Module, Layer {
  /// The probability with which an element or channel is dropped.
  public let p: Double
  private let function: (_ x: Tensor, _ p: Double, _ training: Bool) -> Tensor

  init(_ p: Double, _ function: @escaping (Tensor, Double, Bool) -> Tensor) {
    require((0...1).contains(p), "\(Self.self)", "a probability lies between 0 and 1, not \(p)")
    (self.p, self.function) = (p, function)
  }

  /// The input, thinned out while training.
  public func forward(_ x: Tensor) -> Tensor { function(x, p, isTraining) }

  /// The probability.
  public override var extraDescription: String { "p=\(p), inplace=False" }
}

/// Zeroes elements at random while training (`torch.nn.Dropout`).
public final class Dropout: DropoutLayer {
  /// - Parameter p: The probability with which an element is dropped.
  public init(_ p: Double = 0.5) { super.init(p) { F.dropout($0, p: $1, training: $2) } }
}

/// Zeroes channels of sequences at random while training (`torch.nn.Dropout1d`).
public final class Dropout1d: DropoutLayer {
  /// - Parameter p: The probability with which a channel is dropped.
  public init(_ p: Double = 0.5) { super.init(p) { F.dropout1d($0, p: $1, training: $2) } }
}

/// Zeroes channels of images at random while training (`torch.nn.Dropout2d`).
public final class Dropout2d: DropoutLayer {
  /// - Parameter p: The probability with which a channel is dropped.
  public init(_ p: Double = 0.5) { super.init(p) { F.dropout2d($0, p: $1, training: $2) } }
}

/// Zeroes channels of volumes at random while training (`torch.nn.Dropout3d`).
public final class Dropout3d: DropoutLayer {
  /// - Parameter p: The probability with which a channel is dropped.
  public init(_ p: Double = 0.5) { super.init(p) { F.dropout3d($0, p: $1, training: $2) } }
}

/// Dropout that keeps mean and variance, for SELU networks (`torch.nn.AlphaDropout`).
public final class AlphaDropout: DropoutLayer {
  /// - Parameter p: The probability with which an element is dropped.
  public init(_ p: Double = 0.5) { super.init(p) { F.alphaDropout($0, p: $1, training: $2) } }
}

/// ``AlphaDropout`` of whole channels (`torch.nn.FeatureAlphaDropout`).
public final class FeatureAlphaDropout: DropoutLayer {
  /// - Parameter p: The probability with which a channel is dropped.
  public init(_ p: Double = 0.5) {
    super.init(p) { F.featureAlphaDropout($0, p: $1, training: $2) }
  }
}
