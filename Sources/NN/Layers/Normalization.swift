import Tensors

/// Normalizes over the last dimensions, then scales and shifts (`torch.nn.LayerNorm`).
public final class LayerNorm: Module, Layer {
  /// The scale, of the normalized shape, or nil.
  public let weight: Parameter?
  /// The shift, of the normalized shape, or nil.
  public let bias: Parameter?
  private let shape: [Int]
  private let eps: Double

  /// - Parameters:
  ///   - shape: The sizes of the trailing dimensions that are normalized together.
  ///   - elementwiseAffine: Whether there are a scale (ones) and a shift (zeros).
  public init(
    _ shape: [Int], eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true,
    dtype: DType = .float32
  ) {
    weight = elementwiseAffine ? Parameter(.ones(shape, dtype: dtype)) : nil
    self.bias = elementwiseAffine && bias ? Parameter(.zeros(shape, dtype: dtype)) : nil
    (self.shape, self.eps) = (shape, eps)
  }

  /// The same over the last dimension alone.
  public convenience init(_ size: Int, eps: Double = 1e-5, bias: Bool = true) {
    self.init([size], eps: eps, bias: bias)
  }

  /// The normalized input.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    F.layerNorm(x, shape, weight: weight?.value, bias: bias?.value, eps: eps)
  }

  /// The sizes.
  public override var extraDescription: String { "\(shape), eps=\(eps)" }
}
